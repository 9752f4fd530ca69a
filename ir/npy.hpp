#pragma once

#include <string>
#include <string_view>

#include <croton/ir/array.hpp>

namespace croton::inline v1::npy {

/// "load_npy: FILE: PART: why".
[[noreturn]] void refuse(std::string_view file, std::string_view part, std::string_view why);
/// The array in the bytes of an .npy file; `file` is named in errors.
Array read(std::string_view bytes, std::string_view file);
/// The bytes of an .npy file.
std::string write(const Array& array, std::string_view function);

std::string read_file(std::string_view path, std::string_view function);
void write_file(std::string_view path, std::string_view bytes, std::string_view function);

} // namespace croton::inline v1::npy
