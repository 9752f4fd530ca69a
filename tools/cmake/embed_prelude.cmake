# cmake -DOUT=prelude_text.cpp -DFILES=a.h;b.h -P embed_prelude.cmake
# writes the files as C++ string literals.
set(text "#include \"prelude_text.hpp\"\n\nnamespace croton::inline v1::codegen {\n\n")
string(APPEND text "namespace {\nconstexpr PreludeFile files[] = {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" content)
  string(APPEND text "    {\"${name}\",\n     R\"CROTON(${content})CROTON\"},\n")
endforeach()
string(APPEND text "};\n} // namespace\n\n")
string(APPEND text "const std::span<const PreludeFile> prelude_files = files;\n\n")
string(APPEND text "} // namespace croton::inline v1::codegen\n")
file(WRITE "${OUT}" "${text}")
