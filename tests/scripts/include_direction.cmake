# Includes point one way: a header may include its own floor and the floors below it, and no circle is closed.
#
#   cmake -DINCLUDE_DIR=<folder that holds lamina/> -P include_direction.cmake

cmake_minimum_required(VERSION 3.22)

# From the ground up. Headers directly under lamina/ are named with their extension; layers.hpp, which includes
# all of layers/, is on the floor of layers/.
set(floors
    "version.hpp"
    "core"
    "activations"
    "losses"
    "initializers.hpp"
    "layers"
    "engine"
    "network.hpp dynamic_network.hpp check_gradients.hpp"
    "optimizers"
    "schedules"
    "solvers"
    "data"
    "training"
    "io"
    "distributed"
    "lamina.hpp")

# Floors that see the vocabulary only: θ and dF/dθ, or f(θ) and its derivatives, but never a layer.
set(floors_on_core_only optimizers schedules solvers)

set(rank 0)
foreach(floor IN LISTS floors)
  separate_arguments(rooms UNIX_COMMAND "${floor}")
  foreach(room IN LISTS rooms)
    set("rank_${room}" ${rank})
    if(NOT room MATCHES "[.]hpp$")
      set("rank_${room}.hpp" ${rank})  # the header that includes a whole folder
    endif()
  endforeach()
  math(EXPR rank "${rank} + 1")
endforeach()

set(violations "")

# The floor of lamina/<room>/... or lamina/<file>.hpp.
function(room_of header result)
  string(REGEX REPLACE "^lamina/([^/]+).*$" "\\1" room "${header}")
  set(${result} "${room}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE headers RELATIVE "${INCLUDE_DIR}" "${INCLUDE_DIR}/lamina/*.hpp")
list(SORT headers)
if(NOT headers)
  message(FATAL_ERROR "no headers under ${INCLUDE_DIR}/lamina")
endif()

foreach(header IN LISTS headers)
  room_of("${header}" room)
  if(NOT DEFINED "rank_${room}")
    list(APPEND violations "${header}: '${room}' is on no floor, name it in include_direction.cmake")
    continue()
  endif()
  set("includes_of_${header}" "")
  cmake_path(GET header PARENT_PATH folder)
  file(STRINGS "${INCLUDE_DIR}/${header}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+).*$" "\\1" target "${line}")
    if(line MATCHES "include[ \t]*\"" AND NOT target MATCHES "^lamina/")
      cmake_path(APPEND folder "${target}" OUTPUT_VARIABLE target)
      cmake_path(NORMAL_PATH target)
    endif()
    if(NOT target MATCHES "^lamina/")
      continue()
    endif()
    if(NOT EXISTS "${INCLUDE_DIR}/${target}")
      list(APPEND violations "${header}: includes ${target}, which does not exist")
      continue()
    endif()
    list(APPEND "includes_of_${header}" "${target}")
    room_of("${target}" other)
    if(NOT DEFINED "rank_${other}")
      continue()  # reported at the header itself
    endif()
    if(rank_${other} GREATER rank_${room})
      list(APPEND violations "${header}: includes ${target}, which is on a higher floor")
    elseif(room IN_LIST floors_on_core_only AND NOT other STREQUAL room AND rank_${other} GREATER rank_core)
      list(APPEND violations "${header}: includes ${target}, but ${room}/ may include core/ and itself only")
    endif()
  endforeach()
endforeach()

# Circles: take away the headers that include nothing that is left, until none can be taken.
set(left "${headers}")
set(taken TRUE)
while(taken AND left)
  set(taken FALSE)
  foreach(header IN LISTS left)
    set(blocked FALSE)
    foreach(target IN LISTS "includes_of_${header}")
      if(target IN_LIST left)
        set(blocked TRUE)
        break()
      endif()
    endforeach()
    if(NOT blocked)
      list(REMOVE_ITEM left "${header}")
      set(taken TRUE)
    endif()
  endforeach()
endwhile()
if(left)
  list(JOIN left ", " circle)
  list(APPEND violations "a circle of includes, among: ${circle}")
endif()

list(LENGTH headers number)
if(violations)
  list(JOIN violations "\n  " text)
  message(FATAL_ERROR "Includes must point from the upper floor to the lower:\n  ${text}\n")
endif()
message("${number} headers, every include points down")
