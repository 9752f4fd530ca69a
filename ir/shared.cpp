#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/shared.hpp>
#include <croton/ir/shared_turn.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

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

    /// Changes while `updating` and the publication are both held, so that either is enough to read
    /// it.
    Array current;
    /// The turn that holds `updating` writes over `current`; set and cleared under the publication.
    bool overwritten = false;
    /// So many turns more compute in spare arrays, as somebody reads beside them. Relaxed: which
    /// turn sees a reader makes no difference to any value.
    std::atomic<int> beside_readers{0};
    std::mutex updating;
    // Guarded by `updating`.
    /// Values of before, to compute the next one in where nobody reads them any more. Two: while a
    /// reader holds one, a trainer goes on with the other.
    std::array<Array, 2> spares;
    Array* filling = nullptr; ///< the spare that the present turn computes in
};

namespace {

/// Held by many while they read several values, by one while it replaces several: pointers only, so
/// for some tens of nanoseconds. Readers who arrive wait for a writer that is waiting for others.
class Publication {
public:
    void begin_reading() noexcept
    {
        while (state_.fetch_add(1, std::memory_order_acquire) & writing) {
            state_.fetch_sub(1, std::memory_order_relaxed);
            wait_for_writer();
        }
    }
    void end_reading() noexcept { state_.fetch_sub(1, std::memory_order_release); }
    void begin_writing() noexcept
    {
        while (state_.fetch_or(writing, std::memory_order_acquire) & writing)
            wait_for_writer();
        while (state_.load(std::memory_order_acquire) != writing)
            std::this_thread::yield();
    }
    void end_writing() noexcept
    {
        state_.fetch_and(~writing, std::memory_order_release);
        state_.notify_all();
    }

    /// Ends of turns that wrote over values. Counted while writing, so that whoever reads the count
    /// while reading misses none.
    std::uint32_t overwritings() const noexcept { return over_.load(std::memory_order_relaxed); }
    void count_overwriting() noexcept { over_.fetch_add(1, std::memory_order_release); }
    void wake() noexcept { over_.notify_all(); }
    void wait_for_more(std::uint32_t overwritings) const noexcept
    {
        over_.wait(overwritings, std::memory_order_acquire);
    }

private:
    void wait_for_writer() const noexcept
    {
        for (std::uint32_t s = state_.load(std::memory_order_relaxed); s & writing;
             s = state_.load(std::memory_order_relaxed))
            state_.wait(s, std::memory_order_relaxed);
    }

    static constexpr std::uint32_t writing = 1U << 31;
    std::atomic<std::uint32_t> state_{0}; ///< how many read, and whether one writes
    std::atomic<std::uint32_t> over_{0};
};

constinit Publication publication;

SharedData& data_of(const Variable& v)
{
    if (v.leaf() != Leaf::shared)
        throw internal_error("shared", "'{}' is not a shared variable", v.name());
    return const_cast<SharedData&>(static_cast<const SharedData&>(*v.value()->node->params));
}

/// After a read, turns compute in spare arrays for so long: readers that come back wait for none.
constexpr int turns_beside_readers = 16;

/// Lets `take` copy the present values of `all`, which a range of SharedData* gives, at one moment
/// at which none of them is written over.
template <class All, class Take>
void read_together(const All& all, const Take& take) noexcept
{
    for (;;) {
        publication.begin_reading();
        const bool whole = std::ranges::none_of(all, &SharedData::overwritten);
        if (whole) take();
        const std::uint32_t overwritings = publication.overwritings();
        publication.end_reading();
        for (SharedData* d : all)
            d->beside_readers.store(turns_beside_readers, std::memory_order_relaxed);
        if (whole) return;
        publication.wait_for_more(overwritings);
    }
}

void check(std::string_view called, const Variable& v, const Array& value, const Where& where)
{
    if (!value)
        throw user_error(Code::domain, locate(where), called,
                         "the value for '{}' is an Array() that holds nothing", v.name());
    const Shape shape(value.shape().begin(), value.shape().end());
    if (value.dtype() != v.dtype() || !same(shape, v.shape()))
        throw user_error(value.dtype() != v.dtype() ? Code::dtype : Code::shape, locate(where),
                         called, "'{}' is {}, the value is {}", v.name(), to_string(v.type()),
                         to_string(Type(value.dtype(), shape)));
}

} // namespace

std::vector<Array> read_shared(const std::vector<Variable>& variables)
{
    std::vector<SharedData*> all;
    for (const Variable& v : variables)
        all.push_back(&data_of(v));
    std::vector<Array> values(all.size());
    read_together(all, [&] {
        for (std::size_t i = 0; i < all.size(); ++i)
            values[i] = all[i]->current;
    });
    return values;
}

Shared as_shared(const Variable& v)
{
    (void)data_of(v);
    return Shared(v);
}

SharedUse::SharedUse(const std::vector<Variable>& reads, const std::vector<Variable>& targets)
{
    for (const Variable& v : targets)
        targets_.push_back(&data_of(v));
    replaced_.assign(targets_.size(), false);
    locked_ = targets_;
    std::ranges::sort(locked_); // the same order in every thread; no result depends on it
    locked_.erase(std::ranges::unique(locked_).begin(), locked_.end());
    for (const Variable& v : reads) {
        SharedData& d = data_of(v);
        reads_.push_back({&d, !std::ranges::binary_search(locked_, &d)});
        if (reads_.back().pinned) pinned_.push_back(&d);
    }
}

