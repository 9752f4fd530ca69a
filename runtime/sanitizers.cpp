#include <croton/ir/format.hpp>
#include <croton/runtime/sanitizers.hpp>

#include <dlfcn.h>

namespace croton::inline v1 {

namespace {

struct Sanitizer {
    std::string_view name;
    const char* symbol; ///< that instrumented code calls
};
constexpr Sanitizer known[] = {
    {"address", "__asan_init"},
    {"undefined", "__ubsan_handle_pointer_overflow_abort"},
    {"thread", "__tsan_init"},
};

std::string_view without_blanks(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(' ');
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

} // namespace

std::string sanitizers(std::string_view list)
{
    bool wanted[std::size(known)] = {};
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const std::string_view name = without_blanks(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        bool found = name.empty();
        for (std::size_t i = 0; i < std::size(known); ++i)
            if (known[i].name == name) found = wanted[i] = true;
        if (!found)
            throw user_error(Code::domain, nullptr, "sanitize",
                             "there is no sanitizer '{}': address, undefined or thread", name);
    }
    std::string all;
    for (std::size_t i = 0; i < std::size(known); ++i) {
        if (!wanted[i]) continue;
        if (!::dlsym(RTLD_DEFAULT, known[i].symbol))
            throw backend_error("sanitize",
                                "this process has no {0} sanitizer: link the program with "
                                "-fsanitize={0}, so that it has {1}",
                                known[i].name, known[i].symbol);
        all += (all.empty() ? "" : ",") + std::string(known[i].name);
    }
    return all;
}

} // namespace croton::inline v1
