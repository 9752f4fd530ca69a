#pragma once

#include <croton/ir/shared.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace croton::inline v1::detail {

class SharedData;

/// The shared variables of a function, found once: its calls look nothing up. The function keeps
/// the Variables.
class SharedUse {
public:
    SharedUse() = default;
    SharedUse(const std::vector<Variable>& reads, const std::vector<Variable>& targets);
    /// Values that other functions may replace during a call, so that it has to hold them.
    std::size_t pin_count() const noexcept { return pinned_.size(); }
    /// Which targets the function may write over where their values lie: nothing fails once a part
    /// of one is stored, and no old element is read after its new one is.
    void replace(std::vector<bool> targets);

private:
    friend class SharedTurn;
    struct Read {
        SharedData* data;
        bool pinned; ///< no target: a target stays as it is during a turn
    };
    std::vector<Read> reads_;
    std::vector<SharedData*> targets_;
    std::vector<SharedData*> locked_; ///< targets, each once, in the order in which all lock them
    std::vector<SharedData*> pinned_;
    std::vector<bool> replaced_; ///< of each target
    bool replaces_ = false;      ///< any of them
};

/// What one call has of its function's shared variables: their values at one moment, which stay as
/// they are until the turn ends, and memory for the values after it: where a value lies, if the
/// function may write over it and nobody else holds it or read it in the last 16 turns, else an
/// array of its own.
///
/// Turns that update the same variable come one after another: the second waits for the end of the
/// first. Others read the values of before until publish() replaces all of them at one moment; or,
/// if they want one that is written over, wait for that moment.
///
/// cost     no allocation, but for next values where others still read what is spare.
/// threads  one turn belongs to one thread; any number of turns at once.
class SharedTurn {
public:
    /// `room`: memory for use.pin_count() Arrays, which the turn makes and destroys.
    SharedTurn(const SharedUse& use, void* room) noexcept;
    ~SharedTurn();
    SharedTurn(const SharedTurn&) = delete;
    SharedTurn& operator=(const SharedTurn&) = delete;

    /// Where the value of each variable that is read lies.
    void read(const void** values) const noexcept;
    /// The same as Arrays.
    std::vector<Array> values() const;
    /// Memory for the next value of each target. Where it is that of its present value, old
    /// elements are to be read before they are written over.
    /// throws   BackendError where there is none.
    void next(void** values);
    /// What stands in the memory that next() gave becomes the values of the targets, all at one
    /// moment. Once in a turn.
    void publish() noexcept;
    /// The same with other arrays of the targets' types; they become those that are replaced.
    void publish(std::span<Array> values) noexcept;
    /// Nothing was stored and nothing changes: who waits for a value that was to be written over
    /// gets it.
    void abandon() noexcept;

private:
    void write_over();
    template <class Replace>
    void publish_with(const Replace& replace) noexcept;

    const SharedUse& use_;
    Array* pins_;
    bool overwrites_ = false;
};

} // namespace croton::inline v1::detail
