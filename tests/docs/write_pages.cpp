// Writes the pages of docs/ that are printouts: ops.md, options.md, pipeline.md, rules.md.
//
//   write_pages FOLDER            writes them
//   write_pages --check FOLDER    fails, naming the first line, where a page is not the printout
#include <croton/compiler/environment.hpp>
#include <croton/compiler/options.hpp>
#include <croton/ir/ops.hpp>
#include <croton/ir/overloaded.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rules.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "docs/public_functions.hpp"

namespace ct = croton;

namespace {

constexpr std::array dtypes{ct::DType::boolean, ct::DType::i8,  ct::DType::i16,  ct::DType::i32,
                            ct::DType::i64,     ct::DType::u8,  ct::DType::u16,  ct::DType::u32,
                            ct::DType::u64,     ct::DType::f16, ct::DType::bf16, ct::DType::f32,
                            ct::DType::f64};

/// A cell of a Markdown table.
std::string cell(std::string_view text)
{
    std::string result;
    for (const char c : text)
        result += c == '|' ? std::string("\\|") : std::string(1, c);
    return result;
}

/// The result where operand 0 has dtype `d`, as the op's own rule says; empty where it refuses.
std::string result_of(const ct::Op& op, ct::DType d)
{
    std::vector<ct::OperandDType> operands(std::max<std::size_t>(op.arity, 1), {d, false});
    if (op.dtype == ct::select_dtypes) operands[0].dtype = ct::DType::boolean;
    ct::DTypeArgs args{op, nullptr, nullptr, operands, d};
    try {
        op.dtype(args);
    } catch (const ct::UserError&) {
        return {};
    }
    return std::string(ct::name(args.result));
}

/// "bool, integers -> f64, floats": accepted groups; the result where it differs from the operand.
std::string dtypes_of(const ct::Op& op)
{
    constexpr std::array plain{ct::promote_operands, ct::promote_numbers, ct::promote_to_float,
                               ct::promote_integers, ct::promote_compare, ct::float_to_boolean,
                               ct::logical_dtypes,   ct::select_dtypes,   ct::same_dtype,
                               ct::widen_sum};
    // Other rules read the Apply's parameters.
    if (std::ranges::find(plain, op.dtype) == plain.end()) return "see the function";
    static const std::array<std::pair<std::string_view, std::vector<ct::DType>>, 3> groups{{
        {"bool", {ct::DType::boolean}},
        {"integers", {dtypes.begin() + 1, dtypes.begin() + 9}},
        {"floats", {dtypes.begin() + 9, dtypes.end()}},
    }};
    std::string text;
    for (const auto& [group, members] : groups) {
        std::vector<std::string> results;
        bool kept = true;
        for (const ct::DType d : members) {
            results.push_back(result_of(op, d));
            kept = kept && results.back() == ct::name(d);
        }
        if (std::ranges::count(results, "") > 0) continue;
        text += text.empty() ? "" : ", ";
        text += group;
        if (kept) continue;
        std::ranges::sort(results);
        const auto [last, end] = std::ranges::unique(results);
        results.erase(last, end);
        text += " to";
        for (std::size_t i = 0; i < results.size(); ++i)
            text += (i == 0 ? " " : " or ") + results[i];
    }
    return text;
}

std::string lowering_of(const ct::Op& op)
{
    return std::visit(
        ct::overloaded{
            [](const ct::Pointwise&) { return std::string("pointwise"); },
            [](const ct::IndexMap&) { return std::string("index map"); },
            [](const ct::Iota&) { return std::string("iota"); },
            [](const ct::Reduce& r) { return "reduce, " + std::string(name(r.monoid)); },
            [](const ct::Prefix& p) { return "prefix, " + std::string(name(p.monoid)); },
            [](const ct::Gather&) { return std::string("gather"); },
            [](const ct::Scatter&) { return std::string("scatter"); },
            [](const ct::Contract&) { return std::string("contract"); },
            [](const ct::Scan&) { return std::string("scan"); },
            [](const ct::Switch&) { return std::string("switch"); },
            [](const ct::Composite&) { return std::string("composite"); },
        },
        op.lowering);
}

std::string gradient_of(const ct::Op& op)
{
    const auto* none = std::get_if<ct::NotDifferentiable>(&op.grad);
    if (none) return "no: " + std::string(none->reason);
    return std::holds_alternative<ct::StopsGradient>(op.grad) ? "stops here" : "yes";
}

const ct::Op* record_named(std::string_view name)
{
    const auto at = std::ranges::find(ct::all_ops(), name, &ct::Op::name);
    return at == ct::all_ops().end() ? nullptr : *at;
}

/// The comment at its declaration; else what its record says, or where the comment stands.
std::string meaning_of(const ct::test::PublicFunction& f)
{
    if (!f.meaning.empty()) return f.meaning;
    if (!f.records.empty() && f.records.size() == f.calls.size()) {
        std::string text;
        for (const std::string& record : f.records)
            if (const ct::Op* op = record_named(record))
                text += (text.empty() ? "" : " ") + std::string(op->doc);
        return text;
    }
    const ct::Op* record = f.records.size() == 1 ? record_named(f.records[0]) : nullptr;
    if (record) return std::string(record->doc);
    return f.described_with.empty() ? "" : "see `" + f.described_with + "`";
}

/// What users call, as the headers declare it.
std::string functions_table()
{
    const std::string root = CROTON_SOURCE_FOLDER;
    std::vector<std::string> headers;
    for (const auto& entry :
         std::filesystem::directory_iterator(root + "/ir/include/croton/ir/ops"))
        headers.push_back(entry.path().string());
    std::ranges::sort(headers);
    headers.push_back(root + "/passes/include/croton/passes/grad.hpp");
    std::string text, header;
    for (const ct::test::PublicFunction& f :
         ct::test::public_functions(headers, root + "/ir/ops")) {
        if (header != f.header)
            text += "\n**[" + f.header.substr(f.header.rfind('/') + 1) + "](.." +
                    f.header.substr(root.size()) +
                    ")**\n\n| call | meaning | record |\n| --- | --- | --- |\n";
        header = f.header;
        std::string calls, records;
        for (const std::string& call : f.calls_with_defaults)
            calls += (calls.empty() ? "`" : ", `") + cell(call) + "`";
        for (const std::string& record : f.records)
            if (record_named(record)) records += (records.empty() ? "`" : ", `") + record + "`";
        const std::string meaning = meaning_of(f);
        if (meaning.empty())
            throw std::runtime_error(f.header + ": no comment says what " + f.name + " is");
        text += "| " + calls + " | " + cell(meaning) + " | " + records + " |\n";
    }
    return text;
}

std::string ops_page()
{
    std::string text =
        "# Ops\n\n"
        "## Functions\n\n"
        "What users call, as the headers declare it, and the records that it makes where its own "
        "definition names them;\n"
        "the others are made of functions and operators. Each also takes the place of the call, "
        "which is left out here.\n"
        "Operands are Variables, and whatever becomes one: numbers, Extents, Arrays. An axis is an "
        "int, several are `{0, 1}`\n(`ct::Axis{0}` where a number could stand as well: `max(x, "
        "ct::Axis{0})`), a shape is `{n, 3}`; a negative axis counts from the end. "
        "A parameter with a default may be left out. What else a call takes, its header says.\n" +
        functions_table() +
        "\n## Records\n\n"
        "Every op's record, as `all_ops()` lists them. Operands of several dtypes are promoted "
        "together first, as NumPy does.\n\n"
        "| op | meaning | operands | gradient | lowering |\n| --- | --- | --- | --- | --- |\n";
    for (const ct::Op* op : ct::all_ops())
        text += "| `" + std::string(op->name) + "` | " + cell(op->doc) + " | " + dtypes_of(*op) +
                " | " + cell(gradient_of(*op)) + " | " + lowering_of(*op) + " |\n";
    return text;
}

/// The members of Options with their comments, as the header has them.
std::string options_page()
{
    std::string text =
        "# Options\n\n"
        "`function(inputs, outputs, options)` takes these; each has a default. Designated "
        "initialisers stand in the order of this table, as C++ wants it: "
        "`{.name = \"f\", .updates = .., .strict = true}`.\n\n"
        "| member | default | meaning |\n| --- | --- | --- |\n";
    std::ifstream header(CROTON_OPTIONS_HEADER);
    std::string line, comment;
    while (std::getline(header, line) && line != "struct Options {") {
    }
    while (std::getline(header, line) && line != "};") {
        line.erase(0, line.find_first_not_of(' '));
        if (line.starts_with("/// ")) {
            comment += (comment.empty() ? "" : " ") + line.substr(4);
            continue;
        }
        const std::size_t end = line.find(';'); // of "type name{};" or "type name = value;"
        if (end == line.npos) continue;
        const bool empty = line.substr(0, end).ends_with("{}");
        const std::size_t name_end = empty ? end - 2 : line.find(" = ");
        const std::size_t name = line.rfind(' ', name_end - 1) + 1;
        text += "| `" + line.substr(name, name_end - name) + "` | " +
                (empty ? "empty" : "`" + line.substr(name_end + 3, end - name_end - 3) + "`") +
                " | " + cell(comment) + " |\n";
        comment.clear();
    }
    text += "\n# Environment\n\nRead once, when the first function is made.\n\n"
            "| variable | default | meaning |\n| --- | --- | --- |\n";
    for (const ct::EnvironmentVariable& v : ct::environment_variables())
        text += "| `" + std::string(v.name) + "` | " + cell(v.default_value) + " | " +
                cell(v.meaning) + " |\n";
    return text;
}

std::string pipeline_page()
{
    return "# Pipeline\n\nWhat every function goes through between the user's graph and the "
           "schedule, as `cpu_pipeline()` prints itself.\n\n```\n" +
           ct::cpu_pipeline().to_string() + "```\n";
}

/// Every rule as it prints itself.
std::string rules_page()
{
    std::string text =
        "# Rewrite rules\n\n"
        "Written from the rule sets. A rule replaces its left side by its right; how the two may "
        "differ is its exactness:\n"
        "`bitwise` the same bits; `sharper` at least as near to the true value; `domain` bitwise "
        "except for NaN, infinities, zeros and what is out of an op's domain;\n"
        "`rounding` a few units in the last place, and as `domain`. Strict mode keeps `bitwise` "
        "and `sharper`. A "
        "rule marked * also has a condition, given next to it in the source.\n"
        "`Options::rules_off` switches a rule off by its text, `left -> right`, as "
        "`Function::explain()` prints it: `{\"log(exp(x)) -> x\"}`.\n";
    for (const ct::RuleSet& set : ct::all_rules()) {
        text += "\n## " + std::string(set.name()) +
                "\n\n| left | right | exactness |\n| --- | --- | --- |\n";
        for (const auto& rule : set.rules()) {
            const std::string both = rule->info->text();
            const std::size_t arrow = both.find(" -> ");
            text += "| `" + cell(both.substr(0, arrow)) + "` | `" + cell(both.substr(arrow + 4)) +
                    "` | " + std::string(name(rule->exactness)) + (rule->when ? " *" : "") + " |\n";
        }
    }
    return text;
}

std::string read(const std::string& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The number of the first line in which two texts differ.
int first_difference(const std::string& a, const std::string& b)
{
    std::istringstream as(a), bs(b);
    std::string x, y;
    int number = 0;
    do {
        ++number;
        if (!std::getline(as, x)) x.clear();
        if (!std::getline(bs, y)) y.clear();
    } while (x == y && (as || bs));
    return number;
}

} // namespace

int main(int argc, char** argv)
try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool check = !arguments.empty() && arguments[0] == "--check";
    if (arguments.size() != (check ? 2u : 1u)) {
        std::fprintf(stderr, "usage: write_pages [--check] FOLDER\n");
        return 2;
    }
    int status = 0;
    for (const auto& [page, text] :
         {std::pair{"ops.md", ops_page()}, std::pair{"options.md", options_page()},
          std::pair{"pipeline.md", pipeline_page()}, std::pair{"rules.md", rules_page()}}) {
        const std::string path = arguments.back() + "/" + page;
        const std::string found = read(path);
        if (found == text) continue;
        if (!check) {
            std::ofstream(path) << text;
            std::printf("%s: rewritten\n", path.c_str());
            continue;
        }
        std::fprintf(stderr, "%s:%d: is not what is printed; ./dev docs rewrites it\n",
                     path.c_str(), first_difference(found, text));
        status = 1;
    }
    return status;
} catch (const std::runtime_error& e) {
    std::fprintf(stderr, "write_pages: %s\n", e.what());
    return 1;
}
