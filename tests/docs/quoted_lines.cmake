# The guide quotes the line that is each equation: | equation | `line` | `file` |. Each must stand in its file.
#
#   cmake -DMARKDOWN=<page> -DINCLUDE_DIR=<folder that holds the headers> -P quoted_lines.cmake

cmake_minimum_required(VERSION 3.22)

file(READ "${MARKDOWN}" rest)
set(quoted 0)
set(missing "")
while(rest MATCHES "\n[|][^\n]* [|] `([^\n`]+)` [|] `([a-z_/]+[.]hpp)` [|]\n")
  set(line "${CMAKE_MATCH_1}")
  set(header "${CMAKE_MATCH_2}")
  string(FIND "${rest}" "${CMAKE_MATCH_0}" begin)
  string(LENGTH "${CMAKE_MATCH_0}" length)
  math(EXPR begin "${begin} + ${length} - 1")
  string(SUBSTRING "${rest}" ${begin} -1 rest)
  file(READ "${INCLUDE_DIR}/${header}" source)
  string(FIND "${source}" "${line}" position)
  math(EXPR quoted "${quoted} + 1")
  if(position EQUAL -1)
    string(APPEND missing "\n  ${header} does not have: ${line}")
  endif()
endwhile()
if(missing OR quoted EQUAL 0)
  message(FATAL_ERROR "\n${MARKDOWN} quotes ${quoted} lines:${missing}\n")
endif()
message("${quoted} quoted lines stand in their files")
