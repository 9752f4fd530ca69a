#include <croton/ir/caller_places.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/noted_place.hpp>
#include <croton/ir/source_location.hpp>

#include <array>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace croton::inline v1 {

namespace {

thread_local const ScopeFrame* open_scope = nullptr;
thread_local const Location* origin = nullptr;

std::size_t mix(std::size_t seed, std::size_t value)
{
    return (seed ^ value) * 0x9e3779b97f4a7c15ULL + (seed >> 29);
}

/// All places ever seen. Bounded by the number of places in the program times the scopes around
/// them.
class Places {
public:
    /// What `wanted` points to need not live on: the literals of a plugin go with it.
    const Location* intern(const Location& wanted)
    {
        const std::size_t hash =
            mix(mix(std::hash<std::string_view>{}(wanted.file), wanted.line_number),
                mix(std::hash<const void*>{}(wanted.scope),
                    std::hash<std::string_view>{}(wanted.called) + wanted.of_gradient));
        const std::lock_guard lock(mutex_);
        auto [first, last] = by_hash_.equal_range(hash);
        for (; first != last; ++first) {
            const Location& have = *first->second;
            if (have.line_number == wanted.line_number && have.scope == wanted.scope &&
                have.of_gradient == wanted.of_gradient &&
                std::string_view(have.file) == wanted.file &&
                std::string_view(have.function) == wanted.function &&
                std::string_view(have.called) == wanted.called)
                return &have;
        }
        Location& place = places_.emplace_back(wanted);
        for (const char** text : {&place.file, &place.function, &place.called})
            *text = texts_.emplace(*text).first->c_str();
        by_hash_.emplace(hash, &place);
        return &place;
    }

    const ScopeFrame* scope(std::string_view scope_name, const Location* opened)
    {
        const std::lock_guard lock(mutex_);
        for (const ScopeFrame& s : scopes_)
            if (s.name == scope_name && s.opened == opened) return &s;
        return &scopes_.emplace_back(ScopeFrame{std::string(scope_name), opened});
    }

private:
    std::mutex mutex_;
    std::deque<Location> places_;
    std::deque<ScopeFrame> scopes_;
    std::unordered_set<std::string> texts_;
    std::unordered_multimap<std::size_t, const Location*> by_hash_;
};

Places& places()
{
    static Places* const all =
        new Places; // never destroyed: errors thrown at exit still name a line
    return *all;
}

/// A few of this thread's latest places, so that building graph in a loop takes no lock.
struct Recent {
    const char* file;
    std::uint32_t line;
    std::uint32_t column;
    const ScopeFrame* scope;
    const char* called;
    const Location* place;
};
thread_local std::array<Recent, 64> recent{};

} // namespace

const Location* locate(const Where& where) { return locate(where, ""); }

const Location* locate(const Where& where, const char* called)
{
    if (origin) return origin;
    const std::size_t slot = (where.line() * 31 + where.column()) % recent.size();
    Recent& r = recent[slot];
    if (!r.place || r.file != where.file_name() || r.line != where.line() ||
        r.column != where.column() || r.scope != open_scope || r.called != called)
        r = {where.file_name(),
             where.line(),
             where.column(),
             open_scope,
             called,
             places().intern({where.file_name(), where.line(), where.function_name(), open_scope,
                              called, false})};
    return r.place;
}

const Location* locate(std::string_view file,
                       std::uint32_t line,
                       std::string_view function,
                       const ScopeFrame* scope,
                       std::string_view called)
{
    const std::string file_text(file), function_text(function), called_text(called);
    return places().intern(
        {file_text.c_str(), line, function_text.c_str(), scope, called_text.c_str(), false});
}

const Location* gradient_place(const Location* place, std::string_view op)
{
    if (!place || place->of_gradient) return place;
    Location of_gradient = *place;
    of_gradient.of_gradient = true;
    const std::string name(op);
    if (!*place->called) of_gradient.called = name.c_str();
    return places().intern(of_gradient);
}

std::string gradient_text(const Location* place)
{
    if (!place || !place->of_gradient) return {};
    return fmt::format(", in the gradient of {} at {}", place->called, to_string(*place));
}

const ScopeFrame* scope_frame(std::string_view name, const Location* opened)
{
    return places().scope(name, opened);
}

Scope::Scope(std::string_view name, Where where) : previous_(open_scope)
{
    open_scope = places().scope(name, locate(where));
}
Scope::~Scope() { open_scope = previous_; }

const Location* noted_place(const Location* place, std::string_view note)
{
    if (!place) return place;
    return locate(place->file_name(), place->line(), place->function_name(),
                  scope_frame(note, place), place->called);
}

OriginScope::OriginScope(const Location* at) noexcept : previous_(origin)
{
    if (at) origin = at;
}
OriginScope::~OriginScope() { origin = previous_; }

CallerPlaces::CallerPlaces() noexcept : origin_(origin) {}
CallerPlaces::Restored::Restored(const Location* at) noexcept : inner(origin) { origin = at; }
CallerPlaces::Restored::~Restored() { origin = inner; }

std::string to_string(const Location& location)
{
    std::string_view file = location.file;
    if (file.empty()) return "unknown place";
    if (const auto slash = file.rfind('/'); slash != file.npos) file.remove_prefix(slash + 1);
    std::string text = fmt::format("{}:{}", file, location.line());
    if (location.scope)
        text += fmt::format(" in {}, called at {}", location.scope->name,
                            to_string(*location.scope->opened));
    for (char& c : text) // it stands in one line of emitted comments
        if (static_cast<unsigned char>(c) < 32) c = ' ';
    return text;
}

} // namespace croton::inline v1
