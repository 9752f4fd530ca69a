#include <croton/codegen/export_text.hpp>
#include <croton/codegen/prelude.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/print.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include "comment_text.hpp"
#include "literals.hpp"
#include "names.hpp"
#include "prelude_text.hpp"
#include "tokens.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

namespace {

constexpr std::int32_t no_workspace = 1 << 23; ///< a code beside those of programs: NAME_call's own

/// An identifier that begins every name, so that several exported functions fit one program.
std::string prefix_of(std::string_view name)
{
    std::string text;
    for (char c : name)
        text += is_word(c) ? c : '_';
    if (text.empty() || text[0] == '_' || (text[0] >= '0' && text[0] <= '9')) text.insert(0, "f");
    return text;
}

std::string upper(std::string text)
{
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A'); // in any locale
    return text;
}

std::string in_string(std::string_view text)
{
    std::string quoted;
    for (char c : text) {
        if (c == '"' || c == '\\' || (c == '?' && quoted.ends_with('?'))) quoted += '\\';
        quoted += static_cast<unsigned char>(c) < 32 ? ' ' : c;
    }
    return "\"" + quoted + "\"";
}

/// What a guard's failure means, without the values.
std::string failed_text(const Guard& g)
{
    const Requirement& r = g.must;
    std::string text = r.kind == Requirement::Kind::equal
                           ? fmt::format("{} is not {}", words(r), to_string(r.b))
                           : fmt::format("{} needs {}", words(r), order_text(r));
    if (!g.of_argument && r.where) text += " at " + to_string(*r.where);
    return text;
}

/// "take at model.cpp:3", "div, in the gradient of sqrt at model.cpp:3".
std::string op_text(const Apply& a)
{
    if (!a) return "an input";
    std::string text(written_name(a));
    if (const Location* where = a.location())
        text += where->of_gradient ? gradient_text(where) : " at " + to_string(*where);
    return text;
}

/// The text with one place replaced, which has to be there.
std::string with(std::string text, std::string_view from, std::string_view to)
{
    const std::size_t at = text.find(from);
    if (at == text.npos) throw internal_error("export", "the text does not hold '{}'", from);
    return text.replace(at, from.size(), to);
}

/// The element types of <stdint.h> in place of the prelude's.
std::string with_stdint(std::string_view text)
{
    static constexpr std::pair<std::string_view, std::string_view> types[] = {
        {"i8", "int8_t"},  {"i16", "int16_t"},  {"i32", "int32_t"},  {"i64", "int64_t"},
        {"u8", "uint8_t"}, {"u16", "uint16_t"}, {"u32", "uint32_t"}, {"u64", "uint64_t"},
        {"f32", "float"},  {"f64", "double"},   {"b8", "uint8_t"}};
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        if (!is_word(text[i])) {
            result += text[i++];
            continue;
        }
        std::size_t end = i;
        while (end < text.size() && is_word(text[end]))
            ++end;
        const std::string_view word = text.substr(i, end - i);
        const auto* known = std::find_if(std::begin(types), std::end(types),
                                         [&](const auto& t) { return t.first == word; });
        result += known == std::end(types) ? word : known->second;
        i = end;
    }
    return result;
}

std::string_view prelude_file(std::string_view name)
{
    for (const PreludeFile& file : prelude_files)
        if (file.name == name) return file.text;
    throw internal_error("export", "the prelude has no {}", name);
}

/// Elements as literals; 16-bit floats as their bits.
std::string elements(const Array& array)
{
    std::string text, line = "   ";
    const std::int64_t n = array.size();
    const bool bits = array.dtype() == DType::f16 || array.dtype() == DType::bf16;
    const char* bytes = static_cast<const char*>(array.data());
    for (std::int64_t i = 0; i < n; ++i) {
        std::string one;
        if (bits) {
            std::uint16_t element = 0;
            std::memcpy(&element, bytes + 2 * i, 2);
            one = fmt::format(" {}", element);
        } else
            one = " " + literal(Array::borrow_strided(
                            array.dtype(),
                            const_cast<char*>(bytes) +
                                i * static_cast<std::int64_t>(size_bytes(array.dtype())),
                            {}, {}));
        if (i + 1 < n) one += ',';
        if (line.size() + one.size() > 100) {
            text += line + "\n";
            line = "   ";
        }
        line += one;
    }
    return n == 0 ? "    0\n" : text + line + "\n"; // C has no arrays of no elements
}

