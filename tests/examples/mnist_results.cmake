# The example 10_mnist_results: three epochs on a part of the images, where there are any (LAMINA_DATA_DIR), twice with the
# same result; and what it says to wrong input.
#
#   LAMINA_DATA_DIR=<folder> cmake -DPROGRAM=<10_mnist_results> -P mnist_results.cmake

cmake_minimum_required(VERSION 3.22)

# Runs the program; the exit code must be `expected` and what it prints must match the pattern. Sets out.
function(expect expected pattern)
  execute_process(COMMAND "${PROGRAM}" ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT code EQUAL expected OR NOT "${out}${err}" MATCHES "${pattern}")
    message(SEND_ERROR "${ARGN}: expected exit code ${expected} and '${pattern}', got ${code}: ${out}${err}")
    set_property(GLOBAL PROPERTY failed TRUE)
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

expect(2 "expected FOLDER plain.dropout")
expect(2 "expected FOLDER plain.dropout" nowhere deep)
expect(2 "expected FOLDER plain.dropout" nowhere plain --fast)
expect(2 "--epochs: expected a positive whole number, got \"0\"" nowhere plain --epochs 0)
expect(2 "--threads: expected a positive whole number, got \"2x\"" nowhere plain --threads 2x)
expect(2 "nowhere.train-images-idx3-ubyte" nowhere plain)

set(folder "$ENV{LAMINA_DATA_DIR}/mnist")
if(NOT EXISTS "${folder}/t10k-images-idx3-ubyte.gz" AND NOT EXISTS "${folder}/t10k-images-idx3-ubyte")
  get_property(failed GLOBAL PROPERTY failed)
  if(NOT failed)  # what is skipped does not count as failed
    message("SKIPPED: no images in LAMINA_DATA_DIR/mnist")
  endif()
  return()
endif()
# The bound is 20 %; guessing has an error of 90 %.
expect(0 "plain: error on 10000 held out images [0-9.]+ %, expected at most 20 %" "${folder}" plain --quick --validate)
string(REGEX MATCH "held out images [^\n]*" one_thread "${out}")
expect(0 "plain: error on 10000" "${folder}" plain --quick --validate --threads 2)
string(REGEX MATCH "held out images [^\n]*" two_threads "${out}")
if(NOT one_thread STREQUAL two_threads)
  message(SEND_ERROR "expected the same with two threads: ${one_thread}, ${two_threads}")
endif()
