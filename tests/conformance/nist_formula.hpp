#pragma once

#include <croton/ir/variable.hpp>

#include <map>
#include <string>

namespace croton::test {

/// A model in the notation of NIST's files: "b1*(1-exp[-b2*x])", with ** for powers, brackets of
/// either kind and exp, log, sin, cos and arctan. `names` are its variables, "pi" among them.
/// throws   UserError on anything else.
Variable parse_formula(const std::string& text, const std::map<std::string, Variable>& names);

} // namespace croton::test
