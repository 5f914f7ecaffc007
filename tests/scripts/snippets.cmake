# The C++ in a Markdown file, as source files that can be compiled. What a block is, its info string says:
#
#   ```cpp                a program with its main()
#   ```cpp fragment       the body of a function, after tests/docs/prelude.hpp
#   ```cpp continued      the same function goes on
#   ```cpp declarations   what stands outside functions: types, templates; seen by all later blocks
#
# All but the programs of a file become one source file, whose main() runs the fragments in order.
#
#   cmake -DMARKDOWN=<file> -DOUTPUT=<folder> -P snippets.cmake

cmake_minimum_required(VERSION 3.22)

# Writes <output>/<name>_<line>.cpp for each program and <output>/<name>_fragments.cpp for all the rest.
# Returns the list of the files written.
function(lamina_extract_snippets markdown output result)
  cmake_path(GET markdown STEM name)
  string(TOLOWER "${name}" name)
  file(READ "${markdown}" rest)
  string(PREPEND rest "\n")

  set(written "")
  set(pieces "")      # the source of the fragments
  set(calls "")       # what main() calls
  set(in_function FALSE)
  set(line 0)         # of the newline at which `rest` begins
  set(fence "\n```cpp")

  while(TRUE)
    string(FIND "${rest}" "${fence}" begin)
    if(begin EQUAL -1)
      break()
    endif()
    # `line` becomes the line of the fence.
    string(SUBSTRING "${rest}" 0 ${begin} before)
    lamina_count_newlines("${before}" lines)
    math(EXPR line "${line} + ${lines} + 1")
    math(EXPR begin "${begin} + 1")
    string(SUBSTRING "${rest}" ${begin} -1 rest)
    string(FIND "${rest}" "\n" end_of_info)
    string(SUBSTRING "${rest}" 3 ${end_of_info} info)
    string(SUBSTRING "${rest}" ${end_of_info} -1 rest)
    math(EXPR info_length "${end_of_info} - 3")
    string(SUBSTRING "${info}" 0 ${info_length} info)
    string(STRIP "${info}" info)
    string(FIND "${rest}" "\n```" end)
    if(end EQUAL -1)
      message(FATAL_ERROR "\n  ${markdown}:${line}: the block is never closed")
    endif()
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${rest}" 0 ${end} code)
    string(SUBSTRING "${code}" 1 -1 code)
    math(EXPR end "${end} - 1")
    string(SUBSTRING "${rest}" ${end} -1 rest)
    math(EXPR first "${line} + 1")
    set(located "#line ${first} \"${markdown}\"\n${code}")

    if(info STREQUAL "cpp")
      if(NOT code MATCHES "int main")
        message(FATAL_ERROR "\n  ${markdown}:${line}: a ```cpp block without int main, "
                            "say ```cpp fragment, ```cpp continued or ```cpp declarations")
      endif()
      file(CONFIGURE OUTPUT "${output}/${name}_${line}.cpp" CONTENT "@located@" @ONLY)
      list(APPEND written "${output}/${name}_${line}.cpp")
    elseif(info STREQUAL "cpp fragment")
      if(in_function)
        string(APPEND pieces "}\n")
      endif()
      string(APPEND pieces "void fragment_${line}() {\n${located}")
      string(APPEND calls "  lamina_snippets::fragment_${line}();\n")
      set(in_function TRUE)
    elseif(info STREQUAL "cpp continued")
      if(NOT in_function)
        message(FATAL_ERROR "\n  ${markdown}:${line}: the block continues nothing: no ```cpp fragment stands before it")
      endif()
      string(APPEND pieces "${located}")
    elseif(info STREQUAL "cpp declarations")
      if(in_function)
        string(APPEND pieces "}\n")
        set(in_function FALSE)
      endif()
      string(APPEND pieces "${located}")
    else()
      message(FATAL_ERROR "\n  ${markdown}:${line}: expected cpp, cpp fragment, cpp continued or cpp declarations, got '${info}'")
    endif()

    # On to the newline before the closing fence.
    lamina_count_newlines("${code}" lines)
    math(EXPR line "${line} + ${lines}")
  endwhile()

  if(pieces)
    if(in_function)
      string(APPEND pieces "}\n")
    endif()
    set(source "#include \"docs/prelude.hpp\"\n\nnamespace lamina_snippets {\n${pieces}}\n\nint main() {\n${calls}}\n")
    file(CONFIGURE OUTPUT "${output}/${name}_fragments.cpp" CONTENT "@source@" @ONLY)
    list(APPEND written "${output}/${name}_fragments.cpp")
  endif()
  set(${result} "${written}" PARENT_SCOPE)
endfunction()

function(lamina_count_newlines text result)
  string(REGEX REPLACE "[^\n]" "" newlines "${text}")
  string(LENGTH "${newlines}" number)
  set(${result} ${number} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  lamina_extract_snippets("${MARKDOWN}" "${OUTPUT}" files)
  message("${files}")
endif()
