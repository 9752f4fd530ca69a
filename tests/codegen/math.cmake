# croton_math_cases(): the library croton_math_cases, the prelude's functions compiled as emitted
# code is, and <build>/prelude/prelude_all.h, the text of all of them, for the tests that read it.
function(croton_math_cases)
  set(here "${PROJECT_SOURCE_DIR}/tests/codegen")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/prelude")
  file(MAKE_DIRECTORY "${folder}")
  croton_program(write_prelude SOURCES "${here}/write_prelude.cpp" LINK croton::codegen)
  add_custom_command(OUTPUT "${folder}/prelude_all.h"
    COMMAND write_prelude "${folder}/prelude_all.h" DEPENDS write_prelude VERBATIM)

  add_custom_target(croton_generated DEPENDS "${folder}/prelude_all.h")

  find_library(MPFR_LIBRARY mpfr REQUIRED)
  add_library(croton_math_cases STATIC
    "${here}/math_cases.cpp" "${here}/prelude_operations.cpp" "${folder}/prelude_all.h")
  target_compile_features(croton_math_cases PUBLIC cxx_std_20)
  target_compile_options(croton_math_cases PRIVATE
    -O2 -ftree-vectorize -ffp-contract=off -fno-math-errno -fno-trapping-math
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-march=x86-64-v3>)
  target_include_directories(croton_math_cases PUBLIC "${here}" "${folder}")
  target_link_libraries(croton_math_cases PUBLIC "${MPFR_LIBRARY}" PRIVATE croton::warnings)
endfunction()
