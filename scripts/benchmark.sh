#!/usr/bin/env bash
# Installs what is missing, builds the benchmarks and compares Lamina with other libraries and with what the processor
# can do: Markdown tables on standard output, see benchmarks/README.md.
#
#   scripts/benchmark.sh                         everything, with g++: half an hour
#   scripts/benchmark.sh --compiler clang++      the same with clang++
#   scripts/benchmark.sh --quick                 float only, three short rounds: five minutes
#   scripts/benchmark.sh --peers eigen,torch     builds and compares with these only
#   scripts/benchmark.sh --only T2,T4            other arguments go to benchmarks/compare
#
# Environment: CXX, BUILD_DIR (build/benchmark, or build/benchmark-<compiler>), JOBS.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

export CXX=${CXX:-g++}
arguments=()
peers=torch,mlpack,dlib,fann
while [ $# -gt 0 ]; do
  case "$1" in
    --compiler)
      CXX=${2:?--compiler needs a name}
      shift
      ;;
    --quick) arguments+=(--rounds 3 --seconds 0.3 --sections float) ;;
    --peers)
      peers=${2:?--peers needs names}
      arguments+=("$1" "$2")
      shift
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
suffix=$([ "$CXX" = g++ ] || echo "-$(basename "$CXX")")
build=${BUILD_DIR:-build/benchmark$suffix}

# What is said goes to standard error, the tables alone to standard output.
{
  say "Packages"
  scripts/install-dependencies.sh build benchmark

  say "Configure: $CXX, in $build"
  cmake -B "$build" "${generator[@]}" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE=Release \
    -DLAMINA_BUILD_BENCHMARKS=ON -DLAMINA_BUILD_TESTS=OFF -DLAMINA_BUILD_EXAMPLES=OFF

  say "Build with $jobs jobs"
  cmake --build "$build" --parallel "$jobs" --target fma_peak bench_lamina bench_eigen compare
  targets=$(cmake --build "$build" --target help)
  for peer in ${peers//,/ }; do
    if ! grep -q "\bbench_$peer\b" <<< "$targets"; then
      rm -f "$build/benchmarks/bench_$peer"  # of an earlier build, with a library that is gone
      continue
    fi
    cmake --build "$build" --target "bench_$peer" || {
      echo "bench_$peer does not compile with this version: left out"
      rm -f "$build/benchmarks/bench_$peer"
    }
  done

  say "Benchmarks"
} >&2
"$build/benchmarks/compare" "${arguments[@]}"
