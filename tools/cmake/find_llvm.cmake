# croton_llvm: Clang, LLVM and LLD as one INTERFACE target, from one installation of one version.
#
# The static libraries are taken where they are installed: a module that holds its LLVM opens in
# 5 ms instead of 24, needs no LLVM package at run time and can't meet another LLVM. They are found
# by path, not by the LLVM package, which loads every library, tool and dependency of LLVM and
# fails where one of them is missing.
#
# Reads CROTON_LLVM_PREFIX, what stands before the version in an installation's path.
# Sets CROTON_LLVM_PACKAGE_VERSION, CROTON_LLVM_INCLUDE and CROTON_LLVM_STATIC.
set(CROTON_LLVM_VERSION "" CACHE STRING "LLVM's major version; empty: the first of 22, 19")
set(CROTON_LLVM_ROOT "" CACHE PATH "An LLVM installation; empty: /usr/lib/llvm-<version>")
option(CROTON_LLVM_SHARED "Link LLVM's shared libraries even where static ones exist" OFF)

# Static and shared libraries of the installation in `root`, or nothing where a part is missing.
function(croton_llvm_libraries root major static_out shared_out)
  file(GLOB static ${root}/lib/libclang*.a ${root}/lib/libLLVM*.a)
  set(lld ${root}/lib/liblldELF.a ${root}/lib/liblldCommon.a)
  set(${static_out} "" PARENT_SCOPE)
  set(${shared_out} "" PARENT_SCOPE)
  find_library(zlib NAMES z NO_CACHE)
  find_library(zstd NAMES zstd NO_CACHE)
  if("${static}" MATCHES clangCodeGen AND "${static}" MATCHES LLVMPasses AND zlib AND zstd)
    set(${static_out}
      -Wl,--start-group ${lld} ${static} -Wl,--end-group ${zlib} ${zstd} PARENT_SCOPE)
  endif()
  # Debian's clang-cpp has no plain .so name.
  find_library(clang NAMES clang-cpp libclang-cpp.so.${major}.1 NO_CACHE NO_DEFAULT_PATH
    PATHS ${root}/lib)
  find_library(llvm NAMES LLVM-${major} NO_CACHE NO_DEFAULT_PATH PATHS ${root}/lib)
  if(clang AND llvm)
    set(${shared_out} ${lld} ${clang} ${llvm} PARENT_SCOPE)
  endif()
endfunction()

if(NOT CROTON_LLVM_PREFIX)
  set(CROTON_LLVM_PREFIX /usr/lib/llvm-)
endif()
set(versions 22 19)
if(CROTON_LLVM_VERSION)
  set(versions ${CROTON_LLVM_VERSION})
endif()
set(roots ${CROTON_LLVM_ROOT})
if(NOT roots)
  list(TRANSFORM versions PREPEND "${CROTON_LLVM_PREFIX}" OUTPUT_VARIABLE roots)
endif()

set(libraries)
foreach(root IN LISTS roots)
  set(CROTON_LLVM_INCLUDE ${root}/include)
  if(NOT EXISTS ${root}/include/clang/Frontend/CompilerInstance.h
     OR NOT EXISTS ${root}/include/lld/Common/Driver.h
     OR NOT EXISTS ${root}/include/llvm/Config/llvm-config.h)
    continue()
  endif()
  file(STRINGS ${root}/include/llvm/Config/llvm-config.h line REGEX "define LLVM_VERSION_STRING ")
  string(REGEX REPLACE ".*\"(.*)\".*" "\\1" CROTON_LLVM_PACKAGE_VERSION "${line}")
  string(REGEX MATCH "^[0-9]+" major "${CROTON_LLVM_PACKAGE_VERSION}")

  croton_llvm_libraries(${root} ${major} static shared)
  set(CROTON_LLVM_STATIC OFF)
  set(libraries ${shared})
  if(static AND NOT CROTON_LLVM_SHARED)
    set(CROTON_LLVM_STATIC ON)
    set(libraries ${static})
  endif()
  if(libraries)
    break()
  endif()
endforeach()

if(NOT libraries)
  message(FATAL_ERROR "Clang, LLVM and LLD with their headers were not found in: ${roots}. "
    "Debian: apt install libclang-22-dev llvm-22-dev liblld-22-dev (or 19); "
    "-DCROTON_BUILD_JIT=OFF builds without them")
endif()
message(STATUS "LLVM ${CROTON_LLVM_PACKAGE_VERSION}, static: ${CROTON_LLVM_STATIC}, "
  "in ${CROTON_LLVM_INCLUDE}")

add_library(croton_llvm INTERFACE)
target_include_directories(croton_llvm SYSTEM INTERFACE ${CROTON_LLVM_INCLUDE})
target_link_libraries(croton_llvm INTERFACE ${libraries})
