#!/usr/bin/env bash
# Installs what is missing, builds the whole suite and runs it. From a bare Debian or Ubuntu this is all it takes.
#
#   scripts/test.sh                          everything, with g++
#   CXX=clang++ scripts/test.sh              everything, with clang++
#   scripts/test.sh -R activations           arguments go to ctest
#
# Environment: CXX, BUILD_DIR (build/test, or build/test-<compiler>), JOBS (number of processors),
#              PRESET (test), TARGETS (all); LAMINA_ORACLE_DIR and LAMINA_DATA_DIR: folders of reference cases
#              and of data sets, without which the tests that read them are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

export CXX=${CXX:-g++}
preset=${PRESET:-test}
suffix=$([ "$CXX" = g++ ] || echo "-$(basename "$CXX")")
build=${BUILD_DIR:-build/$preset$suffix}
targets=${TARGETS:-all}

say "Packages"
scripts/install-dependencies.sh build test

say "Configure: $CXX, in $build"
cmake --preset "$preset" -B "$build" "${generator[@]}" -DCMAKE_CXX_COMPILER="$CXX"

say "Build with $jobs jobs"
cmake --build "$build" --parallel "$jobs" --target $targets

say "Test"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$jobs" "$@" | tee "$log" || status=$?

# Last of all, whatever ctest has said after it: how many passed and failed.
echo
grep -E '^[0-9]+% tests passed' "$log" || true
exit "$status"
