# One rejected snippet and its accepted twin.
#
#   cmake -DCOMPILER=<c++> -DSOURCE=<case.cpp> -DINCLUDES=<folders> -P harness.cmake

set(flags -std=c++20 -fsyntax-only)
foreach(folder IN LISTS INCLUDES)
  if(folder)
    list(APPEND flags -isystem "${folder}")
  endif()
endforeach()

file(STRINGS "${SOURCE}" expectation REGEX "^// expect: " LIMIT_COUNT 1)
string(REGEX REPLACE "^// expect: " "" expectation "${expectation}")
if(expectation STREQUAL "")
  message(FATAL_ERROR "\n  ${SOURCE}: no line '// expect: <regex>'\n")
endif()

# In the C locale a compiler quotes with ' and writes English.
set(ENV{LC_ALL} C)
execute_process(COMMAND "${COMPILER}" ${flags} "${SOURCE}"
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "\n  ${SOURCE}: the accepted twin does not compile:\n${output}\n")
endif()

execute_process(COMMAND "${COMPILER}" ${flags} -DLAMINA_REJECTED "${SOURCE}"
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "\n  ${SOURCE}: the snippet under LAMINA_REJECTED was accepted\n")
endif()
if(NOT output MATCHES "${expectation}")
  message(FATAL_ERROR "\n  ${SOURCE}: the message does not match '${expectation}':\n${output}\n")
endif()
message("rejected: ${CMAKE_MATCH_0}")
