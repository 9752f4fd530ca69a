#include <croton/ir/format.hpp>
#include <croton/ir/shared.hpp>

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "node.hpp"

namespace croton::inline v1 {

namespace detail {

class SharedData final : public ParamsBase {
public:
    explicit SharedData(Array initial) : current(std::move(initial)) {}
    std::vector<FieldRef> fields() override { return {}; }
    ParamsBase* fresh() const override
    {
        throw internal_error("shared", "a shared value is not copied");
    }

    Array current;
    Array spare; ///< guarded by `updating`
    std::mutex updating;
};

namespace {

/// Held shared while several values are read, alone while several are replaced: pointers only, so
/// for some tens of nanoseconds.
std::shared_mutex& publication()
{
    static std::shared_mutex mutex;
    return mutex;
}

SharedData& data_of(const Variable& v)
{
    if (v.leaf() != Leaf::shared)
        throw internal_error("shared", "'{}' is not a shared variable", v.name());
    return const_cast<SharedData&>(static_cast<const SharedData&>(*v.value()->node->params));
}

void check(const Variable& v, const Array& value)
{
    const Shape shape(value.shape().begin(), value.shape().end());
    if (value.dtype() != v.dtype() || !same(shape, v.shape()))
        throw user_error(Code::shape, v.location(), "set", "'{}' is {}, the value is {}", v.name(),
                         to_string(v.type()), to_string(Type(value.dtype(), shape)));
}

} // namespace

std::vector<Array> read_shared(const std::vector<Variable>& variables)
{
    std::vector<Array> values(variables.size());
    const std::shared_lock lock(publication());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = data_of(variables[i]).current;
    return values;
}

std::vector<Array> publish_shared(const std::vector<Variable>& variables, std::vector<Array> values)
{
    const std::unique_lock lock(publication());
    for (std::size_t i = 0; i < values.size(); ++i)
        std::swap(data_of(variables[i]).current, values[i]);
    return values;
}

Array spare_of(const Variable& variable)
{
    SharedData& d = data_of(variable);
    Array spare = std::exchange(d.spare, Array());
    if (spare && spare.is_unique()) return spare;
    const auto shape = d.current.shape();
    return Array::empty(d.current.dtype(), {shape.begin(), shape.end()});
}

void keep_spare(const Variable& variable, Array spare)
{
    data_of(variable).spare = std::move(spare);
}

Shared as_shared(const Variable& v)
{
    (void)data_of(v);
    return Shared(v);
}

UpdateLock::UpdateLock(const std::vector<Variable>& targets)
{
    for (const Variable& v : targets)
        held_.push_back(&data_of(v));
    std::ranges::sort(held_); // the same order in every thread; no result depends on it
    for (SharedData* d : held_)
        d->updating.lock();
}

UpdateLock::~UpdateLock()
{
    for (SharedData* d : held_)
        d->updating.unlock();
}

} // namespace detail

Array Shared::value() const { return detail::read_shared({*this})[0]; }

void Shared::set(const Array& value) { set_all({{*this, value}}); }

void set_all(const std::vector<std::pair<Shared, Array>>& values)
{
    std::vector<Variable> variables;
    std::vector<Array> copies;
    for (const auto& [variable, value] : values) {
        detail::check(variable, value);
        variables.push_back(variable);
        copies.push_back(value.clone());
    }
    detail::publish_shared(variables, std::move(copies));
}

Shared shared(std::string_view name, const Array& initial, Where where)
{
    const Type type(initial.dtype(), Shape(initial.shape().begin(), initial.shape().end()));
    return Shared(detail::make_leaf(Leaf::shared, type, name,
                                    Params::adopt(new detail::SharedData(initial.clone())),
                                    locate(where)));
}

} // namespace croton::inline v1
