#include <croton/croton.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/process.hpp"
#include "support/catch.hpp"

namespace ct = croton;
using croton::test::contains;
using croton::test::TemporaryFolder;

namespace {

std::string page_of(const ct::Function& f)
{
    const TemporaryFolder folder;
    f.explain_html(folder / "page.html");
    std::ifstream file(folder / "page.html");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Whether every element that is opened is closed, in order; void ones and those that HTML closes
/// by itself are left out.
std::string unbalanced(const std::string& page)
{
    std::vector<std::string> open;
    for (std::size_t at = page.find('<'); at != page.npos; at = page.find('<', at + 1)) {
        const bool closes = page[at + 1] == '/';
        const std::size_t first = at + (closes ? 2 : 1);
        const std::string name = page.substr(first, page.find_first_of(" >\n", first) - first);
        static const std::string counted =
            " style pre span details summary table div section h1 h2 a nav p title ";
        if (counted.find(" " + name + " ") == std::string::npos) continue;
        if (!closes)
            open.push_back(name);
        else if (open.empty() || open.back() != name)
            return name + " at " + std::to_string(at);
        else
            open.pop_back();
    }
    return open.empty() ? "" : open.back();
}

} // namespace

TEST_CASE("the page holds every part of explain, needs nothing beside it, and escapes names")
{
    const auto x = ct::matrix<float>("x<script>alert(1)</script>", {ct::dim("n"), 8});
    const auto W = ct::shared("W", ct::Array::normal(1, {8, 4}));
    const auto p = ct::softmax(ct::dot(x, W), -1);
    const auto loss = -ct::mean(ct::log(p(ct::_, 0)));
    const auto f =
        ct::function({x}, ct::Output("loss & more", loss), {.name = "a<b>", .profile = true});
    (void)f(ct::zeros<float>({16, 8}));
    const std::string page = page_of(f);
    for (const char* part :
         {"as written", "as compiled", "rules that fired", "Kernels", "stored instead of fused",
          "Memory", "Source", "ms building", " us a call of 1", "a&lt;b&gt;", "log_softmax"})
        CHECK_THAT(page, contains(part));
    for (const char* part : {"<script", "http", "src=", "url(", "<link", "@import"})
        CHECK(page.find(part) == std::string::npos);
    CHECK(unbalanced(page) == "");
    // Every kernel's row leads to its text.
    std::size_t links = 0;
    for (std::size_t at = page.find("<td class=\"code\"><a href=\"#"); at != page.npos;
         at = page.find("<td class=\"code\"><a href=\"#", at + 1)) {
        const std::size_t first = page.find('#', at) + 1;
        const std::string name = page.substr(first, page.find('"', first) - first);
        CHECK_THAT(page, contains("id=\"" + name + "\""));
        ++links;
    }
    CHECK(links > 0);
    const auto slow = ct::function({x}, loss, {.reference = true});
    CHECK_THAT(page_of(slow), contains("Reference mode"));
    CHECK_THROWS_WITH(f.explain_html("/nowhere/page.html"),
                      "explain_html: /nowhere/page.html: cannot be written: No such file or "
                      "directory");
}
