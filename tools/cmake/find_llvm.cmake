# croton_llvm: Clang, LLVM and LLD as one INTERFACE target, from one installation of one version.
#
# The libraries are found by path, not by the LLVM package: that one loads every static library,
# tool and dependency of LLVM and fails where one of them is not installed.
set(CROTON_LLVM_VERSION "" CACHE STRING "LLVM's major version; empty: the first of 22, 19")
set(CROTON_LLVM_ROOT "" CACHE PATH "An LLVM installation; empty: /usr/lib/llvm-<version>")

set(candidates 22 19)
if(CROTON_LLVM_VERSION)
  set(candidates ${CROTON_LLVM_VERSION})
endif()
set(roots ${CROTON_LLVM_ROOT})
if(NOT roots)
  list(TRANSFORM candidates PREPEND /usr/lib/llvm- OUTPUT_VARIABLE roots)
endif()

set(CROTON_LLVM_FOUND FALSE)
foreach(root IN LISTS roots)
  set(config ${root}/include/llvm/Config/llvm-config.h)
  if(NOT EXISTS ${config})
    continue()
  endif()
  file(STRINGS ${config} line REGEX "define LLVM_VERSION_STRING ")
  string(REGEX REPLACE ".*\"([0-9]+)(.*)\"" "\\1;\\2" version "${line}")
  list(GET version 0 major)
  list(JOIN version "" CROTON_LLVM_PACKAGE_VERSION)

  set(libraries)
  foreach(name lldELF lldCommon clang-cpp LLVM-${major})
    # clang-cpp has no plain .so name in Debian's packages.
    find_library(library NAMES ${name} lib${name}.so.${major}.1 NO_CACHE NO_DEFAULT_PATH
      PATHS ${root}/lib)
    list(APPEND libraries ${library})
    unset(library)
  endforeach()
  if(NOT "${libraries}" MATCHES NOTFOUND
     AND EXISTS ${root}/include/clang/Frontend/CompilerInstance.h
     AND EXISTS ${root}/include/lld/Common/Driver.h)
    set(CROTON_LLVM_FOUND TRUE)
    set(llvm_root ${root})
    break()
  endif()
endforeach()

if(NOT CROTON_LLVM_FOUND)
  message(FATAL_ERROR "Clang, LLVM and LLD with their headers were not found in: ${roots}. "
    "Debian: apt install libclang-22-dev llvm-22-dev liblld-22-dev (or 19); "
    "-DCROTON_BUILD_JIT=OFF builds without them")
endif()
message(STATUS "LLVM ${CROTON_LLVM_PACKAGE_VERSION} in ${llvm_root}")

add_library(croton_llvm INTERFACE)
target_include_directories(croton_llvm SYSTEM INTERFACE ${llvm_root}/include)
target_link_libraries(croton_llvm INTERFACE ${libraries})
