#include <croton/ir/build.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/graph_text.hpp>
#include <croton/ir/verify.hpp>

#include <algorithm>
#include <array>
#include <variant>

#include "call_check.hpp"
#include "function_data.hpp"
#include "npy.hpp"
#include "version.hpp"

namespace croton::inline v1 {

namespace {

using detail::FunctionData;

constexpr std::string_view first_words = "croton function ";
/// Raised when a file of the new format can't be read by an older library.
constexpr std::int64_t format_version = 5;
constexpr std::string_view graph_member = "graph.txt";

struct OptionField {
    std::string_view name;
    std::variant<bool*, int*, std::size_t*, Matmul*, Publish*, std::vector<std::string>*> value;
};

/// Every option that a stored function keeps. The binding names all members, so that a new one
/// does not compile until it is decided here what becomes of it.
auto stored_options(Options& options)
{
    auto& [name, updates, givens, in_place, threads, reference, finite_checks, profile,
           memory_limit_bytes, strict, fast_start, matmul, publish, sanitize, gaps, rules_off,
           cache, allow_unused_inputs] = options;
    (void)name;    // stored by itself
    (void)updates; // part of the graph, as givens are
    (void)givens;
    (void)in_place; // stored with the arguments
    (void)sanitize; // of a process, not of the function
    (void)gaps;
    return std::array{
        OptionField{"threads", &threads},
        OptionField{"reference", &reference},
        OptionField{"finite_checks", &finite_checks},
        OptionField{"profile", &profile},
        OptionField{"memory_limit_bytes", &memory_limit_bytes},
        OptionField{"strict", &strict},
        OptionField{"fast_start", &fast_start},
        OptionField{"matmul", &matmul},
        OptionField{"publish", &publish},
        OptionField{"rules_off", &rules_off},
        OptionField{"cache", &cache},
        OptionField{"allow_unused_inputs", &allow_unused_inputs},
    };
}

std::string option_text(const OptionField& option)
{
    if (const auto* b = std::get_if<bool*>(&option.value)) return **b ? " 1" : " 0";
    if (const auto* i = std::get_if<int*>(&option.value)) return fmt::format(" {}", **i);
    if (const auto* n = std::get_if<std::size_t*>(&option.value)) return fmt::format(" {}", **n);
    if (const auto* m = std::get_if<Matmul*>(&option.value))
        return fmt::format(" {}", static_cast<int>(**m));
    if (const auto* p = std::get_if<Publish*>(&option.value))
        return fmt::format(" {}", static_cast<int>(**p));
    std::string text;
    for (const std::string& one : **std::get_if<std::vector<std::string>*>(&option.value))
        text += " " + GraphWriter::quoted(one);
    return text;
}

/// One of two.
template <class Enum>
Enum choice(StoredLine& line, std::string_view refusal)
{
    const std::int64_t number = line.integer();
    if (number != 0 && number != 1) line.refuse(refusal);
    return static_cast<Enum>(number);
}

void read_option(const OptionField& option, StoredLine& line)
{
    if (const auto* b = std::get_if<bool*>(&option.value))
        **b = line.integer() != 0;
    else if (const auto* i = std::get_if<int*>(&option.value))
        **i = static_cast<int>(line.integer());
    else if (const auto* n = std::get_if<std::size_t*>(&option.value))
        **n = static_cast<std::size_t>(line.integer());
    else if (const auto* m = std::get_if<Matmul*>(&option.value))
        **m = choice<Matmul>(line, "matmul is neither own nor by a library");
    else if (const auto* p = std::get_if<Publish*>(&option.value))
        **p = choice<Publish>(line, "publish is neither in place nor by a swap");
    else
        while (!line.at_end())
            (*std::get_if<std::vector<std::string>*>(&option.value))->push_back(line.quoted());
}

/// `defaults` are constants, one per input; empty where a call must give it.
std::string
function_text(const FunctionData& f, const std::vector<Variable>& defaults, GraphWriter& graph)
{
    std::string rest =
        fmt::format("name {}\nat {}\n", GraphWriter::quoted(f.name), graph.place(f.where));
    Options options = f.options;
    for (const OptionField& o : stored_options(options))
        rest += fmt::format("option {}{}\n", o.name, option_text(o));
    rest += fmt::format("inputs {}\n", graph.reference(f.inputs));
    rest += fmt::format("shared {}\n", graph.reference(f.shared));
    rest += fmt::format("updates {}\n", graph.reference(f.targets));
    rest += fmt::format("outputs {}", graph.reference(f.written));
    for (const std::string& name : f.output_names)
        rest += " " + GraphWriter::quoted(name);
    rest += "\n";
    rest += "layouts";
    for (const Layout layout : f.layouts)
        rest += fmt::format(" {}", static_cast<int>(layout));
    rest += "\n";
    for (const Alias& a : f.options.in_place)
        rest += fmt::format("alias {} {}\n", a.input, a.output);
    for (std::size_t i = 0; i < f.inputs.size(); ++i)
        if (!defaults[i].is_empty())
            rest += fmt::format("default {} {}\n", i, graph.reference(defaults[i]));
    for (const Requirement& r : f.requirements)
        rest +=
            fmt::format("requires {} {} {} {} {}\n",
                        r.kind == Requirement::Kind::equal ? "equal" : "at_most", graph.extent(r.a),
                        graph.extent(r.b), GraphWriter::quoted(words(r)), graph.place(r.where));
    for (std::size_t i = 0; i < f.axis_reasons.size(); ++i)
        if (const std::string reason = f.axis_reasons.of(i); !reason.empty())
            rest += fmt::format("reason {} {}\n", i, GraphWriter::quoted(reason));
    return fmt::format("{}{} {}\n{}{}end\n", first_words, format_version,
                       GraphWriter::quoted(library_version), graph.text(), rest);
}

/// NumPy has no bf16: its bits as u16, which the graph's text reads back as bf16.
npy::Member array_member(const std::string& name, const Array& value)
{
    Array stored = value.contiguous();
    std::string suffix = ".npy";
    if (stored.dtype() == DType::bf16) {
        stored = Array::borrow_strided(DType::u16, stored.data(), stored.extents(),
                                       {stored.strides().begin(), stored.strides().end()});
        suffix = ".bf16.npy";
    }
    return {name + suffix, npy::write(stored, "save")};
}

std::pair<std::string, Array> stored_array(const npy::Member& member, std::string_view path)
{
    Array array = npy::read(member.bytes, fmt::format("{}: {}", path, member.name), "load");
    std::string name = member.name.substr(0, member.name.find('.'));
    if (member.name.ends_with(".bf16.npy") && array.dtype() == DType::u16)
        array = Array::borrow_strided(DType::bf16, array.data(), array.extents(),
                                      {array.strides().begin(), array.strides().end()})
                    .clone();
    return {std::move(name), std::move(array)};
}

/// "'W', 'b'".
std::string name_list(const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names)
        text += fmt::format("{}'{}'", text.empty() ? "" : ", ", name);
    return text.empty() ? "none" : text;
}

/// Reads one file.
class Loader {
public:
    Loader(std::string_view path, const LoadOptions& options)
        : path_(path), options_(options), members_(read_members(path))
    {}

