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
    const auto scores = ct::matrix<float>("scores");
    const auto shifted = exp(scores);
    const auto p = shifted / ct::sum(shifted, 1, true);
    const auto entropy = -ct::sum(p * log(p), 1).named("entropy");

    const auto f = ct::function({scores}, ct::Output("entropy", entropy), {.name = "entropy"});
    // [/model]
    const std::string text = f.explain();

    std::printf("%s\n\n", f.signature().c_str());
    for (const char* heading : {"graph as written", "graph as compiled", "stored instead of fused"})
        std::printf("%s\n", section(text, heading).c_str());
    std::printf("source\n%s", std::string(f.source()).c_str());
}
