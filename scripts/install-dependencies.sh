#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that the named groups need, those that are missing and no others.
#
#   scripts/install-dependencies.sh build test demo lint docs
#
# CXX (default g++) names the compiler of the group `build`. Elsewhere than on Debian it prints what is needed.
set -euo pipefail

# A line is `command:package`, or `:package` where no command tells that it is there.
packages() {
  case "$1" in
    build)
      compiler
      echo cmake:cmake
      echo ninja:ninja-build
      echo :libeigen3-dev
      ;;
    test)
      echo :catch2
      echo :nlohmann-json3-dev
      echo pkg-config:pkg-config
      ;;
    demo)
      ;;
    lint)
      echo clang-format:clang-format
      echo clang-tidy:clang-tidy
      ;;
    docs)
      echo doxygen:doxygen
      ;;
    sanitize)
      echo :libclang-rt-dev
      ;;
    *)
      echo "unknown group '$1'; known: build test demo lint docs sanitize" >&2
      exit 2
      ;;
  esac
}

compiler() {
  local name
  name=$(basename "${CXX:-g++}")
  case "$name" in
    clang++*) echo "${CXX:-}:clang${name#clang++}" ;;
    g++*) echo "${CXX:-g++}:$name" ;;
    *) echo "${CXX}:$name" ;;
  esac
}

is_there() {
  local command=$1 package=$2
  if [ -n "$command" ]; then
    command -v "$command" > /dev/null
  else
    [ "$(dpkg-query -W -f='${Status}' "$package" 2> /dev/null)" = "install ok installed" ]
  fi
}

list=$(for group in "$@"; do packages "$group"; done)

if ! command -v apt-get > /dev/null; then
  echo "This is not Debian. Needed are, under their names there:" $(sed 's/.*://' <<< "$list")
  echo "Going on with what is here; CMake downloads Eigen, Catch2 and nlohmann/json where they are missing."
  exit 0
fi

missing=()
while IFS=: read -r command package; do
  [ -z "$package" ] || is_there "$command" "$package" || missing+=("$package")
done <<< "$list"

if [ ${#missing[@]} -eq 0 ]; then
  echo "Packages: all there."
  exit 0
fi

become_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "Missing packages: ${missing[*]}" >&2
    echo "To install them one must be root, or have sudo. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  become_root=(sudo)
fi

echo "Installing: ${missing[*]}"
"${become_root[@]}" apt-get update -qq
"${become_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