/// One pointer parameter of the call.
struct Parameter {
    std::string type; ///< in the prelude's words
    std::string name;
    std::string text; ///< for the reader: "f32 (n, 64)"
};

class Exporter {
public:
    Exporter(const Program& program, const ExportNames& names, std::span<const Array> values)
        : program_(program), names_(names), values_(values), prefix_(prefix_of(names.name))
    {
        for (std::string_view word : {"in", "out", "extents", "workspace", "report", "runtime"})
            taken_.reserve(word);
        for (const Variable& v : program.inputs)
            for (const Extent& e : v.shape())
                for (const detail::Atom* s : symbols(e))
                    if (!symbols_.contains(s)) {
                        symbols_[s] = taken_.fresh(croton::name(s), "n");
                        extents_.push_back(symbols_[s]);
                    }
        for (const Variable& v : program.inputs)
            inputs_.push_back({fmt::format("const {}*", memory_type(v.dtype())),
                               taken_.fresh(v.name(), "x"), described(v, inputs_.size())});
        for (std::size_t i = 0; i < program.outputs.size(); ++i) {
            const bool update = i >= names.outputs.size();
            const std::string wanted =
                update ? names.updated[i - names.outputs.size()] + "_next" : names.outputs[i];
            outputs_.push_back({fmt::format("{}*", memory_type(program.outputs[i].dtype())),
                                taken_.fresh(wanted, "y"),
                                described(program.outputs[i], inputs_.size() + i)});
        }
    }

    ExportedText write()
    {
        std::string program = with(program_.source, "CT_EXPORT i32 run(",
                                   fmt::format("CT_EXPORT i32 {}_run(", prefix_));
        program = with(std::move(program), "CT_EXPORT i64 workspace_bytes(",
                       fmt::format("CT_EXPORT i64 {}_workspace_bytes(", prefix_));
        const std::string body = program + data() + entries();
        // Two exported functions have kernels of the same names: each keeps its own to itself.
        std::string prelude = with(prelude_for(body),
                                   "#define CT_KERNEL CT_EXTERN_C "
                                   "__attribute__((visibility(\"hidden\")))",
                                   "#define CT_KERNEL static");
        return {prefix_, header(), top() + prelude + std::string(end_of_prelude) + body};
    }

private:
    /// Dtype and shape of the `argument`-th array as the user has it: "f32 (n, 64), column-major".
    std::string described(const Variable& v, std::size_t argument) const
    {
        if (argument >= names_.column_major.size() || !names_.column_major[argument])
            return to_string(v.type());
        const Shape& shape = v.shape();
        return to_string(Type{v.dtype(), Shape(shape.rbegin(), shape.rend())}) + ", column-major";
    }

    std::string top() const
    {
        return fmt::format("/* {}\n"
                           " *\n"
                           " * Written by Croton {}. Compile it as C11 or C++20 with\n"
                           " *     {} -march=x86-64-v3\n"
                           " * (or for any newer CPU, or aarch64): these flags fix what it means, "
                           "to the bit.\n"
                           " * It includes nothing and calls nothing but what compilers call: "
                           "memcpy, memset, memmove.\n"
                           " * {}.h says how it is called. */\n\n",
                           comment_text(names_.signature), names_.version, meaning_flags, prefix_);
    }

    // ---- the source's end

