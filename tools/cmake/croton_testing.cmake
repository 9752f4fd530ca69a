# Tests, examples and checks as one line each. Every ctest has a name `folder.what` and the label
# `folder`; the labels `slow` and `exhaustive` mark what `./dev test` leaves out by default.
#
#   croton_program(name SOURCES .. LINK ..)         an executable in <build>/bin
#   croton_test(ir FILES extent.cpp ..)             a folder's tests: one executable, a ctest a file
#   croton_example(name)                            examples/name.cpp, its printed output compared;
#                                                   croton_docs rewrites what is expected
#   croton_compile_fail(name file EXPECT regex)     a file that must not compile with CROTON_TRAP
#   croton_check(name script.py arguments ..)       a check written in Python
#   croton_header_cost(header LIMIT ratio)          lines a header costs over its standard headers
#   croton_package_tests()                          consumers of the installed and of the added tree
option(CROTON_PRECOMPILE_HEADERS "Precompile the test framework's header" ON)

set(CROTON_TOOLS "${PROJECT_SOURCE_DIR}/tools")

function(croton_program name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LINK")
  add_executable(${name} ${ARG_SOURCES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} croton::warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  # Nothing links the JIT module, but whatever compiles a function opens it.
  if(TARGET croton_jit AND "${ARG_LINK}" MATCHES "croton::(croton|runtime)")
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS $<TARGET_FILE:croton_jit>)
  endif()
endfunction()

# The framework and main(), compiled once; its precompiled header serves every folder's tests.
function(croton_catch_main)
  if(TARGET croton_catch_main)
    return()
  endif()
  find_package(Catch2 2.13 REQUIRED)
  set(support "${PROJECT_SOURCE_DIR}/tests/support")
  add_library(croton_catch_main OBJECT "${support}/catch_main.cpp" "${support}/catch.cpp")
  target_compile_features(croton_catch_main PUBLIC cxx_std_20)
  target_include_directories(croton_catch_main PUBLIC "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(croton_catch_main PUBLIC
    Catch2::Catch2 croton::ir croton::warnings)
  # Optimised, the framework takes longer to build than most of the tests.
  set_source_files_properties("${support}/catch_main.cpp" TARGET_DIRECTORY croton_catch_main
    PROPERTIES COMPILE_OPTIONS "-O0;-g0")
  if(CROTON_PRECOMPILE_HEADERS)
    target_precompile_headers(croton_catch_main PRIVATE "${support}/catch.hpp")
    set_source_files_properties("${support}/catch_main.cpp" TARGET_DIRECTORY croton_catch_main
      PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# FILES       sources with test cases; each becomes the ctest `folder.file`
# SUPPORT     sources without, e.g. ${CMAKE_CURRENT_SOURCE_DIR}/support/golden.cpp
# LINK        what is tested; croton::croton by default, croton::ir for tests of ir alone
# PRIVATE_OF  folders whose private headers the tests include
# EXHAUSTIVE  files with test cases tagged [.exhaustive]; these become `folder.file.exhaustive`
function(croton_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "FILES;SUPPORT;LINK;PRIVATE_OF;EXHAUSTIVE")
  if(NOT ARG_LINK)
    set(ARG_LINK croton::croton)
  endif()
  croton_catch_main()
  string(REPLACE "/" "_" flat "${folder}")
  set(program test_${flat})
  list(TRANSFORM ARG_FILES PREPEND "${folder}/" OUTPUT_VARIABLE sources)
  croton_program(${program}
    SOURCES ${sources} ${ARG_SUPPORT}
    LINK croton_catch_main ${ARG_LINK})
  foreach(owner IN LISTS ARG_PRIVATE_OF)
    target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/${owner}")
  endforeach()
  if(CROTON_PRECOMPILE_HEADERS)
    target_precompile_headers(${program} REUSE_FROM croton_catch_main)
  endif()

  foreach(file IN LISTS ARG_FILES)
    cmake_path(GET file STEM stem)
    # --filenames-as-tags tags each test case with the name of its file.
    croton_add_catch_test(${folder}.${stem} ${program} "[#${stem}]~[exhaustive]" "${folder}")
    if(file IN_LIST ARG_EXHAUSTIVE)
      croton_add_catch_test(${folder}.${stem}.exhaustive ${program} "[#${stem}][exhaustive]"
        "${folder};exhaustive")
      set_tests_properties(${folder}.${stem}.exhaustive PROPERTIES TIMEOUT 36000)
    endif()
  endforeach()
endfunction()

# 77 is what tests/support/catch_main.cpp returns when every test case was skipped.
function(croton_add_catch_test name program spec labels)
  set(timeout 300)
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize") # instrumented programs take ten times as long to compile
    set(timeout 1800)
  endif()
  add_test(NAME ${name} COMMAND ${program} --filenames-as-tags --warn NoTests ${spec}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" SKIP_RETURN_CODE 77
    TIMEOUT ${timeout})
endfunction()

function(croton_check name script)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME ${name} COMMAND Python3::Interpreter "${CROTON_TOOLS}/${script}" ${ARGN})
  string(REGEX REPLACE "\\..*" "" label "${name}")
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT 300)
endfunction()

