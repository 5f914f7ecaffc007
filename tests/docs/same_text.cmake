# A page must show a program word for word, in one ```cpp block.
#
#   cmake -DMARKDOWN=<page> -DPROGRAM=<source file> -P same_text.cmake

file(READ "${MARKDOWN}" page)
file(READ "${PROGRAM}" program)
string(FIND "${page}" "\n```cpp\n${program}```" position)
if(position EQUAL -1)
  message(FATAL_ERROR "\n  ${MARKDOWN} does not show ${PROGRAM} word for word in a ```cpp block\n")
endif()
