#include "in_place.hpp"

#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <optional>

#include "expression.hpp"

namespace croton::inline v1::codegen {

namespace {

BufferId buffer_of(const LoopNest& nest, const Variable& v)
{
    for (std::size_t i = 0; i < nest.buffers.size(); ++i)
        if (same(nest.buffers[i].value, v)) return static_cast<BufferId>(i);
    return -1;
}

/// The kernel first runs in a form that is given up, and started again, at the first argument that
/// the form does not hold for: what it reads must then still be there.
bool may_start_again(const LoopNest& nest)
{
    return std::ranges::any_of(nest.scalars, has_fast_form);
}

/// Goes through a nest in the order in which it runs, and sees whether reads of `from` come first.
class ReadsBeforeStores {
public:
    ReadsBeforeStores(const LoopNest& nest, BufferId from, BufferId to)
        : nest_(nest), from_(from), to_(to)
    {}

    bool hold()
    {
        for (const Statement& st : nest_.body) {
            outermost_ = &st;
            walk(st);
        }
        return hold_;
    }

private:
    void walk(const Statement& st)
    {
        visit(st, overloaded{
                      [&](const Let& l) { read(l.scalar); },
                      [&](const Store& s) { store(s); },
                      [&](const Loop& l) {
                          for (const Statement& inner : l.body)
                              walk(inner);
                      },
                      [&](const ColumnLoop&) { hold_ = false; },
                  });
    }

    void read(ScalarId id)
    {
        const auto* load =
            std::get_if<Load>(&nest_.scalars[static_cast<std::size_t>(id)].expression);
        if (!load || load->buffer != from_) return;
        if (stored_ || load->guard >= 0 || (place_ && !same(*place_, load->at))) hold_ = false;
        place_ = load->at;
        reader_ = outermost_;
    }

    /// A store elsewhere than at the place that was read, in the same loop, would reach elements
    /// that a later iteration reads.
    void store(const Store& s)
    {
        if (s.buffer != to_) return;
        stored_ = true;
        if (reader_ == outermost_ && !same(*place_, s.at)) hold_ = false;
    }

    const LoopNest& nest_;
    BufferId from_, to_;
    bool hold_ = true;
    bool stored_ = false;
    std::optional<Extent> place_;       ///< at which `from` is read
    const Statement* reader_ = nullptr; ///< the outermost statement that read it last
    const Statement* outermost_ = nullptr;
};

/// Only stores what it loads from the same place.
bool copies_itself(const LoopNest& nest, const Block& block, BufferId both)
{
    return std::ranges::all_of(block, [&](const Statement& st) {
        return visit(st, overloaded{
                             [&](const Let& l) {
                                 return std::holds_alternative<Load>(
                                     nest.scalars[static_cast<std::size_t>(l.scalar)].expression);
                             },
                             [&](const Store& s) {
                                 const auto* l = std::get_if<Load>(
                                     &nest.scalars[static_cast<std::size_t>(s.value)].expression);
                                 return l && !s.accumulate && s.buffer == both &&
                                        l->buffer == both && l->guard < 0 && same(l->at, s.at);
                             },
                             [&](const Loop& l) {
                                 return l.accumulators.empty() && copies_itself(nest, l.body, both);
                             },
                             [](const ColumnLoop&) { return false; },
                         });
    });
}

bool reads(const LoopNest& nest, const Block& block, BufferId buffer)
{
    return std::ranges::any_of(block, [&](const Statement& st) {
        if (const auto* loop = std::get_if<Loop>(&st)) return reads(nest, loop->body, buffer);
        const auto* let = std::get_if<Let>(&st);
        const auto* load =
            let ? std::get_if<Load>(&nest.scalars[static_cast<std::size_t>(let->scalar)].expression)
                : nullptr;
        return load && load->buffer == buffer;
    });
}

/// The nest with `from` called `to`, and the buffers behind `from` one number lower.
class Renumbered {
public:
    Renumbered(LoopNest& nest, BufferId from, BufferId to) : nest_(nest), from_(from), to_(to) {}

    void apply()
    {
        for (Scalar& s : nest_.scalars)
            if (auto* load = std::get_if<Load>(&s.expression))
                load->buffer = renumbered(load->buffer);
        for (StripArray& s : nest_.strip_arrays)
            if (s.from >= 0) s.from = renumbered(s.from);
        for (Block* old : blocks_of(nest_))
            *old = block(*old);
        for (ContractNest& c : nest_.contract)
            for (BufferId* b : {&c.a, &c.b, &c.out, &c.packed_a, &c.packed_b})
                *b = renumbered(*b);
        Buffer& both = nest_.buffers[static_cast<std::size_t>(to_)];
        both.access = Buffer::Access::read_write;
        const Buffer& old = nest_.buffers[static_cast<std::size_t>(from_)];
        both.reach = std::min(both.reach, old.reach) < 0 ? -1 : std::max(both.reach, old.reach);
        both.before.push_back(old.value);
        both.before.insert(both.before.end(), old.before.begin(), old.before.end());
        nest_.buffers.erase(nest_.buffers.begin() + from_);
    }

    BufferId renumbered(BufferId b) const
    {
        if (b == from_) b = to_;
        return b > from_ ? b - 1 : b;
    }

private:
    Block block(const Block& old) const
    {
        Block fresh;
        for (const Statement& st : old) {
            Statement copy = st;
            if (auto* s = std::get_if<Store>(&copy)) s->buffer = renumbered(s->buffer);
            if (auto* l = std::get_if<Loop>(&copy)) l->body = block(l->body);
            fresh.push_back(std::move(copy));
        }
        return fresh;
    }

    LoopNest& nest_;
    BufferId from_, to_;
};

} // namespace

bool can_overwrite(const LoopNest& nest, const Variable& from, const Variable& to)
{
    const BufferId f = buffer_of(nest, from);
    const BufferId t = buffer_of(nest, to);
    if (f < 0) return true;
    if (t < 0 || from.dtype() != to.dtype() || may_start_again(nest)) return false;
    if (carries_scalars(nest)) return false; // later iterations read other places
    // A strip copies what others have written over by then.
    for (const StripArray& s : nest.strip_arrays)
        if (s.from == f) return false;
    // Operands are read, or computed by what stands beside the body, while other sums are finished.
    for (const ContractNest& c : nest.contract)
        if (f == c.a || f == c.b || (t == c.out && !c.keeps_sums)) return false;
    for (const Block* block : blocks_of(nest))
        if (block != &nest.body && reads(nest, *block, f)) return false;
    return ReadsBeforeStores(nest, f, t).hold();
}

bool merge_buffers(LoopNest& nest, const Variable& from, const Variable& to)
{
    const BufferId f = buffer_of(nest, from);
    const BufferId t = buffer_of(nest, to);
    if (f < 0 || t < 0) return true;
    Renumbered merged(nest, f, t);
    merged.apply();
    const BufferId both = merged.renumbered(t);
    Block rest;
    for (const Statement& st : nest.body) {
        const auto* loop = std::get_if<Loop>(&st);
        const bool empty =
            loop && loop->accumulators.empty() && copies_itself(nest, loop->body, both);
        if (!empty) rest.push_back(st);
    }
    const bool was_all = !nest.body.empty() && rest.empty();
    if (!was_all) nest.body = std::move(rest);
    return !was_all;
}

} // namespace croton::inline v1::codegen
