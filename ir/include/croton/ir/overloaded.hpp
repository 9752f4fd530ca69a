#pragma once

namespace croton::inline v1 {

/// `std::visit(overloaded{[](A) {..}, [](B) {..}}, v)`: one lambda per alternative.
template <class... F>
struct overloaded : F... {
    using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

} // namespace croton::inline v1
