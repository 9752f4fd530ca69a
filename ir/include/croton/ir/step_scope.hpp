#pragma once

#include <croton/ir/variable.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace croton::inline v1::detail {

/// The variables that a lambda which makes graph is given: a loop's step, a function of a batch's
/// member, one with derivatives of its own. They mean something until the scope ends, with the call
/// that runs the lambda; what of them is used later was kept in a variable around it.
class StepScope {
public:
    /// "a step" of the "scan" at that place; `instead`: where its values are to be taken from.
    StepScope(std::string_view inside,
              std::string_view called,
              const Location* place,
              std::string_view instead);
    ~StepScope();
    StepScope(const StepScope&) = delete;
    StepScope& operator=(const StepScope&) = delete;

    /// `role`: what errors call it where it has no name, as "state 0".
    Variable variable(const Type& type,
                      std::string_view name,
                      const Location* where,
                      std::string_view role = "") const;

    struct Facts;

private:
    std::shared_ptr<Facts> facts_;
};

/// "state 0 of scan (model.cpp:12)" of a scope's variable that has a role; else empty.
std::string role_text(const Variable& v);

/// UserError where some of the values need a variable of a scope that has ended: it names what was
/// kept, the line where that was made, and what to do instead.
void refuse_kept(std::span<const Variable> values,
                 std::string_view function,
                 const Location* place);

} // namespace croton::inline v1::detail
