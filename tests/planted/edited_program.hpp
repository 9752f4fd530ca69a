#pragma once

#include <croton/croton.hpp>
#include <croton/runtime/abi.hpp>
#include <croton/runtime/program_library.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croton::test {

/// The text of a compiled function, which a test changes and then calls in the function's place.
class EditedProgram {
public:
    explicit EditedProgram(const Function& function);

    /// InternalError unless the text holds `from` exactly once.
    EditedProgram& replace(std::string_view from, std::string_view to);
    EditedProgram& remove(std::string_view text) { return replace(text, ""); }

    /// What `run` returned, with its outputs: those of the function, and then the updates.
    struct Result {
        std::int32_t code = 0;
        std::vector<Array> outputs;
        std::string failure; ///< what the function would say of the code
    };
    /// Compiles the text as it stands. Extents of outputs must be known; shared variables have the
    /// values that they have now, and keep them.
    Result call(const std::vector<Array>& inputs) const;

private:
    const detail::FunctionData& data() const { return function_.data(); }

    Function function_;
    std::string text_;
};

} // namespace croton::test
