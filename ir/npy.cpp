#include "npy.hpp"

#include <croton/ir/array.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>

#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>

namespace croton::inline v1 {

namespace {

static_assert(std::endian::native == std::endian::little, "descriptors are written little-endian");

struct Header {
    DType dtype = DType::f64;
    bool swapped = false; ///< big-endian elements
    bool fortran = false;
    std::vector<std::int64_t> shape;
};

/// The header's Python literal, read strictly: the keys descr, fortran_order and shape, in any
/// order.
class HeaderReader {
public:
    HeaderReader(std::string_view text, std::string_view file, std::string_view function)
        : text_(text), file_(file), function_(function)
    {}

    Header read()
    {
        Header h;
        bool have_descr = false, have_order = false, have_shape = false;
        take('{');
        while (!accept('}')) {
            const std::string_view key = quoted();
            take(':');
            if (key == "descr")
                read_descr(h), have_descr = true;
            else if (key == "fortran_order")
                h.fortran = boolean(), have_order = true;
            else if (key == "shape")
                h.shape = tuple(), have_shape = true;
            else
                refuse(fmt::format("unknown key '{}'", key));
            if (!accept(',')) {
                take('}');
                break;
            }
        }
        if (!have_descr || !have_order || !have_shape)
            refuse("descr, fortran_order or shape is missing");
        return h;
    }

private:
    [[noreturn]] void refuse(std::string_view why) const
    {
        throw user_error(Code::domain, nullptr, function_, "{}: header: {}", file_, why);
    }

