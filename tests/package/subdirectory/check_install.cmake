# Run in the build of the project beside it: its program runs there, and what is installed of it has
# no run path into the build.
execute_process(COMMAND ./consumer COMMAND_ERROR_IS_FATAL ANY)
set(prefix "${CMAKE_CURRENT_BINARY_DIR}/prefix")
file(REMOVE_RECURSE "${prefix}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install . --prefix "${prefix}" OUTPUT_QUIET
  COMMAND_ERROR_IS_FATAL ANY)
find_program(READELF readelf REQUIRED)
file(GLOB_RECURSE installed "${prefix}/bin/*" "${prefix}/*.so")
list(LENGTH installed count)
if(count LESS 2)
  message(FATAL_ERROR "neither a program nor the module is installed: ${installed}")
endif()
foreach(file IN LISTS installed)
  execute_process(COMMAND "${READELF}" -d "${file}" OUTPUT_VARIABLE dynamic
    COMMAND_ERROR_IS_FATAL ANY)
  string(FIND "${dynamic}" "${CMAKE_CURRENT_BINARY_DIR}" at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "${file} looks into the build after its install:\n${dynamic}")
  endif()
endforeach()
