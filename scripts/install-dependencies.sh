#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that the named groups need, those that are missing and no others.
#
#   scripts/install-dependencies.sh build test embedded runtime demo data lint docs sanitize benchmark
#
# CXX (default g++) names the compiler of the group `build`. Elsewhere than on Debian it prints what is needed.
set -euo pipefail

# A line is `command:package`, or `:package` where no command tells that it is there; `:package:optional` where things
# go on without it when the distribution does not have it.
packages() {
  case "$1" in
    build)
      compiler
      echo cmake:cmake
      echo ninja:ninja-build
      echo :libeigen3-dev
      openmp
      ;;
    test)
      echo :catch2
      echo :nlohmann-json3-dev
      echo :libcli11-dev:optional
      echo :zlib1g-dev
      echo :libonnx-dev:optional
      echo :libprotobuf-dev:optional
      echo pkg-config:pkg-config
      ;;
    embedded)
      echo arm-none-eabi-gcc:gcc-arm-none-eabi:optional
      echo :libnewlib-arm-none-eabi:optional
      echo qemu-system-arm:qemu-system-arm:optional
      ;;
    runtime)
      echo node:nodejs:optional
      echo npm:npm:optional
      echo :python3-sklearn:optional
      echo :python3-torch:optional
      ;;
    demo)
      ;;
    data)
      echo :zlib1g-dev
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
    benchmark)
      echo :libbenchmark-dev:optional
      echo :libopenblas-openmp-dev:optional
      echo :libtorch-dev:optional
      echo :libmlpack-dev:optional
      echo :libdlib-dev:optional
      echo :libfann-dev:optional
      ;;
    *)
      echo "unknown group '$1'; known: build test embedded runtime demo data lint docs sanitize benchmark" >&2
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

# g++ has its own.
openmp() {
  local name
  name=$(basename "${CXX:-g++}")
  case "$name" in
    clang++*) echo ":libomp${name#clang++}-dev:optional" ;;
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
  echo "This is not Debian. Needed are, under their names there: $(cut -d: -f2 <<< "$list" | paste -sd ' ')"
  echo "Going on with what is here; CMake downloads Eigen, Catch2 and nlohmann/json where they are missing."
  exit 0
fi

missing=() optional=()
while IFS=: read -r command package need; do
  if [ -z "$package" ] || is_there "$command" "$package"; then continue; fi
  if [ "$need" = optional ]; then optional+=("$package"); else missing+=("$package"); fi
done <<< "$list"

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    echo "Missing packages: ${missing[*]} ${optional[*]}" >&2
    echo "To install them one must be root, or have sudo. As root: apt-get install ${missing[*]} ${optional[*]}" >&2
    exit 1
  fi
}
updated=false
update() {
  "$updated" || as_root apt-get update -qq
  updated=true
}
is_known() {
  apt-cache show "$1" > /dev/null 2>&1
}

if [ ${#optional[@]} -gt 0 ]; then
  is_known libc6 || update  # else there are no lists yet
  for package in "${optional[@]}"; do
    if is_known "$package"; then
      missing+=("$package")
    else
      echo "Not in this distribution, and left out: $package"
    fi
  done
fi

if [ ${#missing[@]} -eq 0 ]; then
  echo "Packages: all there."
  exit 0
fi

echo "Installing: ${missing[*]}"
update
as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