    void skip_spaces()
    {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
            ++at_;
    }
    bool accept(char c)
    {
        skip_spaces();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void take(char c)
    {
        if (!accept(c)) refuse(fmt::format("'{}' expected at byte {}", c, at_));
    }
    std::string_view quoted()
    {
        skip_spaces();
        if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"'))
            refuse(fmt::format("a string expected at byte {}", at_));
        const char quote = text_[at_++];
        const auto end = text_.find(quote, at_);
        if (end == text_.npos) refuse("a string has no end");
        const std::string_view inside = text_.substr(at_, end - at_);
        at_ = end + 1;
        return inside;
    }
    bool word(std::string_view w)
    {
        skip_spaces();
        if (!text_.substr(at_).starts_with(w)) return false;
        at_ += w.size();
        return true;
    }
    bool boolean()
    {
        if (word("True")) return true;
        if (word("False")) return false;
        refuse("fortran_order is neither True nor False");
    }
    std::vector<std::int64_t> tuple()
    {
        std::vector<std::int64_t> extents;
        take('(');
        while (!accept(')')) {
            skip_spaces();
            std::int64_t value = 0;
            const char* first = text_.data() + at_;
            const auto [last, error] = std::from_chars(first, text_.data() + text_.size(), value);
            if (error != std::errc() || value < 0) refuse("an extent is no integer >= 0");
            at_ += static_cast<std::size_t>(last - first);
            extents.push_back(value);
            if (extents.size() > 64) refuse("more than 64 axes");
            if (!accept(',')) {
                take(')');
                break;
            }
        }
        return extents;
    }
    void read_descr(Header& h)
    {
        skip_spaces();
        if (at_ < text_.size() && text_[at_] == '[') refuse("records are not supported");
        std::string descr(quoted());
        if (descr.size() < 3) refuse(fmt::format("unknown dtype '{}'", descr));
        h.swapped = descr[0] == '>';
        const std::string_view kind = std::string_view(descr).substr(1);
        for (const DTypeInfo& d : dtype_table)
            if (!d.numpy.empty() && !is_complex(d.dtype) && d.numpy.substr(1) == kind &&
                (descr[0] == '<' || descr[0] == '>' || descr[0] == '|' || descr[0] == '=')) {
                h.dtype = d.dtype;
                return;
            }
        refuse(fmt::format("dtype '{}' is not supported", descr));
    }

    std::string_view text_;
    std::string_view file_;
    std::string_view function_;
    std::size_t at_ = 0;
};

std::size_t little_endian(std::string_view bytes)
{
    std::size_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

/// Bytes that the shape needs, or nothing where that is no size_t.
std::optional<std::size_t> bytes_of(const Header& h)
{
    std::size_t bytes = size_bytes(h.dtype);
    bool none = false;
    for (std::int64_t e : h.shape)
        none |= e == 0;
    if (none) return 0;
    for (std::int64_t e : h.shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(e), &bytes)) return std::nullopt;
    return bytes;
}

void swap_bytes(Array& a)
{
    const std::size_t width = size_bytes(a.dtype());
    char* p = static_cast<char*>(a.data());
    for (std::int64_t i = 0; i < a.size(); ++i, p += width)
        for (std::size_t k = 0; k < width / 2; ++k)
            std::swap(p[k], p[width - 1 - k]);
}

Array from_fortran(const Array& reversed, const std::vector<std::int64_t>& shape)
{
    std::vector<std::int64_t> strides;
    std::int64_t stride = 1;
    for (std::int64_t e : shape) {
        strides.push_back(stride);
        stride *= e;
    }
    return Array::copy_strided(reversed.dtype(), reversed.data(), shape, strides);
}

/// Elements of bool arrays are 0 or 1, whatever the file holds.
void normalize_bools(Array& a)
{
    auto* p = static_cast<unsigned char*>(a.data());
    for (std::int64_t i = 0; i < a.size(); ++i)
        p[i] = p[i] != 0;
}

} // namespace

namespace npy {

Array read(std::string_view bytes, std::string_view file, std::string_view function)
{
    const auto refuse = [&](std::string_view part, std::string_view why) {
        throw user_error(Code::domain, nullptr, function, "{}: {}: {}", file, part, why);
    };
    if (!bytes.starts_with(npy_magic)) refuse("magic", "this is no .npy file");
    if (bytes.size() < 10) refuse("header", "the file ends inside it");
    const int major = bytes[6];
    if (major < 1 || major > 3) refuse("header", fmt::format("version {} is not known", major));
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    if (bytes.size() < 8 + length_bytes) refuse("header", "the file ends inside it");
    const std::size_t length = little_endian(bytes.substr(8, length_bytes));
    const std::size_t start = 8 + length_bytes;
    if (length > bytes.size() - start) refuse("header", "the file ends inside it");
    const Header h = HeaderReader(bytes.substr(start, length), file, function).read();
    const std::string_view data = bytes.substr(start + length);
    const std::optional<std::size_t> wanted = bytes_of(h);
    // Compared before anything is allocated: a header may promise more than there is memory.
    if (!wanted || *wanted > data.size())
        refuse("data",
               fmt::format("there is data of {}, the header's shape ({}) of {} needs more",
                           counted(data.size(), "byte"), fmt::join(h.shape, ", "), name(h.dtype)));
    Array a = Array::empty_of(h.dtype, h.shape);
    if (*wanted > 0) std::memcpy(a.data(), data.data(), *wanted);
    if (h.swapped) swap_bytes(a);
    if (h.dtype == DType::boolean) normalize_bools(a);
    return h.fortran && h.shape.size() > 1 ? from_fortran(a, h.shape) : a;
}

std::string write(const Array& array, std::string_view function)
{
    const Array a = array.contiguous();
    const DTypeInfo& dtype = info(a.dtype());
    if (dtype.numpy.empty())
        throw user_error(Code::dtype, nullptr, function,
                         "{} has no place in .npy files, cast to f32 first", dtype.name);
    std::string header =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", dtype.numpy,
                    fmt::join(a.shape(), ", "), a.rank() == 1 ? "," : "");
    const bool large = header.size() > 60000;
    const std::size_t before = npy_magic.size() + 2 + (large ? 4 : 2);
    header.append(63 - (before + header.size()) % 64, ' '); // the data starts at a multiple of 64
    header += '\n';
    std::string out(npy_magic);
    out += static_cast<char>(large ? 2 : 1);
    out += '\0';
    for (std::size_t i = 0; i < (large ? 4u : 2u); ++i)
        out += static_cast<char>(header.size() >> (8 * i) & 0xff);
    out += header;
    out.append(static_cast<const char*>(a.data()), a.size_bytes());
    return out;
}

namespace {
struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;
} // namespace

std::string read_file(std::string_view path, std::string_view function, std::string_view begins)
{
    const std::string name(path);
    const File f(std::fopen(name.c_str(), "rb"));
    if (!f)
        throw user_error(Code::domain, nullptr, function, "{}: cannot be opened: {}", path,
                         std::strerror(errno));
    std::string bytes;
    char block[1 << 16];
    try {
        while (const std::size_t n = std::fread(block, 1, sizeof block, f.get())) {
            bytes.append(block, n);
            if (!bytes.starts_with(begins)) return bytes;
        }
    } catch (const std::bad_alloc&) {
        throw BackendError(
            Code::memory,
            fmt::format("{}: {}: out of memory: more than {} bytes", function, path, bytes.size()),
            nullptr, function);
    }
    if (std::ferror(f.get()))
        throw user_error(Code::domain, nullptr, function, "{}: cannot be read: {}", path,
                         std::strerror(errno));
    return bytes;
}

void write_file(std::string_view path, std::string_view bytes, std::string_view function)
{
    const std::string name(path);
    File f(std::fopen(name.c_str(), "wb"));
    const bool written = f && std::fwrite(bytes.data(), 1, bytes.size(), f.get()) == bytes.size();
    if (!written || std::fclose(f.release()) != 0)
        throw user_error(Code::domain, nullptr, function, "{}: cannot be written: {}", path,
                         std::strerror(errno));
}

} // namespace npy

Array Array::load_npy(std::string_view path, Where where)
{
    return detail::at_place(where, [&] {
        return npy::read(npy::read_file(path, "load_npy", npy::npy_magic), path, "load_npy");
    });
}

void Array::save_npy(std::string_view path, Where where) const
{
    detail::at_place(where,
                     [&] { npy::write_file(path, npy::write(*this, "save_npy"), "save_npy"); });
}

} // namespace croton::inline v1
