# The example 11_uci_regression, on a small data set made here: its exit code says whether the bound is reached, the numbers
# do not depend on the threads, and wrong input is named.
#
#   cmake -DPROGRAM=<11_uci_regression> -DFOLDER=<empty folder to work in> -P uci_regression.cmake

cmake_minimum_required(VERSION 3.22)
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}/line")

# Runs the program; the exit code must be `expected` and what it prints must match the pattern. Sets out.
function(expect expected pattern)
  execute_process(COMMAND "${PROGRAM}" ${ARGN} WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE code OUTPUT_VARIABLE out
                  ERROR_VARIABLE err)
  if(NOT code EQUAL expected OR NOT "${out}${err}" MATCHES "${pattern}")
    message(SEND_ERROR "${ARGN}: expected exit code ${expected} and '${pattern}', got ${code}: ${out}${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

# The target, in the first column, is 3·a − b; the last column is constant. Every fifth row is for the test.
set(rows "")
set(train "")
set(test "")
foreach(i RANGE 0 59)
  math(EXPR a "(${i} * 37) % 83")
  math(EXPR b "(${i} * 7) % 31")
  math(EXPR y "3 * ${a} - ${b}")
  string(APPEND rows " ${y} ${a}.0 ${b} 4.5e0\n")
  math(EXPR fifth "${i} % 5")
  if(fifth EQUAL 0)
    string(APPEND test "${i}\n")
  else()
    string(APPEND train "${i}\n")
  endif()
endforeach()
file(WRITE "${FOLDER}/line/data.txt" "${rows}")
file(WRITE "${FOLDER}/line/index_features.txt" "1\n2\n3\n")
file(WRITE "${FOLDER}/line/index_target.txt" "0\n")
file(WRITE "${FOLDER}/line/n_hidden.txt" "10\n")
foreach(k IN ITEMS 0 1)
  file(WRITE "${FOLDER}/line/index_train_${k}.txt" "${train}")
  file(WRITE "${FOLDER}/line/index_test_${k}.txt" "${test}")
endforeach()

# The target deviates by about 73, so the bound is about 36; a line is learnt far better than that.
expect(0 "line: RMSE over 1 splits [0-9.]+ .*, expected at most 3[0-9]" . --quick)
string(REGEX MATCH "split 0: [^\n]*" one_thread "${out}")
expect(0 "line: RMSE over 1 splits" . line --quick --threads 2)
string(REGEX MATCH "split 0: [^\n]*" two_threads "${out}")
if(NOT one_thread STREQUAL two_threads)
  message(SEND_ERROR "expected the same with two threads: ${one_thread}, ${two_threads}")
endif()

expect(2 "expected FOLDER")
expect(2 "--sped" . --sped)
expect(2 "--threads: expected a positive number, got \"none\"" . --threads none)
expect(2 "nothing=x: expected a positive number, got \"x\"" . nothing=x)
expect(2 "no folder with a data.txt" line)
expect(2 "nowhere.data.txt: cannot be read" . nowhere --quick)

# Every test row has 3·a − b + 1000 as target: the bound is missed.
foreach(i RANGE 0 55 5)
  math(EXPR a "(${i} * 37) % 83")
  math(EXPR b "(${i} * 7) % 31")
  math(EXPR y "3 * ${a} - ${b}")
  math(EXPR wrong "${y} + 1000")
  string(REPLACE " ${y} ${a}.0 ${b} 4.5e0\n" " ${wrong} ${a}.0 ${b} 4.5e0\n" rows "${rows}")
endforeach()
file(WRITE "${FOLDER}/line/data.txt" "${rows}")
expect(1 "line: RMSE over 1 splits [0-9]+" . line --quick)

file(WRITE "${FOLDER}/line/index_test_0.txt" "60\n")
expect(2 "index_test_0.txt: expected numbers from 0 to 59" . line --quick)
file(WRITE "${FOLDER}/line/data.txt" "1 2 3\n4 5 6\n7 8\n")
expect(2 "expected as many columns in each row as in the first" . line --quick)
file(WRITE "${FOLDER}/line/data.txt" "1 2 3\n4 five 6\n")
expect(2 "expected numbers only" . line --quick)
