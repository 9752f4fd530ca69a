#include <croton/ir/array.hpp>
#include <croton/ir/convert.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace croton::inline v1 {

namespace {

// NumPy's defaults: arrays of more than 1000 elements leave out the middle of axes longer than 6;
// lines break at 75 columns; floats show at most 8 digits after the point.
constexpr std::int64_t summary_above = 1000;
constexpr std::int64_t edge = 3;
constexpr std::size_t line_width = 75;
constexpr int max_fraction = 8;

/// Positions along an axis that are shown; -1 stands for the dots.
std::vector<std::int64_t> shown(std::int64_t extent, bool summarised)
{
    std::vector<std::int64_t> positions;
    for (std::int64_t i = 0; i < extent; ++i) {
        if (summarised && extent > 2 * edge && i == edge) {
            positions.push_back(-1);
            i = extent - edge;
        }
        positions.push_back(i);
    }
    return positions;
}

std::string trimmed(std::string digits)
{
    while (digits.ends_with('0'))
        digits.pop_back();
    return digits;
}

/// The shortest digits that read back as the value: f32 and narrower are written as f32.
struct Decimal {
    std::string whole;    ///< with its sign
    std::string fraction; ///< without trailing zeros
    std::string exponent; ///< "e+10" or empty
};

Decimal decimal(double value, bool narrow, bool scientific)
{
    std::string text;
    if (scientific) {
        text = narrow ? fmt::format("{:e}", static_cast<float>(value)) : fmt::format("{:e}", value);
        const std::string shortest =
            narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
        const auto digits = static_cast<int>(std::ranges::count_if(
            shortest.substr(0, shortest.find('e')), [](char c) { return c >= '0' && c <= '9'; }));
        text = fmt::format("{:.{}e}", value, std::clamp(digits - 1, 0, max_fraction));
    } else {
        text = fmt::format("{:.{}f}", value, max_fraction);
        const std::string shortest =
            narrow ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
        if (shortest.find('e') == shortest.npos && shortest.size() < text.size()) text = shortest;
    }
    Decimal d;
    if (const auto e = text.find('e'); e != text.npos) {
        d.exponent = text.substr(e);
        text.resize(e);
    }
    const auto point = text.find('.');
    d.whole = text.substr(0, point);
    if (point != text.npos) d.fraction = trimmed(text.substr(point + 1));
    return d;
}

/// Texts of float elements with the points in one column.
std::vector<std::string> float_texts(const std::vector<double>& values, bool narrow)
{
    double largest = 0;
    double smallest = HUGE_VAL;
    for (double v : values) {
        if (!std::isfinite(v) || v == 0) continue;
        largest = std::max(largest, std::abs(v));
        smallest = std::min(smallest, std::abs(v));
    }
    const bool any = largest > 0;
    const bool scientific = any && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000);
    std::vector<Decimal> parts;
    std::size_t whole = 0;
    std::size_t fraction = 0;
    for (double v : values) {
        parts.push_back(std::isfinite(v) ? decimal(v, narrow, scientific) : Decimal{});
        whole = std::max(whole, parts.back().whole.size());
        fraction = std::max(fraction, parts.back().fraction.size());
    }
    std::vector<std::string> texts;
    std::size_t width = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Decimal& d = parts[i];
        if (std::isnan(values[i]))
            texts.push_back("nan");
        else if (std::isinf(values[i]))
            texts.push_back(values[i] > 0 ? "inf" : "-inf");
        else if (scientific)
            texts.push_back(
                fmt::format("{:>{}}.{:0<{}}{}", d.whole, whole, d.fraction, fraction, d.exponent));
        else
            texts.push_back(fmt::format("{:>{}}.{:<{}}", d.whole, whole, d.fraction, fraction));
        width = std::max(width, texts.back().size());
    }
    for (std::string& t : texts)
        t = fmt::format("{:>{}}", t, width);
    return texts;
}

std::string integer_text(const Array& a, std::int64_t i)
{
    if (a.dtype() == DType::boolean) return a.as_int(i) ? "True" : "False";
    if (a.dtype() != DType::u64) return fmt::format("{}", a.as_int(i));
    return fmt::format("{}", static_cast<const std::uint64_t*>(a.data())[i]);
}

class Printer {
public:
    explicit Printer(const Array& array)
        : array_(array.contiguous()), summarised_(array.size() > summary_above)
    {
        collect(0, 0);
        if (is_float(array_.dtype())) {
            std::vector<double> values;
            for (std::int64_t i : order_)
                values.push_back(array_.as_double(i));
            texts_ = float_texts(values, array_.dtype() != DType::f64);
            return;
        }
        // Room for False, whether there is one or not.
        std::size_t width = array_.dtype() == DType::boolean && array_.rank() > 0 ? 5 : 0;
        for (std::int64_t i : order_) {
            texts_.push_back(integer_text(array_, i));
            width = std::max(width, texts_.back().size());
        }
        for (std::string& t : texts_)
            t = fmt::format("{:>{}}", t, width);
    }

    std::string text()
    {
        if (array_.rank() == 0) return texts_[0].ends_with('.') ? texts_[0] + "0" : texts_[0];
        if (array_.size() == 0) return "[]";
        return rows(0);
    }

private:
    /// The positions of all shown elements, in printed order.
    void collect(std::size_t axis, std::int64_t offset)
    {
        if (axis == array_.shape().size()) {
            order_.push_back(offset);
            return;
        }
        for (std::int64_t i : shown(array_.shape()[axis], summarised_))
            if (i >= 0) collect(axis + 1, offset + i * array_.strides()[axis]);
    }

    std::string rows(std::size_t axis)
    {
        const std::size_t rank = array_.shape().size();
        const std::string indent(axis + 1, ' ');
        const bool last = axis + 1 == rank;
        std::string out = "[";
        std::size_t column = axis + 1;
        bool first = true;
        for (std::int64_t i : shown(array_.shape()[axis], summarised_)) {
            const std::string item = i < 0 ? "..." : last ? texts_[next_++] : rows(axis + 1);
            if (!first && !last) out += std::string(rank - axis - 1, '\n') + indent;
            if (!first && last) {
                if (column + 1 + item.size() + (rank - axis) > line_width) {
                    out += "\n" + indent;
                    column = axis + 1;
                } else {
                    out += " ";
                    ++column;
                }
            }
            out += item;
            column += item.size();
            first = false;
        }
        return out + "]";
    }

    Array array_;
    bool summarised_;
    std::vector<std::int64_t> order_;
    std::vector<std::string> texts_;
    std::size_t next_ = 0;
};

} // namespace

std::string to_string(const Array& array)
{
    if (!array) return "empty Array";
    if (is_complex(array.dtype()))
        return fmt::format("{} array of {} elements", name(array.dtype()), array.size());
    return Printer(array).text();
}

} // namespace croton::inline v1
