#include <croton/compiler/function.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>

#include <algorithm>

#include "call_check.hpp"
#include "function_data.hpp"
#include "run_failure.hpp"

namespace croton::inline v1 {

namespace detail {

void retain(const FunctionData* f) noexcept { f->count.fetch_add(1, std::memory_order_relaxed); }
void release(const FunctionData* f) noexcept
{
    if (f->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete f;
}

} // namespace detail

using detail::FunctionData;

namespace {

/// What the references threw, or an op of the user's, who may throw anything: the text is the
/// exception's own.
struct Thrown {
    const char* text;
    Location where;
};

Thrown read(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        return {error.what(), error.where()};
    } catch (const std::exception& error) {
        return {error.what(), {}};
    } catch (...) {
        return {"an exception that is no std::exception", {}};
    }
}

} // namespace

Location Status::where() const noexcept
{
    if (thrown) {
        const Location at = read(thrown).where;
        if (at.line() > 0) return at;
    }
    const Location* op =
        function && guard > 0 ? detail::failure_place(*function, guard, apply) : nullptr;
    return op ? *op : Location{called.file_name(), called.line(), called.function_name()};
}

std::string Status::text() const
{
    if (code == Code::ok) return "ok";
    if (thrown) return read(thrown).text;
    if (function && guard == detail::misplaced_argument)
        return fmt::format("{}: {}", function->name, detail::misplaced_text(*function, *this));
    if (function && guard != 0) {
        Report report;
        report.apply = apply;
        report.values[0] = found;
        report.values[1] = expected;
        return detail::failure_text(*function, guard, report);
    }
    if (function && code == Code::memory && found > 0)
        return fmt::format("{}: its intermediate values need {}, the workspace has {}",
                           function->name, counted(found, "byte"), expected);
    // Of next values of shared variables; how many bytes is known where the call throws.
    if (function && code == Code::memory) return fmt::format("{}: out of memory", function->name);
    return std::string(croton::name(code));
}

namespace {

/// "they are loss, accuracy", of results some of which may have no name.
std::string named_results(const std::vector<std::string>& names)
{
    std::vector<std::string> named;
    std::ranges::copy_if(names, std::back_inserter(named),
                         [](const std::string& name) { return !name.empty(); });
    if (named.size() == names.size()) return fmt::format("they are {}", fmt::join(names, ", "));
    const std::string all = counted(names.size(), "result");
    if (named.empty()) return fmt::format("of {} none has a name", all);
    return fmt::format("of {} these have a name: {}", all, fmt::join(named, ", "));
}

} // namespace

Results::Results(std::vector<Array> arrays,
                 detail::Ref<const detail::FunctionData> f,
                 const Where& where)
    : arrays_(std::move(arrays)), function_(std::move(f)), where_(where)
{}

const Array& Results::operator[](std::size_t i) const&
{
    if (i >= arrays_.size())
        throw user_error(Code::index, locate(where_), function_ ? function_->name : "results",
                         "result {} does not exist: it gives {}", i,
                         counted(arrays_.size(), "result"));
    return arrays_[i];
}

const Array& Results::operator[](std::string_view name) const&
{
    if (!function_)
        throw user_error(Code::domain, locate(where_), "results", "they were moved from");
    const auto& names = function_->output_names;
    const auto at = std::ranges::find(names, name);
    if (std::ranges::count(names, name) > 1)
        throw user_error(Code::index, locate(where_), function_->name,
                         "{} results are named '{}': take one by its position",
                         std::ranges::count(names, name), name);
    if (at != names.end()) return arrays_[static_cast<std::size_t>(at - names.begin())];
    throw user_error(Code::index, locate(where_), function_->name, "no result is named '{}'; {}",
                     name, named_results(names));
}

std::string Function::signature_of(const FunctionData& f)
{
    std::string inputs;
    for (std::size_t i = 0; i < f.inputs.size(); ++i)
        inputs += fmt::format("{}{}{}{}", inputs.empty() ? "" : ", ", f.input_names[i],
                              f.input_names[i].empty() ? "" : ": ", to_string(f.inputs[i].type()));
    std::string outputs;
    for (std::size_t i = 0; i < f.result_count(); ++i)
        outputs +=
            fmt::format("{}{}{}{}", outputs.empty() ? "" : ", ", f.output_names[i],
                        f.output_names[i].empty() ? "" : ": ", to_string(f.written[i].type()));
    return fmt::format("{}({}) -> ({})", f.name, inputs, outputs);
}

std::string Function::signature() const { return signature_of(*data_); }
double Function::compile_ms() const { return data_->build_ms + data_->compile_ms; }
std::string_view Function::full_source() const { return data_->whole_source(); }

std::string_view Function::source() const { return data_->program.source; }

} // namespace croton::inline v1
