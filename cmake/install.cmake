# Headers, the CMake package (find_package(lamina CONFIG)) and the pkg-config file. Everything is independent
# of the architecture, hence share/ and not lib/.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(lamina_cmake_dir "${CMAKE_INSTALL_DATADIR}/cmake/lamina")
set(lamina_pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/lamina" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(TARGETS lamina lamina_native EXPORT lamina-targets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT lamina-targets NAMESPACE lamina:: DESTINATION "${lamina_cmake_dir}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/lamina-config.cmake.in" "${PROJECT_BINARY_DIR}/lamina-config.cmake"
  INSTALL_DESTINATION "${lamina_cmake_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/lamina-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/lamina-config.cmake" "${PROJECT_BINARY_DIR}/lamina-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/lamina-onnx.cmake"
        DESTINATION "${lamina_cmake_dir}")

# The prefix is written relative to the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH lamina_pkgconfig_to_prefix "/prefix/${lamina_pkgconfig_dir}" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/cmake/lamina.pc.in" "${PROJECT_BINARY_DIR}/lamina.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/lamina.pc" DESTINATION "${lamina_pkgconfig_dir}")
