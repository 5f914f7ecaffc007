# Configures, builds and runs one consumer from nothing.
#
#   cmake -DKIND=find_package|add_subdirectory|fetch_content -DSOURCE_DIR=... -DWORK=... -DPREFIX=... \
#         -DCOMPILER=... -DGENERATOR=... -DEIGEN_DIR=... -DEIGEN_SOURCE_DIR=... -P consume.cmake

set(build "${WORK}/${KIND}")
file(REMOVE_RECURSE "${build}")
file(MAKE_DIRECTORY "${build}")

set(arguments "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DLAMINA_SOURCE_DIR=${SOURCE_DIR}"
              "-DCMAKE_PREFIX_PATH=${PREFIX}" --no-warn-unused-cli)
if(EIGEN_DIR)
  list(APPEND arguments "-DEigen3_DIR=${EIGEN_DIR}")
elseif(EIGEN_SOURCE_DIR)
  # Downloaded once, by the project itself.
  list(APPEND arguments "-DFETCHCONTENT_SOURCE_DIR_EIGEN=${EIGEN_SOURCE_DIR}")
endif()

if(KIND STREQUAL "fetch_content")
  # The archive holds what a consumer needs and no more.
  set(archive "${WORK}/lamina.tar.gz")
  execute_process(COMMAND "${CMAKE_COMMAND}" -E tar czf "${archive}" CMakeLists.txt LICENSE cmake include
                  WORKING_DIRECTORY "${SOURCE_DIR}" COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND arguments "-DLAMINA_ARCHIVE=${archive}")
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${CMAKE_CURRENT_LIST_DIR}/${KIND}" -B "${build}"
                        ${arguments} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${build}/consumer" COMMAND_ERROR_IS_FATAL ANY)