    detail::Ref<const FunctionData> load()
    {
        NamedArrays arrays;
        for (std::size_t i = 1; i < members_.size(); ++i)
            arrays.push_back(stored_array(members_[i], path_));
        auto* f = new FunctionData({});
        auto owner = detail::Ref<const FunctionData>::adopt(f);
        GraphReader graph(arrays, options_.ops, options_.shared);
        read_lines(members_[0].bytes, graph, *f);
        check_given(graph.shared_names());
        f->defaults.resize(f->inputs.size());
        check(*f);
        check_options(*f);
        f->options.name = f->name;
        detail::compile(*f);
        return owner;
    }

private:
    template <class... A>
    [[noreturn]] void refuse(fmt::format_string<A...> text, A&&... values) const
    {
        throw user_error(Code::domain, nullptr, "load", "{}: {}", path_,
                         fmt::format(text, std::forward<A>(values)...));
    }

    std::vector<npy::Member> read_members(std::string_view path) const
    {
        const std::string bytes = npy::read_file(path, "load", npy::zip_magic);
        if (!bytes.starts_with("PK\x03\x04")) refuse("this is no stored function");
        std::vector<npy::Member> members = npy::read_archive(bytes, path, "load");
        if (members.empty() || members[0].name != graph_member ||
            !members[0].bytes.starts_with(first_words))
            refuse("this is an archive, but no stored function");
        // An archive of equal members has equal bytes: what checksums leave out is compared too.
        if (npy::write_archive(members, path, "load") != bytes)
            refuse("it is damaged: a name, a size or a place in the archive differs");
        return members;
    }

