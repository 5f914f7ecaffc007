#!/usr/bin/env bash
# Formats every C++ file of the project in place; with --check, only says which are not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."

action=(-i)
[ "${1:-}" != --check ] || action=(--dry-run -Werror)

folders=()
for folder in include tests examples benchmarks; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
find "${folders[@]}" -name '*.[ch]pp' -print0 | xargs -0 clang-format --style=file "${action[@]}"
