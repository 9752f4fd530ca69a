#include <croton/ir/format.hpp>
#include <croton/ir/type.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace croton::inline v1 {

namespace {

/// Every type of the process; they live as long as it does.
class Types {
public:
    const detail::TypeData* intern(DType dtype, const Shape& shape)
    {
        std::size_t hash = static_cast<std::size_t>(dtype) + 1;
        for (const Extent& e : shape) {
            hash = hash * 1000003 + std::hash<const void*>{}(e.polynomial());
            hash = hash * 1000003 + (e.is_known() ? static_cast<std::size_t>(e.value()) : 0);
        }
        const std::lock_guard lock(mutex_);
        auto [first, last] = by_hash_.equal_range(hash);
        for (; first != last; ++first)
            if (first->second->dtype == dtype && same(first->second->shape, shape))
                return first->second;
        types_.push_back({dtype, false, shape});
        return by_hash_.emplace(hash, &types_.back())->second;
    }

private:
    std::mutex mutex_;
    std::deque<detail::TypeData> types_;
    std::unordered_multimap<std::size_t, const detail::TypeData*> by_hash_;
};

} // namespace

Type::Type(DType dtype, const Shape& shape)
{
    static Types* const all = new Types;
    data_ = all->intern(dtype, shape);
}

Type Type::pattern()
{
    static const detail::TypeData wildcard{DType::f64, true, {}};
    return Type(&wildcard);
}

void Type::refuse_empty(const char* member, const Where& where)
{
    throw user_error(Code::domain, locate(where), member,
                     "the Type is empty: it has no dtype and no shape");
}

std::string to_string(const Type& type)
{
    if (type.is_empty()) return "no type";
    if (type.is_pattern()) return "pattern";
    return std::string(name(type.dtype())) + " " + to_string(type.shape());
}

} // namespace croton::inline v1
