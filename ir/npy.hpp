#pragma once

#include <string>
#include <string_view>

#include <croton/ir/array.hpp>

namespace croton::inline v1::npy {

/// The array in the bytes of an .npy file. UserError "FUNCTION: FILE: PART: why".
Array read(std::string_view bytes, std::string_view file, std::string_view function);
/// The bytes of an .npy file.
std::string write(const Array& array, std::string_view function);

std::string read_file(std::string_view path, std::string_view function);
void write_file(std::string_view path, std::string_view bytes, std::string_view function);

} // namespace croton::inline v1::npy
