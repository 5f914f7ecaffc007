#!/usr/bin/env bash
# Installs what is missing, builds the fuzz targets of tests/fuzz with clang++ and the sanitizers, and runs each.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]      60 seconds for each of all targets
#
# It starts from the small valid files in tests/fuzz/corpus/<target>; what it finds on the way is kept in
# <build>/corpus/<target>, and an input that fails in <build>/failures. Environment: CXX (clang++), BUILD_DIR (build/fuzz), JOBS.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

export CXX=${CXX:-clang++}
build=${BUILD_DIR:-build/fuzz}
seconds=${1:-60}
targets=("${@:2}")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*.cpp; do targets+=("$(basename "$source" .cpp)"); done
fi

say "Packages"
scripts/install-dependencies.sh build test sanitize

say "Build: $CXX, in $build"
cmake --preset fuzz -B "$build" "${generator[@]}" -DCMAKE_CXX_COMPILER="$CXX" > /dev/null
cmake --build "$build" --parallel "$jobs" --target "${targets[@]/#/lamina_fuzz_}"

mkdir -p "$build/failures"
# One target; what it says is shown when it is done, as several run at a time.
run() {
  local target=$1 log status=0
  log=$(mktemp)
  mkdir -p "$build/corpus/$target"
  "$build/tests/fuzz/lamina_fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
    -malloc_limit_mb=64 -print_final_stats=0 -verbosity=0 -artifact_prefix="$build/failures/$target-" \
    "$build/corpus/$target" "tests/fuzz/corpus/$target" > "$log" 2>&1 || status=$?
  say "$target, $seconds s"
  cat "$log"
  rm -f "$log"
  return "$status"
}
export -f run say
export build seconds
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I '{}' bash -c 'run {}'
say "Nothing found"