    std::string data() const
    {
        std::string text;
        const auto array = [&](const std::string& name, const Array& value, std::string_view what) {
            text +=
                fmt::format("\n/* {}: {} ({}). */\n"
                            "static const {} {}[{}] = {{\n{}}};\n",
                            what, croton::name(value.dtype()), fmt::join(value.shape(), ", "),
                            memory_type(value.dtype()), name,
                            std::max<std::int64_t>(value.size(), 1), elements(value.contiguous()));
        };
        for (std::size_t i = 0; i < program_.constants.size(); ++i)
            array(fmt::format("{}_constant_{}", prefix_, i), program_.constants[i], "A constant");
        for (std::size_t i = 0; i < values_.size(); ++i)
            array(fmt::format("{}_shared_{}", prefix_, i), values_[i],
                  comment_text(fmt::format("The value of {} when this was written",
                                           inputs_[first_shared() + i].name)));
        return text;
    }

    std::size_t first_shared() const { return program_.inputs.size() - names_.shared; }

    std::vector<std::string> call_parameters() const
    {
        std::vector<std::string> list;
        for (const std::string& e : extents_)
            list.push_back("i64 " + e);
        for (const Parameter& p : inputs_)
            list.push_back(p.type + " " + p.name);
        for (const Parameter& p : outputs_)
            list.push_back(p.type + " " + p.name);
        list.emplace_back("void* workspace");
        list.emplace_back("const struct ct_runtime* runtime");
        list.emplace_back("struct ct_report* report");
        return list;
    }

    /// A function's head, for the source or (`declared`) for the header.
    std::string head(std::string name, std::vector<std::string> parameters, bool declared) const
    {
        if (declared) {
            name = with_stdint(name);
            for (std::string& p : parameters)
                p = with_stdint(p);
        } else
            name.insert(0, "CT_EXPORT ");
        return parameter_list(name, parameters);
    }

    std::string call_head(bool declared) const
    {
        return head(fmt::format("i32 {}_call", prefix_), call_parameters(), declared);
    }

    std::string bytes_head(bool declared) const
    {
        std::vector<std::string> list;
        for (const std::string& e : extents_)
            list.push_back("i64 " + e);
        if (list.empty()) list.emplace_back("void");
        return head(fmt::format("i64 {}_call_workspace_bytes", prefix_), list, declared);
    }

    std::string extents_line() const
    {
        std::string list;
        for (const auto* values : {&program_.inputs, &program_.outputs})
            for (const Variable& v : *values)
                for (const Extent& e : v.shape())
                    list += (list.empty() ? "" : ", ") + c_text(e, symbols_);
        return fmt::format("const i64 extents[] = {{{}}};", list.empty() ? "0" : list);
    }

    std::string entries() const
    {
        Writer w;
        w.blank();
        {
            const auto f = w.function(bytes_head(false));
            w.raw(extents_line());
            w.line("return {}_workspace_bytes(extents);", prefix_);
        }
        w.blank();
        {
            const auto f = w.function(call_head(false));
            w.raw(extents_line());
            std::string in, out;
            for (const Parameter& p : inputs_)
                in += (in.empty() ? "" : ", ") + p.name;
            for (std::size_t i = 0; i < program_.constants.size(); ++i)
                in += fmt::format("{}{}_constant_{}", in.empty() ? "" : ", ", prefix_, i);
            for (const Parameter& p : outputs_)
                out += (out.empty() ? "" : ", ") + p.name;
            w.line("const void* const in[] = {{{}}};", in.empty() ? "0" : in);
            w.line("void* const out[] = {{{}}};", out);
            w.line("if (workspace == 0 && {}_workspace_bytes(extents) > 0)", prefix_);
            w.line("    return report->code = {};", no_workspace);
            w.line("return {}_run(runtime, in, out, extents, workspace, report);", prefix_);
        }
        table(w, "constant", program_.constants.size());
        table(w, "shared", values_.size());
        failures(w);
        if (tells_ops()) failed_ops(w);
        return w.take();
    }

