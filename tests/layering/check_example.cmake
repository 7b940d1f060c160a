# SPDX-License-Identifier: Apache-2.0
# Runs check_layering.cmake over a small tree and compares all that it says with the tree's expected.txt.
#
#   cmake -DEXAMPLE=<folder> -P check_example.cmake
execute_process(
  COMMAND "${CMAKE_COMMAND}" "-DROOT=${EXAMPLE}" "-DLAYERS=${EXAMPLE}/layers.txt"
          -P "${CMAKE_CURRENT_LIST_DIR}/check_layering.cmake"
  RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_VARIABLE said)
string(REGEX REPLACE "\n*CMake Error at .*" "" said "${said}")
string(STRIP "${said}" said)
file(READ "${EXAMPLE}/expected.txt" expected)
string(STRIP "${expected}" expected)
if(NOT said STREQUAL expected)
  message(FATAL_ERROR "expected:\n${expected}\nand got:\n${said}")
endif()
if((expected STREQUAL "" AND NOT result EQUAL 0) OR (NOT expected STREQUAL "" AND result EQUAL 0))
  message(FATAL_ERROR "the exit code is ${result}, which does not go with what was said")
endif()
