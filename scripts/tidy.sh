#!/usr/bin/env bash
# clang-tidy over a program that uses the whole library; .clang-tidy says which checks.
set -euo pipefail
cd "$(dirname "$0")/.."

eigen=$(pkg-config --cflags-only-I eigen3 2> /dev/null || echo -I/usr/include/eigen3)
# shellcheck disable=SC2086
clang-tidy --quiet --warnings-as-errors='*' tests/tidy/lamina.cpp "$@" -- -std=c++20 -Iinclude ${eigen//-I/-isystem }
