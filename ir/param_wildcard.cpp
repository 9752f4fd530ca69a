#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/ir/param_wildcard.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <string>

namespace croton::inline v1 {

namespace {

/// Names by number, kept as long as the process: rules print them.
class Names {
public:
    int intern(std::string_view name)
    {
        const std::lock_guard lock(mutex_);
        for (int i = 0; i < count_; ++i)
            if (names_[static_cast<std::size_t>(i)] == name) return i;
        if (count_ == static_cast<int>(names_.size()))
            throw internal_error("rules", "more than {} names of parameters: '{}'", names_.size(),
                                 name);
        names_[static_cast<std::size_t>(count_)] = name;
        return count_++;
    }
    std::string_view at(std::int64_t i)
    {
        const std::lock_guard lock(mutex_);
        return i >= 0 && i < count_ ? std::string_view(names_[static_cast<std::size_t>(i)]) : "";
    }

private:
    std::mutex mutex_;
    std::array<std::string, 100> names_;
    int count_ = 0;
};

Names& names()
{
    static Names* const all = new Names;
    return *all;
}

std::string_view marked(std::int64_t value)
{
    return value <= -1'000'000 ? names().at(-1'000'000 - value) : std::string_view();
}

} // namespace

ParamWildcard::ParamWildcard(std::string_view name) : index_(names().intern(name)) {}

std::string_view wildcard_name(const FieldPointer& value)
{
    return std::visit(
        overloaded{
            [](const int* v) { return marked(*v); },
            [](const std::vector<int>* v) { return v->size() == 1 ? marked((*v)[0]) : ""; },
            [](const std::vector<std::int64_t>* v) {
                return v->size() == 1 ? marked((*v)[0]) : "";
            },
            [](const Shape* v) {
                return v->size() == 1 && (*v)[0].is_known() ? marked((*v)[0].value()) : "";
            },
            [](const Extent* v) { return v->is_known() ? marked(v->value()) : ""; },
            [](const DType* v) {
                const int i = static_cast<int>(*v) - 100;
                return i >= 0 ? names().at(i) : std::string_view();
            },
            [](const auto*) { return std::string_view(); },
        },
        value);
}

} // namespace croton::inline v1
