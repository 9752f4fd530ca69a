// What docs/ops.md says about a function is read from its own declaration and definition.
#include <fstream>
#include <string>
#include <vector>

#include "docs/public_functions.hpp"
#include "runtime/process.hpp"
#include "support/catch.hpp"

using croton::test::PublicFunction;
using croton::test::TemporaryFolder;
using Texts = std::vector<std::string>;

namespace {

/// Of headers of these texts, whose functions `source` defines.
std::vector<PublicFunction> read(const Texts& headers, const std::string& source)
{
    const TemporaryFolder folder;
    Texts paths;
    for (const std::string& text : headers) {
        paths.push_back(folder / ("header" + std::to_string(paths.size()) + ".hpp"));
        std::ofstream(paths.back()) << text;
    }
    std::ofstream(folder / "source.cpp") << source;
    return croton::test::public_functions(paths, folder.path().string());
}

} // namespace

TEST_CASE("functions of one name in two headers have each their own records and comment")
{
    const auto list = read(
        {"/// The larger of two.\n"
         "Variable larger(const Variable& a, const Variable& b, Where where = Where::current());\n"
         "Variable max(const Variable& a, const Variable& b, Where where = Where::current());\n",
         "/// The largest element.\n"
         "Variable max(const Variable& x, bool keep = false, Where where = Where::current());\n"},
        "Variable larger(const Variable& a, const Variable& b, Where where)\n"
        "{\n    return apply(larger_op, {a, b}, where);\n}\n"
        "Variable max(const Variable& a, const Variable& b, Where where) { return larger(a, b); }\n"
        "\n"
        "Variable max(const Variable& x, bool keep, Where where)\n"
        "{\n    return reduce(max_op, x, keep, where);\n}\n");
    REQUIRE(list.size() == 3);
    CHECK(list[0].records == Texts{"larger"});
    CHECK(list[1].calls == Texts{"max(a, b)"});
    CHECK(list[1].records.empty());
    CHECK(list[1].meaning.empty());
    CHECK(list[1].described_with == "larger");
    CHECK(list[2].calls == Texts{"max(x, keep)"});
    CHECK(list[2].calls_with_defaults == Texts{"max(x, keep = false)"});
    CHECK(list[2].records == Texts{"max"});
    CHECK(list[2].meaning == "The largest element.");
}

TEST_CASE("a requires-clause in front of a function is not one")
{
    const auto list = read({"/// Gradients.\n"
                            "template <std::derived_from<Variable> V>\n"
                            "    requires(!std::same_as<V, Variable>)\n"
                            "Variables grad(const std::vector<V>& xs, Where = Where::current())\n"
                            "{\n    return {};\n}\n"},
                           "");
    REQUIRE(list.size() == 1);
    CHECK(list[0].name == "grad");
    CHECK(list[0].calls == Texts{"grad(xs)"});
    CHECK(list[0].meaning == "Gradients.");
}

TEST_CASE("a declaration of which a keyword would be the name is refused")
{
    CHECK_THROWS_WITH(read({"/// Of integers.\n"
                            "[[deprecated]] decltype(auto) count(Where = Where::current());\n"},
                           ""),
                      Catch::StartsWith("no function is named 'decltype', as it is read from: "));
}
