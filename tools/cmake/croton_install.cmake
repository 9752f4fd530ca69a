# What `cmake --install` writes: libraries and headers (croton_library() lists them), the JIT module
# beside them (runtime/jit lists it), and the package that find_package(croton) reads.
include(CMakePackageConfigHelpers)

set(CROTON_PACKAGE_FOLDER "${CMAKE_INSTALL_LIBDIR}/cmake/croton")

# One name for users; the layers stay reachable as croton::ir and so on.
add_library(croton INTERFACE)
add_library(croton::croton ALIAS croton)
target_link_libraries(croton INTERFACE croton_compiler)
install(TARGETS croton EXPORT crotonTargets)

install(EXPORT crotonTargets NAMESPACE croton:: DESTINATION "${CROTON_PACKAGE_FOLDER}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/compiler/crotonConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/crotonConfig.cmake"
  INSTALL_DESTINATION "${CROTON_PACKAGE_FOLDER}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/package/crotonConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/package/crotonConfig.cmake"
  "${PROJECT_BINARY_DIR}/package/crotonConfigVersion.cmake"
  DESTINATION "${CROTON_PACKAGE_FOLDER}")
