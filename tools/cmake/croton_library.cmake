# croton_library(ir SOURCES .. HEADERS .. DEPENDS .. PRIVATE_DEPENDS ..): one static library per
# folder, croton_ir with the alias croton::ir, public headers under <folder>/include.
include(GNUInstallDirs)

add_library(croton_warnings INTERFACE)
add_library(croton::warnings ALIAS croton_warnings)
target_compile_options(croton_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror=switch)

# From -O2 on g++ 12 takes the copy inside `"text" + std::string` for one of overlapping memory (GCC
# bug 105651, mended in 13).
set(is_gcc_12 $<CXX_COMPILER_ID:GNU> $<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,12>
  $<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>)
list(JOIN is_gcc_12 "," is_gcc_12)
target_compile_options(croton_warnings INTERFACE
  $<$<AND:${is_gcc_12},$<COMPILE_LANGUAGE:CXX>,$<NOT:$<CONFIG:Debug>>>:-Wno-restrict>)

function(croton_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(croton_${name} ${ARG_SOURCES})
  add_library(croton::${name} ALIAS croton_${name})
  target_compile_features(croton_${name} PUBLIC cxx_std_20)
  target_sources(croton_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${ARG_HEADERS})
  target_link_libraries(croton_${name}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE ${ARG_PRIVATE_DEPENDS} $<BUILD_INTERFACE:croton::warnings>)
  set_target_properties(croton_${name} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    VERIFY_INTERFACE_HEADER_SETS ON)
  install(TARGETS croton_${name} EXPORT crotonTargets FILE_SET HEADERS)
endfunction()
