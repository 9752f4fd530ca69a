// How to look at what was compiled: the graph before and after the rules, which rules fired, what
// was fused, and the kernel itself.
#include <croton/croton.hpp>

#include <cstdio>
#include <string>

namespace ct = croton;

/// The part of an explanation under one of its headings.
std::string section(const std::string& text, const std::string& heading)
{
    const std::size_t begin = text.find("\n" + heading + "\n") + 1;
    return text.substr(begin, text.find("\n\n", begin) + 1 - begin);
}

int main()
{
    // [model]
    const auto x = ct::matrix<float>("x", {ct::dim("n"), ct::dim("m")});
    const auto centred = x - ct::mean(x, 1, true);
    const auto energy = ct::sum(log(1 + exp(centred)), 1).named("energy");

    const auto f = ct::function({x}, ct::Output("energy", energy), {.name = "energy"});
    // [/model]
    const std::string text = f.explain();

    std::printf("%s\n\n", f.signature().c_str());
    for (const char* heading : {"graph as written", "rules that fired", "graph as compiled",
                                "kernels", "stored instead of fused"})
        std::printf("%s\n", section(text, heading).c_str());

    const std::string source(f.source()); // the kernel, then what calls it
    std::printf("source\n%s", source.substr(0, source.find("\n}\n") + 3).c_str());
}
