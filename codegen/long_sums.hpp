#pragma once

#include <croton/ir/extent.hpp>

#include <string>
#include <vector>

#include "names.hpp"

namespace croton::inline v1::codegen {

/// Terms of an extent that are `outer` times a sum of four extents or more, none of them an index:
/// of i * n0 + i * n1 + i * n2 + i * n3 + j the first four, i times the sum. A text has a name for
/// such sums, as it would else repeat all of an array's parts wherever it says where a row begins.
struct LongSum {
    ExtentTerm outer;
    Extent sum;
    std::vector<std::size_t> terms; ///< where they stand among `terms(extent)`
};
/// Also of what stands inside a quotient or the smaller of two, if `inside`.
std::vector<LongSum> long_sums(const Extent& extent, bool inside = false);

/// A term as it is written: the name of a sum is a factor, too.
struct NamedProduct {
    ExtentTerm rest;
    const detail::Polynomial* sum = nullptr;
};
/// The terms of an extent, in order, with sums that have a name in `names` under that name.
std::vector<NamedProduct> named_products(const Extent& extent, const SymbolNames& names);

} // namespace croton::inline v1::codegen