    void table(Writer& w, std::string_view kind, std::size_t count) const
    {
        if (count == 0) return;
        w.blank();
        const auto f = w.function(fmt::format("CT_EXPORT const void* {}_{}(i64 i)", prefix_, kind));
        std::string list;
        for (std::size_t i = 0; i < count; ++i)
            list += fmt::format("{}{}_{}_{}", i ? ", " : "", prefix_, kind, i);
        w.line("static const void* const all[] = {{{}}};", list);
        w.line("return i >= 0 && i < {} ? all[i] : 0;", count);
    }

    void failures(Writer& w) const
    {
        w.blank();
        const auto f =
            w.function(fmt::format("CT_EXPORT const char* {}_failure(i32 code)", prefix_));
        w.raw("static const char* const guards[] = {");
        w.raw("    \"ok\",");
        for (const Guard& g : program_.guards)
            w.line("    {},", in_string(failed_text(g)));
        w.raw("};");
        w.line("if (code == {}) return \"an index is out of range\";", index_out_of_range);
        w.line("if (code == {}) return \"a value is not finite\";", not_finite);
        w.line("if (code == {}) return \"there is no workspace\";", no_workspace);
        if (!program_.gapped.empty())
            w.line("if (code == {}) return \"memory beside a value was written to\";",
                   gap_overwritten);
        w.line("return code >= 0 && code <= {} ? guards[code] : \"unknown\";",
               program_.guards.size());
    }

    bool tells_ops() const { return !program_.checked.empty() || !program_.finite.empty(); }

    void failed_ops(Writer& w) const
    {
        std::vector<std::string> checked, finite;
        for (const std::vector<Apply>& together : program_.checked) {
            std::vector<std::string> ops;
            for (const Apply& a : together)
                if (const std::string op = op_text(a); std::ranges::count(ops, op) == 0)
                    ops.push_back(op);
            checked.push_back(fmt::format("{}", fmt::join(ops, " or ")));
        }
        for (const Variable& v : names_.finite)
            finite.push_back(op_text(v.owner()));
        w.blank();
        const auto f = w.function(fmt::format(
            "CT_EXPORT const char* {}_failed_op(const struct ct_report* report)", prefix_));
        names_by_number(w, "checked", index_out_of_range, checked);
        names_by_number(w, "finite", not_finite, finite);
        w.line("return 0;");
    }

    static void names_by_number(Writer& w,
                                std::string_view table,
                                std::int32_t code,
                                const std::vector<std::string>& names)
    {
        if (names.empty()) return;
        w.line("static const char* const {}[] = {{", table);
        for (const std::string& name : names)
            w.line("    {},", in_string(name));
        w.raw("};");
        w.line("if (report->code == {} && report->apply < {}) return {}[report->apply];", code,
               names.size(), table);
    }

    // ---- the header

    std::string header() const
    {
        const std::string guard = upper(prefix_) + "_H";
        std::string text =
            fmt::format("/* {}\n"
                        " *\n"
                        " * Written by Croton {}: how {}'s source is called, and compiled with\n"
                        " *     {} -march=x86-64-v3 */\n\n",
                        comment_text(names_.signature), names_.version, prefix_, meaning_flags);
        text += fmt::format("#ifndef {0}\n#define {0}\n\n#include <stdint.h>\n\n"
                            "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n",
                            guard);
        text += fmt::format("#ifndef CT_RUNTIME_ABI\n#define CT_RUNTIME_ABI\n{}#endif\n\n",
                            with_stdint(prelude_file("runtime_abi.h")));
        text += table_of_arrays();
        text += with_stdint(declarations());
        text += fmt::format("\n#ifdef __cplusplus\n}}\n#endif\n\n#endif /* {} */\n", guard);
        return text;
    }