void SharedUse::replace(std::vector<bool> targets)
{
    replaced_ = std::move(targets);
    replaces_ = std::ranges::count(replaced_, true) > 0;
}

SharedTurn::SharedTurn(const SharedUse& use, void* room) noexcept
    : use_(use), pins_(static_cast<Array*>(room))
{
    for (SharedData* d : use_.locked_)
        d->updating.lock();
    if (use_.pinned_.empty()) return;
    std::uninitialized_value_construct_n(pins_, use_.pinned_.size());
    read_together(use_.pinned_, [&] {
        Array* pin = pins_;
        for (const SharedData* d : use_.pinned_)
            *pin++ = d->current;
    });
}

SharedTurn::~SharedTurn()
{
    abandon();
    std::destroy_n(pins_, use_.pinned_.size());
    for (SharedData* d : use_.locked_)
        d->updating.unlock();
}

void SharedTurn::read(const void** values) const noexcept
{
    const Array* pin = pins_;
    for (const SharedUse::Read& r : use_.reads_)
        *values++ = (r.pinned ? *pin++ : std::as_const(r.data->current)).data();
}

std::vector<Array> SharedTurn::values() const
{
    std::vector<Array> all;
    const Array* pin = pins_;
    for (const SharedUse::Read& r : use_.reads_)
        all.push_back(r.pinned ? *pin++ : r.data->current);
    return all;
}

/// The targets whose values nobody holds or read lately are written over where they lie: from now
/// to the end of the turn readers wait.
void SharedTurn::write_over()
{
    publication.begin_writing();
    for (std::size_t i = 0; i < use_.targets_.size(); ++i) {
        SharedData& d = *use_.targets_[i];
        const int turns = d.beside_readers.load(std::memory_order_relaxed);
        if (turns > 0) d.beside_readers.store(turns - 1, std::memory_order_relaxed);
        d.overwritten = use_.replaced_[i] && turns == 0 && d.current.is_unique();
        overwrites_ |= d.overwritten;
    }
    publication.end_writing();
}

void SharedTurn::next(void** values)
{
    if (use_.replaces_) write_over();
    for (SharedData* d : use_.targets_) {
        if (d->overwritten) {
            *values++ = d->current.data();
            continue;
        }
        Array* const end = d->spares.data() + d->spares.size();
        d->filling = std::find_if(d->spares.data(), end, std::mem_fn(&Array::is_unique));
        if (d->filling == end) {
            // Both are empty or read: whoever reads the one that is dropped still has it.
            d->filling = d->spares[0] ? &d->spares[1] : &d->spares[0];
            *d->filling = Array::empty_of(d->current.dtype(), d->current.shape());
        }
        *values++ = d->filling->data();
    }
}

/// `replace(i)` exchanges the value of target i, unless it was written over.
template <class Replace>
void SharedTurn::publish_with(const Replace& replace) noexcept
{
    publication.begin_writing();
    for (std::size_t i = 0; i < use_.targets_.size(); ++i) {
        SharedData& d = *use_.targets_[i];
        if (!d.overwritten) replace(i);
        d.overwritten = false;
    }
    if (overwrites_) publication.count_overwriting();
    publication.end_writing();
    if (std::exchange(overwrites_, false)) publication.wake();
}

void SharedTurn::abandon() noexcept
{
    if (overwrites_) publish_with([](std::size_t) {});
}

void SharedTurn::publish() noexcept
{
    publish_with([&](std::size_t i) {
        SharedData& d = *use_.targets_[i];
        std::swap(d.current, *d.filling);
    });
}

void SharedTurn::publish(std::span<Array> values) noexcept
{
    publish_with([&](std::size_t i) { std::swap(use_.targets_[i]->current, values[i]); });
}

} // namespace detail

Array Shared::value() const { return detail::read_shared({*this})[0]; }

namespace {

void set_together(std::string_view called,
                  const std::vector<std::pair<Shared, Array>>& values,
                  const Where& where)
{
    std::vector<Variable> variables;
    std::vector<Array> copies;
    for (const auto& [variable, value] : values) {
        detail::check(called, variable, value, where);
        if (std::ranges::any_of(variables, [&](const Variable& v) { return same(v, variable); }))
            throw user_error(Code::domain, locate(where), called, "'{}' is given twice",
                             variable.name());
        variables.push_back(variable);
        copies.push_back(value.clone());
    }
    const detail::SharedUse use({}, variables);
    detail::SharedTurn(use, nullptr).publish(copies);
}

} // namespace

void Shared::set(const Array& value, Where where) const
{
    set_together("set", {{*this, value}}, where);
}

void set_all(const std::vector<std::pair<Shared, Array>>& values, Where where)
{
    set_together("set_all", values, where);
}

Shared shared(std::string_view name, const Array& initial, Where where)
{
    refuse_control_characters(name, "shared", locate(where));
    if (!initial)
        throw user_error(Code::domain, locate(where), "shared",
                         "the initial value of '{}' is an Array() that holds nothing", name);
    refuse_complex(initial.dtype(), "shared", locate(where));
    const Type type(initial.dtype(), Shape(initial.shape().begin(), initial.shape().end()));
    return Shared(detail::make_leaf(Leaf::shared, type, name,
                                    Params::adopt(new detail::SharedData(initial.clone())),
                                    locate(where)));
}

} // namespace croton::inline v1
