#pragma once

#include <croton/ir/variable.hpp>
#include <croton/passes/sparse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "element_sets.hpp"

namespace croton::inline v1::detail {

/// An element of a matrix, and where its value lies: in a vector, at a position. Of no vector: 0.
struct Entry {
    static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();
    std::int32_t row, column;
    std::int64_t at;
    std::uint32_t from;
};

/// Elements that take turns: `repeats` times as many as `length`, of which each is of the vector of
/// the one a turn before, a constant distance further on.
struct Turns {
    std::size_t first, length, repeats;
    std::size_t end() const { return first + length * repeats; }
};

/// Elements of a derivative that are gathered, sorted, and read from the vectors that they lie in.
class SparseMatrix {
public:
    SparseMatrix(std::int64_t rows,
                 std::int64_t columns,
                 const SparseOptions& options,
                 std::string_view function,
                 const Location* place);

    /// None but elements that a row has there, from now on.
    void only(Sets rows) { only_ = std::move(rows); }
    /// The vector that entries lie in from now on.
    void read_from(Variable vector) { vectors_.push_back(std::move(vector)); }
    /// So many elements more will be added, about.
    void expect(std::int64_t count)
    {
        entries_.reserve(std::min(entries_.size() + static_cast<std::size_t>(count), most_entries));
    }
    /// An element of the last vector; several of one place are added up. None of the other
    /// triangle.
    void add(std::int64_t row, std::int64_t column, std::int64_t at);

    /// Once all are there.
    SparseVariable finish(DType dtype);

private:
    /// More would take gigabytes before a call.
    static constexpr std::size_t most_entries = std::size_t{1} << 27;

    std::int32_t major(const Entry& e) const
    {
        return options_.format == Compressed::rows ? e.row : e.column;
    }
    std::int32_t minor(const Entry& e) const
    {
        return options_.format == Compressed::rows ? e.column : e.row;
    }
    void sort();
    SparsePattern pattern() const;
    Variable values(DType dtype) const;
    /// Elements of the pattern, in order, and what each is the sum of.
    std::size_t size() const { return first_.size() - 1; }
    std::span<const Entry> terms(std::size_t element) const
    {
        return std::span(entries_).subspan(first_[element], first_[element + 1] - first_[element]);
    }
    Turns turns_from(std::size_t first) const;
    Variable looked_up(DType dtype) const;

    std::int64_t rows_, columns_;
    SparseOptions options_;
    std::string_view function_;
    const Location* place_;
    Sets only_; ///< null: any
    Variables vectors_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> first_; ///< of each element, and one behind the last
};

} // namespace croton::inline v1::detail