# Lines of examples/expected/<name>.txt that start with ~ are regular expressions.
# ARGS are the program's arguments; LINK adds libraries to croton::croton.
function(croton_example name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "ARGS;LINK")
  set(folder "${PROJECT_SOURCE_DIR}/examples")
  croton_program(${name} SOURCES "${folder}/${name}.cpp" LINK croton::croton ${ARG_LINK})
  if(PROJECT_IS_TOP_LEVEL AND CROTON_BUILD_TESTS)
    croton_check(examples.${name} compare_output.py "${folder}/expected/${name}.txt"
      $<TARGET_FILE:${name}> ${ARG_ARGS})
    set(run "${PROJECT_BINARY_DIR}/examples/run/${name}")
    file(MAKE_DIRECTORY "${run}")
    set_tests_properties(examples.${name} PROPERTIES WORKING_DIRECTORY "${run}")
    add_custom_target(update_${name} WORKING_DIRECTORY "${run}"
      COMMAND Python3::Interpreter "${CROTON_TOOLS}/compare_output.py" --update
        "${folder}/expected/${name}.txt" $<TARGET_FILE:${name}> ${ARG_ARGS}
      DEPENDS ${name})
    if(TARGET croton_docs)
      add_dependencies(croton_docs update_${name})
    endif()
  endif()
endfunction()

# A check that compiles files which include Croton's headers.
function(croton_compiler_check name)
  croton_check(${name} ${ARGN} "${CMAKE_CXX_COMPILER}" -std=c++20)
  # Named once more, /usr/include would come before the compiler's own and break #include_next.
  set(folders "$<TARGET_PROPERTY:croton::croton,INTERFACE_INCLUDE_DIRECTORIES>")
  set(folders "$<FILTER:${folders},EXCLUDE,^/usr/include$>")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT
    "LC_ALL=C;CPLUS_INCLUDE_PATH=$<JOIN:${folders},:>")
endfunction()

# The file compiles as it stands and fails with a message that matches EXPECT when CROTON_TRAP is
# defined: so it fails for the line it names and not for a misspelled include.
function(croton_compile_fail name file)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "EXPECT" "")
  cmake_path(ABSOLUTE_PATH file)
  croton_compiler_check(compile_fail.${name} expect_compile_failure.py "${file}" "${ARG_EXPECT}")
endfunction()

# Preprocessed lines of `header` over those of the standard headers that any user has included.
function(croton_header_cost header)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "LIMIT" "")
  cmake_path(GET header STEM stem)
  croton_compiler_check(headers.${stem} check_header_cost.py "${header}" ${ARG_LIMIT})
endfunction()

# package.install fills a prefix, package.find_package builds and runs a consumer of it, and
# package.subdirectory builds, runs and installs one that adds the source tree (slow: all of it once
# more).
function(croton_package_tests)
  set(prefix "${PROJECT_BINARY_DIR}/package/prefix")
  add_test(NAME package.install
    COMMAND "${CMAKE_COMMAND}" --install "${PROJECT_BINARY_DIR}" --prefix "${prefix}")
  set_tests_properties(package.install PROPERTIES FIXTURES_SETUP croton_installed)
  croton_consumer(find_package "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DCROTON_BUILD_FOLDER=${PROJECT_BINARY_DIR}/lib/croton"
    --test-command consumer)
  set_tests_properties(package.find_package PROPERTIES FIXTURES_REQUIRED croton_installed)
  croton_consumer(subdirectory "-DCROTON_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
    "-DCROTON_LLVM_VERSION=${CROTON_LLVM_VERSION}"
    --test-command "${CMAKE_COMMAND}"
      -P "${PROJECT_SOURCE_DIR}/tests/package/subdirectory/check_install.cmake")
  set_tests_properties(package.install package.find_package PROPERTIES LABELS package TIMEOUT 600)
  set_tests_properties(package.subdirectory PROPERTIES LABELS "package;slow" TIMEOUT 3600)
endfunction()

function(croton_consumer kind)
  add_test(NAME package.${kind} COMMAND "${CMAKE_CTEST_COMMAND}"
    --build-and-test "${PROJECT_SOURCE_DIR}/tests/package/${kind}"
    "${PROJECT_BINARY_DIR}/package/${kind}"
    --build-generator Ninja
    --build-options
      "-DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}"
      "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}"
      "-DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}"
      "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}"
      ${ARGN})
endfunction()
