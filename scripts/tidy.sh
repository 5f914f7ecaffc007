#!/usr/bin/env bash
# clang-tidy over programs that use the whole library, one on each processor; .clang-tidy says which checks.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/environment.sh

eigen=$(pkg-config --cflags-only-I eigen3 2> /dev/null || echo -I/usr/include/eigen3)
# shellcheck disable=SC2086
printf '%s\0' tests/tidy/*.cpp | xargs -0 -P "$jobs" -I '{}' clang-tidy --quiet --warnings-as-errors='*' '{}' "$@" -- \
  -std=c++20 -DLAMINA_WITH_ZLIB -Iinclude ${eigen//-I/-isystem }
