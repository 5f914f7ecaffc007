# Where the dependencies come from: the system's packages first, else a pinned download.

include(FetchContent)
if(POLICY CMP0135)
  cmake_policy(SET CMP0135 NEW)  # unpacked files are as new as their unpacking
endif()

# Eigen 3.4 or later. The version is compared by hand: the version file of Eigen 5 refuses a request for 3.4.
macro(lamina_require_eigen)
  if(NOT TARGET Eigen3::Eigen)
    find_package(Eigen3 CONFIG QUIET)
    if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.4)
      message(FATAL_ERROR "lamina: expected Eigen 3.4 or later, got ${Eigen3_VERSION} in ${Eigen3_DIR}. "
                          "Set Eigen3_DIR to a later one, or CMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON to download one.")
    endif()
  endif()
  if(TARGET Eigen3::Eigen)
    message(STATUS "lamina: Eigen ${Eigen3_VERSION} ${Eigen3_DIR}")
  else()
    message(STATUS "lamina: Eigen is not installed; downloading Eigen 3.4.0")
    lamina_download(
      eigen https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
      8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
    lamina_header_library(Eigen3::Eigen "${eigen_SOURCE_DIR}")
  endif()
endmacro()

# Catch2, 2.13 or 3.x: defines lamina_catch, which links what a test executable needs except main().
macro(lamina_require_catch)
  if(NOT TARGET Catch2::Catch2)
    find_package(Catch2 CONFIG QUIET)
  endif()
  if(TARGET Catch2::Catch2)
    message(STATUS "lamina: Catch2 ${Catch2_VERSION} ${Catch2_DIR}")
  else()
    message(STATUS "lamina: Catch2 is not installed; downloading Catch2 2.13.10")
    lamina_download(catch2 https://github.com/catchorg/Catch2/archive/refs/tags/v2.13.10.tar.gz
                    d54a712b7b1d7708bc7a819a8e6e47b2fde9536f487b89ccbca295072a7d9943)
    lamina_header_library(Catch2::Catch2 "${catch2_SOURCE_DIR}/single_include")
    list(APPEND CMAKE_MODULE_PATH "${catch2_SOURCE_DIR}/contrib")
  endif()
  include(Catch)
endmacro()

# nlohmann/json 3.x, with which the tests read reference cases.
macro(lamina_require_json)
  if(NOT TARGET nlohmann_json::nlohmann_json)
    find_package(nlohmann_json 3 CONFIG QUIET)
  endif()
  if(TARGET nlohmann_json::nlohmann_json)
    message(STATUS "lamina: nlohmann/json ${nlohmann_json_VERSION} ${nlohmann_json_DIR}")
  else()
    message(STATUS "lamina: nlohmann/json is not installed; downloading 3.11.3")
    lamina_download(json https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
                    d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)
    lamina_header_library(nlohmann_json::nlohmann_json "${json_SOURCE_DIR}/include")
  endif()
endmacro()

# Downloads and unpacks; the project in the archive is not configured, its headers are all that is used.
macro(lamina_download name url sha256)
  FetchContent_Declare(${name} URL "${url}" URL_HASH SHA256=${sha256} SOURCE_SUBDIR nothing-to-configure)
  FetchContent_MakeAvailable(${name})
endmacro()

# An imported target, so that its headers are system headers and give no warnings.
function(lamina_header_library target directory)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE "${directory}")
endfunction()
