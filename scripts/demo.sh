#!/usr/bin/env bash
# Installs what is missing, builds the demo, and runs it: it trains a network before your eyes and draws what
# it has learned. From a bare Debian or Ubuntu this is all it takes.
#
#   scripts/demo.sh [--quick] [--output FILE.png]
#
# Environment: CXX, BUILD_DIR (build/demo, or build/demo-<compiler>), JOBS.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

export CXX=${CXX:-g++}
suffix=$([ "$CXX" = g++ ] || echo "-$(basename "$CXX")")
build=${BUILD_DIR:-build/demo$suffix}

say "Packages"
scripts/install-dependencies.sh build demo

say "Build: $CXX, in $build"
cmake --preset demo -B "$build" "${generator[@]}" -DCMAKE_CXX_COMPILER="$CXX" > /dev/null
cmake --build "$build" --parallel "$jobs" --target demo

say "Demo"
"$build/examples/demo" --output "$(cd "$build" && pwd)/lamina-demo.png" "$@"
