#!/usr/bin/env bash
# Whether each file named is a whole, valid picture that shows something: PNG or binary PPM.
set -euo pipefail

fail() {
  echo "check-image: $1" >&2
  exit 1
}

# Bytes [offset, offset + count) of a file, as lower-case hex.
bytes() {
  od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'
}

check_png() {
  local size width height
  size=$(stat -c %s "$1")
  [ "$(bytes "$1" 0 8)" = 89504e470d0a1a0a ] || fail "$1: not a PNG"
  [ "$(bytes "$1" 12 4)" = 49484452 ] || fail "$1: a PNG without its header"
  width=$((16#$(bytes "$1" 16 4))) height=$((16#$(bytes "$1" 20 4)))
  [ "$(bytes "$1" $((size - 12)) 12)" = 0000000049454e44ae426082 ] || fail "$1: a PNG without its end"
  report "$1" "$width" "$height"
}

check_ppm() {
  local magic width height maximum header
  read -r magic width height maximum <<< "$(head -c 64 "$1" | LC_ALL=C tr -cs 'P0-9' ' ')"
  maximum=${maximum%% *}
  [ "$magic" = P6 ] && [ "$maximum" = 255 ] || fail "$1: not a PPM of 8 bits"
  header=$(($(stat -c %s "$1") - 3 * width * height))
  [ "$header" -gt 10 ] && [ "$header" -lt 64 ] || fail "$1: a PPM of ${width}x$height with a file size that is not its own"
  report "$1" "$width" "$height"
}

# A picture of one colour is no picture.
report() {
  [ "$2" -ge 100 ] && [ "$3" -ge 100 ] || fail "$1: only $2x$3"
  local different
  different=$(tail -c +65 "$1" | od -An -v -tx1 -w3 | sort -u | wc -l)
  [ "$different" -ge 8 ] || fail "$1: $different different pixels"
  echo "$1: $2x$3"
}

[ $# -gt 0 ] || fail "no picture"
for picture in "$@"; do
  [ -s "$picture" ] || fail "$picture: missing or empty"
  case "$picture" in
    *.png) check_png "$picture" ;;
    *.ppm) check_ppm "$picture" ;;
    *) fail "$picture: neither .png nor .ppm" ;;
  esac
done
