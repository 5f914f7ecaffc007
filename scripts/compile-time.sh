#!/usr/bin/env bash
# How long the smallest complete training program takes to compile, as a multiple of a program that includes
# <Eigen/Dense> and multiplies two matrices. The best of ROUNDS (5) interleaved compilations; -O2.
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
  lamina=999999999 reference=999999999
  for ((round = 0; round < rounds; ++round)); do
    time=$(measure "$compiler" tests/compile_time/eigen.cpp)
    reference=$((time < reference ? time : reference))
    time=$(measure "$compiler" examples/01_hello_regression.cpp)
    lamina=$((time < lamina ? time : lamina))
  done
  awk -v c="$compiler" -v l="$lamina" -v e="$reference" 'BEGIN {
    printf "%-8s lamina %.2f s, Eigen alone %.2f s, ratio %.2f\n", c, l / 1e3, e / 1e3, l / e }'
done
