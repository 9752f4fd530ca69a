#include "remark_notes.hpp"

#include <croton/ir/format.hpp>

#include <algorithm>
#include <charconv>

#include "compile_units.hpp"

namespace croton::inline v1 {

namespace {

std::string_view take_line(std::string_view& text)
{
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

template <class Integer>
bool take_number(std::string_view& text, Integer& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data() + text.size() || *end != ' ') {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end + 1 - text.data()));
    return true;
}

/// Of a text that is its own canonical one, lines are places.
std::size_t place_of(const ProgramUnit& unit, int line)
{
    if (unit.token_lines.empty()) {
        return static_cast<std::size_t>(line);
    }
    const auto at = std::ranges::lower_bound(unit.token_lines, line);
    return static_cast<std::size_t>(at - unit.token_lines.begin());
}

int line_at(const ProgramUnit& unit, std::size_t place)
{
    if (unit.token_lines.empty()) {
        return static_cast<int>(place);
    }
    return unit.token_lines[std::min(place, unit.token_lines.size() - 1)];
}

} // namespace

std::string notes_of(const ProgramUnit& unit, const std::vector<Remark>& remarks)
{
    std::string notes;
    for (const Remark& remark : remarks) {
        std::string message = remark.message;
        std::replace(message.begin(), message.end(), '\n', ' ');
        notes += fmt::format("{} {} {}\n", place_of(unit, remark.line), remark.column, message);
    }
    return notes;
}

std::string as_unit(std::size_t unit, std::string_view notes)
{
    std::string all;
    while (!notes.empty()) {
        all += fmt::format("{} {}\n", unit, take_line(notes));
    }
    return all;
}

void add_remarks(CompileReport& report,
                 std::string_view notes,
                 std::string_view program,
                 std::span<const ProgramUnit> units)
{
    while (!notes.empty()) {
        std::string_view line = take_line(notes);
        std::size_t place = 0;
        Remark remark;
        if (take_number(line, remark.unit) && take_number(line, place) &&
            take_number(line, remark.column) && remark.unit < units.size()) {
            remark.file = unit_file(program, remark.unit, units.size());
            remark.line = line_at(units[remark.unit], place);
            remark.message = line;
            report.missed_vectorisation.push_back(std::move(remark));
        }
    }
}

std::string line_of(const std::vector<std::string>& names)
{
    return fmt::format("{}\n", fmt::join(names, " "));
}

std::vector<std::string> take_names(std::string& notes)
{
    std::string_view rest = notes;
    std::string_view line = take_line(rest);
    std::vector<std::string> names;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        names.emplace_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    notes.erase(0, notes.size() - rest.size());
    return names;
}

} // namespace croton::inline v1
