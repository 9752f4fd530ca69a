#pragma once

#include <croton/ir/dtype.hpp>
#include <croton/ir/extent.hpp>
#include <croton/ir/operand.hpp>
#include <croton/ir/params.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace croton::inline v1 {

/// Stands for any value of a parameter in a rewrite rule: axes, an order of axes, a shape, a dtype.
/// It converts to what the user's functions take, as a value that no real parameter has:
///
///     const ParamWildcard axes("axes");
///     r.add(log(sum(exp(x), axes)), logsumexp(x, axes), sharper);
class ParamWildcard {
public:
    /// Wildcards of one name are one; at most 100 names in a process (InternalError).
    explicit ParamWildcard(std::string_view name);

    operator Axis() const { return Axis{marker()}; }
    operator std::vector<int>() const { return {marker()}; }
    operator std::vector<std::int64_t>() const { return {marker()}; }
    operator int() const { return marker(); }
    operator Shape() const { return {Extent(marker())}; }
    operator DType() const { return static_cast<DType>(100 + index_); }

private:
    int marker() const { return -1'000'000 - index_; }
    int index_;
};

/// The name of the wildcard that a parameter's value is; empty for a real value.
std::string_view wildcard_name(const FieldPointer& value);

} // namespace croton::inline v1