    std::string table_of_arrays() const
    {
        std::string text = "/* Arrays are row-major (C order) where the table does not say "
                           "column-major (Fortran order),\n * aligned to their elements, and no "
                           "output overlaps another array. Extents are not negative:\n * that is "
                           "not checked.\n *\n";
        const auto row = [&](std::string_view list, std::size_t i, const std::string& name,
                             const std::string& what) {
            text += fmt::format(" *   {:<9} {:<16} {}\n", fmt::format("{}[{}]", list, i), name,
                                comment_text(what));
        };
        for (std::size_t i = 0; i < inputs_.size(); ++i)
            row("in", i, inputs_[i].name,
                inputs_[i].text +
                    (i < first_shared()
                         ? std::string()
                         : fmt::format(", shared: {}_shared({}) is its value when this was "
                                       "written",
                                       prefix_, i - first_shared())));
        for (std::size_t i = 0; i < program_.constants.size(); ++i)
            row("in", inputs_.size() + i, fmt::format("{}_constant({})", prefix_, i), "a constant");
        for (std::size_t i = 0; i < outputs_.size(); ++i)
            row("out", i, outputs_[i].name,
                outputs_[i].text +
                    (i < names_.outputs.size()
                         ? std::string()
                         : fmt::format(", what {} is after the call{}",
                                       names_.updated[i - names_.outputs.size()],
                                       program_.replaces_input[i] ? "; may be the old one's memory"
                                                                  : "")));
        return text + " *\n * float is f32, double f64, uint8_t also bool, uint16_t also the bits "
                      "of f16 and bf16. */\n";
    }

    std::string declarations() const
    {
        std::string text = fmt::format(
            "enum {{ {0}_inputs = {1}, {0}_constants = {2}, {0}_outputs = {3} }};\n\n"
            "/* Runs it. Returns 0, or a code that {0}_failure explains (report->values: what is\n"
            " * there and what had to be; of what is not finite its position and sign); then the "
            "outputs mean nothing.\n"
            " *\n"
            " * workspace   {0}_call_workspace_bytes of memory, aligned to 64; one call at a time. "
            "0 where\n *             bytes are needed is refused with a code, but not by {0}_run\n"
            " * runtime     0: everything on the calling thread; else at least parallel_for\n"
            " * report      filled in where the call fails */\n",
            prefix_, inputs_.size(), program_.constants.size(), outputs_.size());
        text += call_head(true) + ";\n";
        text += bytes_head(true) + ";\n";
        text += fmt::format("const char* {}_failure(i32 code);\n", prefix_);
        if (tells_ops())
            text += fmt::format(
                "/* The op, and its line, whose index is out of range or whose result is not "
                "finite; 0 where\n"
                " * something else failed. Which index it is, is not kept: a kernel only notes "
                "that "
                "there is one. */\n"
                "const char* {}_failed_op(const struct ct_report* report);\n",
                prefix_);
        if (!program_.constants.empty() || names_.shared > 0) text += "/* The table's values. */\n";
        if (!program_.constants.empty())
            text += fmt::format("const void* {}_constant(i64 i);\n", prefix_);
        if (names_.shared > 0) text += fmt::format("const void* {}_shared(i64 i);\n", prefix_);
        text += fmt::format(
            "\n/* The same with arrays as the table numbers them, constants included; extents: "
            "every axis\n"
            " * of every input (not of constants), then of every output{1}. */\n"
            "i32 {0}_run(const struct ct_runtime* runtime, const void* const* in, void* const* "
            "out,\n"
            "    const i64* extents, void* workspace, struct ct_report* report);\n"
            "i64 {0}_workspace_bytes(const i64* extents);\n",
            prefix_,
            std::ranges::find(names_.column_major, true) == names_.column_major.end()
                ? ""
                : "; the last axis first\n * where an array is column-major");
        return text;
    }

    const Program& program_;
    const ExportNames& names_;
    std::span<const Array> values_;
    std::string prefix_;
    Names taken_;
    SymbolNames symbols_;
    std::vector<std::string> extents_;
    std::vector<Parameter> inputs_, outputs_;
};

} // namespace

ExportedText
export_text(const Program& program, const ExportNames& names, std::span<const Array> shared_values)
{
    return Exporter(program, names, shared_values).write();
}

} // namespace croton::inline v1::codegen
