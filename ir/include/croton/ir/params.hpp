#pragma once

#include <croton/ir/array.hpp>
#include <croton/ir/extent.hpp>
#include <croton/ir/ref.hpp>
#include <croton/ir/region.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace croton::inline v1 {

/// What a field of an op's parameters can be; hash, equality, printing and serialisation visit it.
using FieldPointer = std::variant<bool*,
                                  int*,
                                  std::int64_t*,
                                  double*,
                                  DType*,
                                  Extent*,
                                  std::string*,
                                  std::vector<int>*,
                                  std::vector<std::int64_t>*,
                                  Shape*,
                                  Array*,
                                  Region*,
                                  std::vector<Region>*>;

struct FieldRef {
    std::string_view name;
    FieldPointer value;
};

template <class P, class T>
struct Field {
    std::string_view name;
    T P::* member;
};
/// One entry of a parameter struct's `static constexpr auto fields = std::tuple{field(..), ..}`.
template <class P, class T>
constexpr Field<P, T> field(std::string_view name, T P::* member)
{
    return {name, member};
}

/// Parameters of an Apply, type-erased and shared. Immutable once an Apply holds them.
class ParamsBase {
public:
    ParamsBase() = default;
    ParamsBase(const ParamsBase&) = delete;
    ParamsBase& operator=(const ParamsBase&) = delete;
    virtual ~ParamsBase() = default;
    virtual std::vector<FieldRef> fields() = 0;
    /// Another of the same type with its default values.
    virtual ParamsBase* fresh() const = 0;
    std::vector<FieldRef> fields() const { return const_cast<ParamsBase*>(this)->fields(); }

    friend void retain(const ParamsBase* p) noexcept
    {
        p->count_.fetch_add(1, std::memory_order_relaxed);
    }
    friend void release(const ParamsBase* p) noexcept
    {
        if (p->count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete p;
    }

private:
    mutable std::atomic<std::uint32_t> count_{1};
};
using Params = detail::Ref<const ParamsBase>;

template <class P>
class ParamsOf final : public ParamsBase {
public:
    explicit ParamsOf(P v = {}) : value(std::move(v)) {}
    std::vector<FieldRef> fields() override
    {
        return std::apply(
            [this](const auto&... f) {
                return std::vector<FieldRef>{FieldRef{f.name, &(value.*f.member)}...};
            },
            P::fields);
    }
    ParamsBase* fresh() const override { return new ParamsOf; }
    P value;
};

template <class P>
Params make_params(P value)
{
    return Params::adopt(new ParamsOf<P>(std::move(value)));
}

/// The parameters as P; they must be P's (InternalError otherwise).
template <class P>
const P& params_cast(const ParamsBase* params)
{
    const auto* typed = dynamic_cast<const ParamsOf<P>*>(params);
    if (!typed) detail::wrong_params();
    return typed->value;
}

/// A parameter struct's factory, named in the op's record so that graphs can be read back.
template <class P>
inline ParamsBase* create_params()
{
    return new ParamsOf<P>;
}

std::size_t hash(const Params& params);
bool equal(const Params& a, const Params& b);
/// "axis=1, reverse=false"; empty for none.
std::string to_string(const Params& params);
/// Applies `by` to every Extent and Shape in the parameters, inside regions too; itself if none
/// changes.
Params substitute(const Params& params, const Substitution& by);

} // namespace croton::inline v1
