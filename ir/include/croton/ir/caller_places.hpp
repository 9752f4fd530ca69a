#pragma once

#include <croton/ir/source_location.hpp>

namespace croton::inline v1 {

/// The places that hold where it is made: those of a lambda that a function is given, which runs
/// inside of the function's own OriginScope.
class CallerPlaces {
public:
    CallerPlaces() noexcept;
    template <class F>
    auto run(const F& f) const
    {
        const Restored restored(origin_);
        return f();
    }

private:
    struct Restored {
        explicit Restored(const Location* origin) noexcept;
        ~Restored();
        Restored(const Restored&) = delete;
        Restored& operator=(const Restored&) = delete;
        const Location* inner;
    };
    const Location* origin_;
};

} // namespace croton::inline v1
