#!/usr/bin/env bash
# clang-tidy over programs that use the whole library; .clang-tidy says which checks.
set -euo pipefail
cd "$(dirname "$0")/.."

eigen=$(pkg-config --cflags-only-I eigen3 2> /dev/null || echo -I/usr/include/eigen3)
# shellcheck disable=SC2086
clang-tidy --quiet --warnings-as-errors='*' tests/tidy/*.cpp "$@" -- -std=c++20 -DLAMINA_WITH_ZLIB -Iinclude ${eigen//-I/-isystem }
