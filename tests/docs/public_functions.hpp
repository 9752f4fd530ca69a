#pragma once

#include <string>
#include <vector>

namespace croton::test {

/// A function that users call, as its header declares it; overloads are one.
struct PublicFunction {
    std::string name;
    std::string header;                           ///< its path
    std::vector<std::string> calls;               ///< "sum(x, axes, keep)", one an overload
    std::vector<std::string> calls_with_defaults; ///< "sum(x, axes = {}, keep = false)"
    std::string meaning;                          ///< the comment at the declaration, or empty:
    std::string described_with;       ///< the function before it at whose declaration one stands
    std::vector<std::string> records; ///< op records that its own definition names
};

/// The operators, and the functions that take the user's place, of these headers, in their order.
/// The files in `sources` define them.
/// throws   std::runtime_error at such a declaration that it cannot read.
std::vector<PublicFunction> public_functions(const std::vector<std::string>& headers,
                                             const std::string& sources);

} // namespace croton::test
