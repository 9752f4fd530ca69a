#pragma once

#include <croton/ir/array.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace croton::inline v1::npy {

/// The array in the bytes of an .npy file. UserError "FUNCTION: FILE: PART: why".
Array read(std::string_view bytes, std::string_view file, std::string_view function);
/// The bytes of an .npy file.
std::string write(const Array& array, std::string_view function);

/// The bytes of a file; only the first of them where it does not begin with `begins`. UserError if
/// it cannot be read, BackendError if there is no memory for it.
std::string read_file(std::string_view path, std::string_view function, std::string_view begins);
constexpr std::string_view npy_magic = "\x93NUMPY", zip_magic = "PK";
void write_file(std::string_view path, std::string_view bytes, std::string_view function);

/// A file inside an archive.
struct Member {
    std::string name;
    std::string bytes;
};
/// The members of a zip archive that stores them as they are, as NumPy's .npz. UserError "FUNCTION:
/// FILE: why" if it is none, ends too early, or a checksum differs.
std::vector<Member>
read_archive(std::string_view bytes, std::string_view file, std::string_view function);
/// The bytes of an archive; equal members give equal bytes. UserError if it would exceed 4 GiB.
std::string
write_archive(const std::vector<Member>& members, std::string_view file, std::string_view function);

} // namespace croton::inline v1::npy
