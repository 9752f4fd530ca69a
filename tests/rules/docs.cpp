#include <croton/passes/rules.hpp>

#include <fstream>
#include <sstream>
#include <string>

#include "support/catch.hpp"

using namespace croton;

namespace {

/// docs/rules.md: every rule as it prints itself.
std::string rules_page()
{
    std::ostringstream page;
    page << "# Rewrite rules\n\n"
            "Written from the rule sets (`test_rules --update-golden` writes it again). A rule "
            "replaces "
            "its left side by its right; how the two may differ is its exactness:\n"
            "`bitwise` the same bits; `sharper` at least as near to the true value; `domain` "
            "bitwise "
            "except on the inputs that its comment names (NaN, infinities, signed zeros);\n"
            "`rounding` a few units in the last place. Strict mode keeps `bitwise` and `sharper`. "
            "A rule "
            "marked * also has a condition, given next to it in the source.\n"
            "`Options::rules_off` switches a rule off by its text, `left -> right`, as "
            "`Function::explain()` prints it: `{\"log(exp(x)) -> x\"}`.\n";
    for (const RuleSet& set : all_rules()) {
        page << "\n## " << set.name() << "\n\n| left | right | exactness |\n| --- | --- | --- |\n";
        for (const auto& rule : set.rules()) {
            const std::string& text = rule->info->text;
            const std::size_t arrow = text.find(" -> ");
            const auto cell = [](std::string part) {
                for (std::size_t i = part.find('|'); i != part.npos; i = part.find('|', i + 2))
                    part.insert(i, "\\");
                return "`" + part + "`";
            };
            page << "| " << cell(text.substr(0, arrow)) << " | " << cell(text.substr(arrow + 4))
                 << " | " << name(rule->exactness) << (rule->when ? " *" : "") << " |\n";
        }
    }
    return page.str();
}

} // namespace

TEST_CASE("docs/rules.md lists the rules")
{
    if (test::update_golden()) std::ofstream(CROTON_RULES_PAGE) << rules_page();
    std::ifstream file(CROTON_RULES_PAGE);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    CHECK(text == rules_page());
}
