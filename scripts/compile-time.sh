#!/usr/bin/env bash
# How long training programs take to compile, as a multiple of a program that includes <Eigen/Dense> and multiplies two
# matrices: the smallest complete one, a loop over train_step with the headers it needs; and the first example, fit with
# <lamina/lamina.hpp>. The best of ROUNDS (5) interleaved compilations; -O2.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-5}
eigen=$(pkg-config --cflags eigen3 2> /dev/null || echo -I/usr/include/eigen3)
object=$(mktemp)
trap 'rm -f "$object"' EXIT

# Milliseconds of processor time that a compilation takes: other programs at work do not count.
measure() {
  local seconds
  # shellcheck disable=SC2086
  seconds=$({ TIMEFORMAT='%U %S'; time "$1" -std=c++20 -O2 -Iinclude $eigen -c "$2" -o "$object"; } 2>&1)
  awk '{ printf "%d", 1000 * ($1 + $2) }' <<< "$seconds"
}

for compiler in ${COMPILERS:-g++ clang++}; do
  command -v "$compiler" > /dev/null || continue
  smallest=999999999 umbrella=999999999 reference=999999999
  for ((round = 0; round < rounds; ++round)); do
    time=$(measure "$compiler" tests/compile_time/eigen.cpp)
    reference=$((time < reference ? time : reference))
    time=$(measure "$compiler" tests/compile_time/lamina.cpp)
    smallest=$((time < smallest ? time : smallest))
    time=$(measure "$compiler" examples/01_hello_regression.cpp)
    umbrella=$((time < umbrella ? time : umbrella))
  done
  awk -v c="$compiler" -v s="$smallest" -v u="$umbrella" -v e="$reference" 'BEGIN {
    printf "%-8s Eigen alone %.2f s, train_step %.2f s, ratio %.2f; fit and lamina.hpp %.2f s, ratio %.2f\n",
           c, e / 1e3, s / 1e3, s / e, u / 1e3, u / e }'
done
