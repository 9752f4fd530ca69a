#pragma once

#include <croton/ir/op.hpp>
#include <croton/ir/scan_parts.hpp>

#include <variant>

namespace croton::inline v1 {

template <class L>
bool is_a(const Apply& a)
{
    return a && std::holds_alternative<L>(a.op().lowering);
}

inline bool computes_elements(const Apply& a) { return a && is_of_elements(a.op()); }

inline bool is_sum(const Apply& a)
{
    return is_a<Reduce>(a) && std::get<Reduce>(a.op().lowering).monoid == Monoid::sum;
}

inline Extent bytes_of(const Variable& v)
{
    return element_count(v.shape()) * Extent(size_bytes(v.dtype()));
}

/// All that a loop's body gives.
inline Variables body_results(const detail::ScanParts& parts)
{
    Variables all = parts.next;
    all.insert(all.end(), parts.out.begin(), parts.out.end());
    if (!parts.stop.is_empty()) all.push_back(parts.stop);
    return all;
}

} // namespace croton::inline v1