    void read_lines(std::string_view text, GraphReader& graph, FunctionData& f)
    {
        bool ended = false;
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            StoredLine line(text.substr(0, end), path_, number);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (number == 1)
                read_version(line);
            else {
                const std::string_view first = line.word();
                ended = first == "end";
                if (!ended && !graph.take(first, line)) read_line(first, line, graph, f);
            }
        }
        if (!ended) refuse("the graph ends too early");
    }

    void read_version(StoredLine& line) const
    {
        (void)line.word();
        (void)line.word();
        const std::int64_t version = line.integer();
        if (version != format_version)
            refuse("it has format {}, written by Croton {}; this one reads format {}", version,
                   line.quoted(), format_version);
    }

    static Requirement requirement(StoredLine& line, const GraphReader& graph)
    {
        Requirement r{Requirement::Kind::equal, 0, 0, {}, nullptr};
        if (line.accept("at_most"))
            r.kind = Requirement::Kind::at_most;
        else if (!line.accept("equal"))
            line.refuse(fmt::format("'{}' is not known here", line.word()));
        r.a = graph.extent(line);
        r.b = graph.extent(line);
        r.text = line.quoted();
        r.where = graph.place(line);
        return r;
    }

    static Layout layout(StoredLine& line)
    {
        const std::int64_t number = line.integer();
        if (number < 0 || number > static_cast<int>(Layout::any))
            line.refuse(fmt::format("layout {} is not known", number));
        return static_cast<Layout>(number);
    }

    static void
    read_line(std::string_view first, StoredLine& line, GraphReader& graph, FunctionData& f)
    {
        if (first == "name")
            f.name = line.quoted();
        else if (first == "at")
            f.where = graph.place(line);
        else if (first == "inputs")
            f.inputs = graph.references(line);
        else if (first == "shared")
            f.shared = graph.references(line);
        else if (first == "updates")
            f.targets = graph.references(line);
        else if (first == "outputs") {
            f.written = graph.references(line);
            while (!line.at_end())
                f.output_names.push_back(line.quoted());
        } else if (first == "layouts") {
            while (!line.at_end())
                f.layouts.push_back(layout(line));
        } else if (first == "alias") {
            const auto input = static_cast<int>(line.integer());
            f.options.in_place.push_back({input, static_cast<int>(line.integer())});
        } else if (first == "default") {
            const auto at = static_cast<std::size_t>(line.integer());
            const Variable value = graph.reference(line);
            if (at >= f.inputs.size() || value.leaf() != Leaf::constant)
                line.refuse("a default has no input, or is no constant");
            f.defaults.resize(f.inputs.size());
            f.defaults[at] = value.constant();
        } else if (first == "requires") {
            f.requirements.push_back(requirement(line, graph));
        } else if (first == "reason") {
            std::size_t axes = 0;
            for (const Variable& v : f.inputs)
                axes += v.shape().size();
            const auto at = static_cast<std::size_t>(line.integer());
            if (at >= axes) line.refuse(fmt::format("the inputs have no axis {}", at));
            f.axis_reasons.set(at, line.quoted());
        } else if (first == "option") {
            const std::string_view name = line.word();
            for (const OptionField& o : stored_options(f.options))
                if (o.name == name) return read_option(o, line);
            line.refuse(fmt::format("option '{}' is not known", name));
        } else
            line.refuse(fmt::format("'{}' is not known here", first));
    }

