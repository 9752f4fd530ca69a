#include <croton/ir/format.hpp>
#include <croton/ir/ops/custom.hpp>

#include "function_data.hpp"

namespace croton::inline v1 {

InlineFunction inline_function(const Function& f, Where where)
{
    const detail::FunctionData& data = f.data();
    if (!data.targets.empty())
        throw user_error(Code::domain, locate(where, "inline_function"), "inline_function",
                         "{} updates '{}', and an op updates nothing", data.name,
                         data.targets[0].name());
    const Variables results(data.written.begin(),
                            data.written.begin() +
                                static_cast<std::ptrdiff_t>(data.result_count()));
    return inline_function(data.name, data.inputs, results, where);
}

} // namespace croton::inline v1
