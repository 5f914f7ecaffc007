# A subproject must leave the project around it as it was: no tests, no flags, no settings of the directory.

function(expect_empty what value)
  if(NOT value STREQUAL "")
    message(FATAL_ERROR "lamina has changed the project around it: ${what} is '${value}'")
  endif()
endfunction()

get_property(tests DIRECTORY PROPERTY TESTS)
expect_empty("the list of tests" "${tests}")
foreach(property IN ITEMS COMPILE_OPTIONS COMPILE_DEFINITIONS INCLUDE_DIRECTORIES LINK_OPTIONS LINK_LIBRARIES)
  get_directory_property(value ${property})
  expect_empty("the directory's ${property}" "${value}")
endforeach()

get_target_property(options lamina INTERFACE_COMPILE_OPTIONS)
if(options)
  message(FATAL_ERROR "lamina::lamina forces compile options on its consumers: ${options}")
endif()

foreach(variable IN ITEMS CMAKE_CXX_STANDARD CMAKE_BUILD_TYPE CMAKE_CXX_FLAGS BUILD_TESTING)
  expect_empty("${variable}" "${${variable}}")
endforeach()

foreach(target IN ITEMS lamina_development lamina_test_main demo docs)
  if(TARGET ${target})
    message(FATAL_ERROR "lamina has added the target ${target} to the project around it")
  endif()
endforeach()

# Nothing of lamina is built for `all`, so nothing of it may be installed with the consumer either.
if(EXISTS "${CMAKE_CURRENT_BINARY_DIR}/lamina/lamina-config.cmake")
  message(FATAL_ERROR "lamina has added its install rules to the project around it")
endif()
