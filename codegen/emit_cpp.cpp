#include <croton/codegen/emit_cpp.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/overloaded.hpp>

#include <algorithm>
#include <utility>

#include "c_precedence.hpp"
#include "emit_contract.hpp"
#include "kernel_comment.hpp"
#include "kernel_info.hpp"
#include "kernel_writer.hpp"
#include "long_sums.hpp"
#include "product_functions.hpp"
#include "puller.hpp"
#include "use_depths.hpp"

namespace croton::inline v1::codegen {

namespace {

void collect_statement_uses(const Block& block, std::set<ScalarId>& found)
{
    const auto all = [&](const auto& list) {
        for (const auto& user : list)
            found.insert(user.value);
    };
    for (const Statement& st : block)
        visit(st, overloaded{
                      [](const Let&) {},
                      [&](const Store& s) { found.insert(s.value); },
                      [&](const Loop& l) {
                          all(l.accumulators);
                          for (const Carry& c : l.carries)
                              found.insert({c.init, c.next});
                          collect_statement_uses(l.body, found);
                      },
                      [&](const ColumnLoop& l) {
                          all(l.targets);
                          collect_statement_uses(l.body, found);
                      },
                  });
}

struct ById {
    bool operator()(const detail::Atom* a, const detail::Atom* b) const { return id(a) < id(b); }
};

bool has_loops(const Block& block)
{
    return std::ranges::any_of(block, [](const Statement& st) {
        return std::holds_alternative<Loop>(st) || std::holds_alternative<ColumnLoop>(st);
    });
}

bool has_columns(const Block& block)
{
    return std::ranges::any_of(block, [](const Statement& st) {
        const auto* loop = std::get_if<Loop>(&st);
        return std::holds_alternative<ColumnLoop>(st) || (loop && has_columns(loop->body));
    });
}

} // namespace

KernelWriter::KernelWriter(LoopNest& nest, const std::string& name)
    : nest_(nest), expressions_(nest, names_, symbols_, open_names_), use_depth_(use_depths(nest))
{
    for (const Block* block : blocks_of(nest))
        collect_statement_uses(*block, in_a_statement_);
    kernel_.name = name;
    kernel_.checks_index = nest.checks_index;
}

EmittedKernel KernelWriter::take()
{
    for (const Block* block : blocks_of(nest_))
        reserve_loop_names(*block);
    if (has_loops(nest_.body))
        names_.reserve("l"); // the lane; prologues have none: they only store
    symbols_.emplace(lane_symbol(), "l");
    if (!nest_.contract.empty()) reserve_contract_names(nest_.contract[0], names_);
    collect_extents();
    take_extents();
    name_buffers();
    if (const Loop* first = parallel_loop()) {
        kernel_.parallel = true;
        kernel_.parallel_extent = first->extent;
        kernel_.parallel_width = std::max(1, first->width);
    }
    std::string comment = kernel_comment(nest_, kernel_.name, symbols_);
    if (nest_.contract.empty() && has_fast_twin())
        write_twins();
    else if (nest_.contract.empty())
        write_kernel();
    else
        write_contract_kernel();
    const std::string before = comment + helpers_;
    for (int& line : kernel_.lane_loops)
        line += static_cast<int>(std::ranges::count(before, '\n'));
    kernel_.text = before + writer_.take();
    return std::move(kernel_);
}

// ---- what stands in the signature

/// Extents are arguments, and so are long sums of them: a kernel of a part of joined arrays takes
/// where the part begins and how long a row is, and is then one text with those of other parts.
void KernelWriter::take_extents()
{
    for (const Extent& e : needed_)
        for (const LongSum& s : long_sums(e, true))
            symbols_.sums.emplace(s.sum.polynomial(), std::string());
    for (const Extent& e : needed_)
        take(e);
}

void KernelWriter::take(const Extent& e)
{
    const bool is_place = std::ranges::any_of(symbols(e), is_index_symbol);
    std::set<const detail::Atom*, ById> rest;
    std::vector<Extent> inside{e};
    while (!inside.empty()) {
        const std::vector<NamedProduct> products = named_products(inside.back(), symbols_);
        inside.pop_back();
        for (const NamedProduct& p : products) {
            const bool has_index = std::ranges::any_of(p.rest.factors, is_index_symbol);
            if (p.sum) take_sum(p.sum, is_place && !has_index);
            for (const detail::Atom* f : p.rest.factors)
                if (kind(f) == AtomKind::symbol)
                    rest.insert(f);
                else
                    for (const Extent& x : {operands(f).first, operands(f).second})
                        inside.push_back(x);
        }
    }
    for (const detail::Atom* s : rest)
        take_symbol(s);
}

void KernelWriter::take_sum(const detail::Polynomial* sum, bool is_place)
{
    std::string& name = symbols_.sums.at(sum);
    if (!name.empty()) return;
    name = names_.fresh(is_place ? "first" : "length", {});
    kernel_.extents.push_back(Extent::from(sum));
    kernel_.extent_names.push_back(name);
}

void KernelWriter::take_symbol(const detail::Atom* symbol)
{
    if (is_index_symbol(symbol) || symbols_.contains(symbol)) return;
    symbols_.emplace(symbol, names_.fresh(croton::name(symbol), "n"));
    kernel_.extents.push_back(as_extent(symbol));
    kernel_.extent_names.push_back(symbols_.at(symbol));
}

void KernelWriter::collect_extents()
{
    for (const Scalar& s : nest_.scalars)
        std::visit(overloaded{
                       [&](const Load& l) { need(l.at); },
                       [&](const IndexValue& v) { need(v.value); },
                       [&](const InRange& r) {
                           for (const auto& g : r.guards)
                               need(g.value), need(g.bound);
                       },
                       [&](const CheckedIndex& x) { need(x.extent); },
                       [](const auto&) {},
                   },
                   s.expression);
    // The text of a matrix product is about products of its extents, so each symbol is there.
    for (const ContractNest& c : nest_.contract)
        for (const Extent& e :
             {c.batch, c.m, c.n, c.k, c.a_batch, c.a_m, c.a_k, c.b_batch, c.b_k, c.b_n})
            for (const detail::Atom* s : symbols(e))
                need(as_extent(s));
    for (const Block* block : blocks_of(nest_))
        collect_extents(*block);
    if (parallel_loop()) need(cost_per_iteration(nest_)); // for `all_` of the kernel
}

void KernelWriter::collect_extents(const Block& block)
{
    for (const Statement& st : block)
        visit(st, overloaded{
                      [](const Let&) {},
                      [&](const Store& s) { need(s.at); },
                      [&](const Loop& l) {
                          if (&l != parallel_loop())
                              need(l.extent); // else it is given as begin and end
                          collect_extents(l.body);
                      },
                      [&](const ColumnLoop& l) {
                          need(l.first), need(l.end), need(l.columns);
                          for (const auto& t : l.targets) {
                              need(t.at), need(t.best_at);
                              if (l.block) need(results_of_block(t));
                          }
                          collect_extents(l.body);
                      },
                  });
}

void KernelWriter::reserve_loop_names(const Block& block)
{
    const auto reserve = [&](const std::string& index) {
        names_.reserve(index);
        names_.reserve(index + "0"); // the first of a block
    };
    for (const Statement& st : block)
        if (const auto* l = std::get_if<Loop>(&st)) {
            reserve(l->name);
            reserve_loop_names(l->body);
        } else if (const auto* c = std::get_if<ColumnLoop>(&st)) {
            reserve(c->row_name);
            reserve(c->column_name);
        }
}

/// The user's names; then what has none.
void KernelWriter::name_buffers()
{
    std::set<BufferId> packed;
    for (const ContractNest& c : nest_.contract)
        packed = {c.packed_a, c.packed_b};
    const auto count = static_cast<BufferId>(nest_.buffers.size());
    const auto buffer = [&](BufferId id) -> Buffer& {
        return nest_.buffers[static_cast<std::size_t>(id)];
    };
    for (BufferId i = 0; i < count; ++i)
        if (const auto name = buffer(i).value.name(); !name.empty() && !packed.contains(i))
            buffer(i).name = names_.fresh(name, "x");
    for (BufferId i = 0; i < count; ++i)
        if (buffer(i).value.name().empty())
            buffer(i).name = names_.fresh({}, buffer(i).value.owner() ? "v" : "x");
    for (StripArray& s : nest_.strip_arrays)
        s.array.name = names_.fresh(s.of.name(), "kept");
    for (const ContractNest& c : nest_.contract)
        for (const auto& [copy, operand] : {std::pair(c.packed_a, c.a), std::pair(c.packed_b, c.b)})
            if (copy >= 0)
                buffer(copy).name = names_.fresh("packed_" + (operand >= 0 ? buffer(operand).name
                                                              : copy == c.packed_a ? "a"
                                                                                   : "b"),
                                                 {});
}

std::string KernelWriter::buffer_parameter(const Buffer& b) const
{
    const std::string_view constant = b.access == Buffer::Access::read ? "const " : "";
    return fmt::format("{}{}* CT_RESTRICT {}", constant, memory_type(b.dtype()), b.name);
}

std::vector<std::string> KernelWriter::parameters() const
{
    std::vector<std::string> list;
    if (kernel_.parallel) list = {"i64 begin", "i64 end"};
    for (const std::string& name : kernel_.extent_names)
        list.push_back("i64 " + name);
    for (const Buffer& b : nest_.buffers)
        list.push_back(buffer_parameter(b));
    return list;
}

const Loop* KernelWriter::parallel_loop() const
{
    int loops = 0;
    const Loop* found = nullptr;
    for (const Statement& st : nest_.body)
        if (const auto* l = std::get_if<Loop>(&st)) {
            ++loops;
            if (l->parallel) found = l;
        }
    return loops == 1 && !nest_.serial ? found : nullptr;
}

// ---- the function

void KernelWriter::write_kernel()
{
    const std::string type = nest_.checks_index ? "CT_KERNEL i32 " : "CT_KERNEL void ";
    const auto scope = writer_.function(parameter_list(type + kernel_.name, parameters()));
    write_checked(nest_.body);
}

/// Functions such as sines in a loop over lanes: the straight-line form, exact for arguments that
/// are not large, keeps the loop a vector loop; a lane beyond sets a flag, and the whole is then
/// computed by the exact form.
bool KernelWriter::has_fast_twin() const
{
    // A function for the terms of columns has one thing to report.
    if (nest_.checks_index && has_columns(nest_.body)) return false;
    const auto in_lanes = fast_forms_in_lanes(nest_);
    return in_lanes > 0 && in_lanes <= most_fast_forms;
}

void KernelWriter::write_twins()
{
    const std::vector<std::string> list = parameters();
    std::vector<std::string> arguments;
    for (const std::string& p : list)
        arguments.push_back(p.substr(p.rfind(' ') + 1));
    const auto twin = [&](std::string_view type, std::string_view form) {
        return writer_.function(
            parameter_list(fmt::format("{} {}_{}", type, kernel_.name, form), list));
    };
    const bool checks = nest_.checks_index;
    {
        const Names names = names_;
        const auto scope = twin("static i32", "fast");
        if (checks) writer_.raw("i64 bad = 0;");
        writer_.raw("i32 hard = 0;");
        expressions_.use_fast_forms(true);
        write(nest_.body);
        writer_.raw(checks ? "return bad != 0 ? 1 : hard < 0 ? -1 : 0;" : "return hard;");
        expressions_.use_fast_forms(false);
        expressions_.forget();
        names_ = names;
    }
    writer_.blank();
    {
        const auto scope = twin(checks ? "CT_NOINLINE i32" : "CT_NOINLINE void", "exact");
        notes_lanes_ = false;
        write_checked(nest_.body);
    }
    writer_.blank();
    const auto scope = writer_.function(
        parameter_list((checks ? "CT_KERNEL i32 " : "CT_KERNEL void ") + kernel_.name, list));
    const auto call = [&](const std::string& before, const std::string& form) {
        writer_.raw(argument_list(before + kernel_.name + form, arguments, writer_.indent()) + ";");
    };
    writer_.raw("// An argument was too large for the fast form: then all is computed again.");
    call("const i32 hard = ", "_fast");
    call(checks ? "if (hard < 0) return " : "if (hard < 0) ", "_exact");
    if (checks) writer_.raw("return hard;");
}

/// The body of a kernel that tells whether an index was out of range, where it reads by indices.
void KernelWriter::write_checked(const Block& body)
{
    if (nest_.checks_index) writer_.raw("i64 bad = 0;");
    write(body);
    if (nest_.checks_index) writer_.raw("return bad != 0;");
}

/// A function `<kernel>_<part>` of the loops of a block: takes what it mentions of `own` and of the
/// kernel's parameters. Gives the names of what it takes.
std::vector<std::string> KernelWriter::write_part(const Block& block,
                                                  const std::string& comment,
                                                  const std::string& part,
                                                  const std::vector<std::string>& own)
{
    Writer before = std::exchange(writer_, Writer());
    const std::size_t noted = kernel_.lane_loops.size();
    margin_ = 4;
    write(block);
    margin_ = 0;
    const std::string body = std::exchange(writer_, std::move(before)).take();
    std::vector<std::string> list, names;
    const auto take = [&](const std::string& parameter) {
        const std::string name = parameter.substr(parameter.rfind(' ') + 1);
        if (!mentions(body, name)) return;
        list.push_back(parameter);
        names.push_back(name);
    };
    std::ranges::for_each(own, take);
    std::ranges::for_each(parameters(), take);
    writer_.raw(comment);
    {
        const auto scope = writer_.function(
            parameter_list(fmt::format("CT_MATH void {}_{}", kernel_.name, part), list));
        for (std::size_t i = noted; i < kernel_.lane_loops.size(); ++i)
            kernel_.lane_loops[i] += writer_.line_count();
        writer_.lines(body);
    }
    writer_.blank();
    return names;
}

std::vector<std::string>
KernelWriter::write_values(const std::string& side, const Prologue& prologue, std::string_view type)
{
    const bool is_a = side == "a";
    const char* const first = is_a ? "i0" : "j0";
    symbols_[loop_symbol(4)] = first;
    symbols_[loop_symbol(5)] = "p0";
    const Names names = names_;
    std::vector<std::string> taken =
        write_part(prologue.body,
                   fmt::format("// Of the {} operand, {} from {} on and terms from p0 on.",
                               is_a ? "left" : "right", is_a ? "rows" : "columns", first),
                   "values_" + side,
                   {"i64 h", fmt::format("i64 {}", first), is_a ? "i64 rows" : "i64 columns",
                    "i64 p0", "i64 terms", fmt::format("{}* CT_RESTRICT values", type)});
    names_ = names;
    return taken;
}

void KernelWriter::write_contract_kernel()
{
    kernel_.takes_runtime = true;
    const ContractNest& c = nest_.contract[0];
    kernel_.calls_library = c.kind == ContractKind::library;
    kernel_.takes_first_step = c.keeps_a || c.keeps_b;
    const DType dtype = nest_.buffers[static_cast<std::size_t>(c.out)].dtype();
    symbols_[loop_symbol(0)] = "h";
    ContractCalls calls;
    const std::string_view type = scalar_type(dtype);
    if (c.prologue_a) calls.values_a = write_values("a", c.prologue_a, type);
    if (c.prologue_b) calls.values_b = write_values("b", c.prologue_b, type);
    if (!nest_.body.empty()) {
        calls.finish = write_part(
            nest_.body, "// What follows from the sums of rows i0 .. i1 and columns j0 .. j1.",
            "finish",
            {"i64 h", "i64 i0", "i64 i1", "i64 j0", "i64 j1",
             fmt::format("const {}* CT_RESTRICT sums", type)});
    }
    emit_contract(writer_, nest_, kernel_, symbols_, calls);
    if (c.kind == ContractKind::blocks)
        kernel_.shared = product_functions(dtype, c.packed_a >= 0, c.packed_b >= 0);
}

// ---- statements

void KernelWriter::write(const Block& block)
{
    for (const Statement& st : block)
        visit(st, overloaded{
                      [&](const Let& l) { write_let(l.scalar); },
                      [&](const Store& s) { write_store(s); },
                      [&](const Loop& l) { write_loop(l); },
                      [&](const ColumnLoop& l) { write_columns(l); },
                  });
}

void KernelWriter::write_lines(const std::vector<std::string>& lines)
{
    for (const std::string& line : lines)
        writer_.raw(line);
}

void KernelWriter::write_let(ScalarId id)
{
    if (const auto found = in_square_.find(id); found != in_square_.end())
        return expressions_.place(id, found->second);
    const Scalar& s = nest_.scalars[static_cast<std::size_t>(id)];
    const bool hoisted = use_depth_[static_cast<std::size_t>(id)] > s.depth;
    write_lines(expressions_.name_hard_arguments(id, room()));
    if (const std::string flag = expressions_.hard_argument(id); !flag.empty()) writer_.raw(flag);
    write_lines(expressions_.define(id, hoisted, in_a_statement_.contains(id), room()));
}

void KernelWriter::fit(ScalarId id, std::size_t around)
{
    const std::size_t most = room() > around ? room() - around : 0;
    write_lines(expressions_.shorten(id, most, room()));
}

void KernelWriter::write_store(const Store& s)
{
    if (s.buffer == -1) {
        const std::string to = fmt::format("values[{}]", c_text(s.at, symbols_));
        fit(s.value, to.size() + 4);
        return writer_.line("{} = {};", to, expressions_.whole(s.value));
    }
    const std::string to = expressions_.element(s.buffer, s.at);
    const DType t = buffer_at(nest_, s.buffer).dtype();
    if (s.accumulate && is_float(t) && size_bytes(t) == 2) {
        const std::string before = expressions_.load({s.buffer, s.at, -1});
        fit(s.value, 2 * to.size() + 40);
        return writer_.line("{} = {}_from_f32({} + {});", to, croton::name(t), before,
                            right_operand(expressions_.whole(s.value), "+"));
    }
    if (s.accumulate) return write_accumulation(Monoid::sum, t, to, s.value);
    constexpr std::size_t conversion = 16; // "f16_from_f32()"
    fit(s.value, to.size() + 4 + (size_bytes(t) == 2 && is_float(t) ? conversion : 0));
    writer_.line("{} = {};", to, expressions_.stored(s.buffer, s.value));
}

EmittedKernel emit_cpp(LoopNest& nest, const std::string& name)
{
    return KernelWriter(nest, name).take();
}

} // namespace croton::inline v1::codegen