    /// Each of LoadOptions::shared stands for one of the file's.
    void check_given(const std::vector<std::string>& names) const
    {
        for (const Shared& s : options_.shared) {
            const auto count = std::ranges::count(names, s.name());
            if (count > 1) refuse("{} shared variables are named '{}'", count, s.name());
            if (count == 0)
                refuse("it has no shared variable '{}'; it has {}", s.name(), name_list(names));
            const auto is_other = [&](const Shared& v) {
                return v.name() == s.name() && !same(v, s);
            };
            if (std::ranges::any_of(options_.shared, is_other))
                refuse("two are given for shared variable '{}'", s.name());
        }
    }

    void check_options(const FunctionData& f) const
    {
        if (f.options.threads < 0) refuse("threads is {}; 0 is all there are", f.options.threads);
    }

    /// Adds what the rules require and the file does not say, as one that was not changed does: a
    /// call would read beyond an array.
    void check(FunctionData& f) const
    {
        const auto all_are = [](const std::vector<Variable>& list, Leaf leaf) {
            return std::ranges::all_of(list, [&](const Variable& v) { return v.leaf() == leaf; });
        };
        const bool whole = f.layouts.size() == f.inputs.size() + f.output_names.size() &&
                           f.defaults.size() == f.inputs.size() && !f.written.empty() &&
                           f.written.size() == f.output_names.size() + f.targets.size() &&
                           all_are(f.inputs, Leaf::input) && all_are(f.shared, Leaf::shared) &&
                           all_are(f.targets, Leaf::shared);
        if (!whole) refuse("inputs, outputs and updates do not fit together");
        std::vector<Variable> inputs = f.inputs;
        inputs.insert(inputs.end(), f.shared.begin(), f.shared.end());
        try {
            for (Requirement& r : verify_stored(inputs, f.written)) {
                const auto is_it = [&](const Requirement& have) { return same(have, r); };
                if (!always_holds(r) && std::ranges::none_of(f.requirements, is_it))
                    f.requirements.push_back(std::move(r));
            }
        } catch (const InternalError& error) {
            refuse("its graph does not hold together: {}", error.message());
        }
    }

    std::string_view path_;
    const LoadOptions& options_;
    std::vector<npy::Member> members_;
};

void save(const FunctionData& f, std::string_view path)
{
    std::vector<Variable> values = f.written;
    values.insert(values.end(), f.inputs.begin(), f.inputs.end());
    values.insert(values.end(), f.shared.begin(), f.shared.end());
    values.insert(values.end(), f.targets.begin(), f.targets.end());
    std::vector<Variable> defaults(f.inputs.size());
    for (std::size_t i = 0; i < defaults.size(); ++i) {
        if (!f.defaults[i]) continue;
        defaults[i] = constant(f.defaults[i], nullptr);
        values.push_back(defaults[i]);
    }
    GraphWriter graph(values, f.requirements);
    std::vector<npy::Member> members{
        {std::string(graph_member), function_text(f, defaults, graph)}};
    for (const auto& [name, value] : graph.arrays())
        members.push_back(array_member(name, value));
    npy::write_file(path, npy::write_archive(members, path, "save"), "save");
}

} // namespace

void Function::save(std::string_view path, Where where) const
{
    detail::at_place(where, [&] { croton::save(*data_, path); });
}

Function Function::load(std::string_view path, const LoadOptions& options, Where where)
{
    return Function(detail::at_place(where, [&] { return Loader(path, options).load(); }));
}

Shared Function::shared(std::string_view name, Where where) const
{
    const FunctionData& f = *data_;
    std::vector<Variable> all = f.shared;
    for (const Variable& v : f.targets)
        if (std::ranges::none_of(f.shared, [&](const Variable& s) { return same(s, v); }))
            all.push_back(v);
    std::vector<std::string> names;
    const Variable* found = nullptr;
    for (const Variable& v : all) {
        names.emplace_back(v.name());
        if (v.name() == name) found = &v;
    }
    const auto count = std::ranges::count(names, name);
    if (count == 1) return detail::as_shared(*found);
    if (count > 1)
        throw user_error(Code::domain, locate(where), f.name, "{} shared variables are named '{}'",
                         count, name);
    throw user_error(Code::domain, locate(where), f.name, "has no shared variable '{}'; it has {}",
                     name, name_list(names));
}

} // namespace croton::inline v1
