#pragma once

#include <croton/codegen/emit_cpp.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "expression.hpp"
#include "names.hpp"
#include "writer.hpp"

namespace croton::inline v1::codegen {

/// Writes one loop nest as a function.
class KernelWriter {
public:
    KernelWriter(LoopNest& nest, const std::string& name);
    EmittedKernel take();

private:
    // ---- the signature
    void need(const Extent& e) { needed_.push_back(e); }
    void take_extents();
    void take(const Extent& e);
    void take_sum(const detail::Polynomial* sum, bool is_place);
    void take_symbol(const detail::Atom* symbol);
    void collect_extents();
    void collect_extents(const Block& block);
    void reserve_loop_names(const Block& block);
    void name_buffers();
    std::string buffer_parameter(const Buffer& b) const;
    std::vector<std::string> parameters() const;
    const Loop* parallel_loop() const;

    // ---- the function
    void write_kernel();
    void write_checked(const Block& body);
    bool has_fast_twin() const;
    void write_twins();
    void write_contract_kernel();
    std::vector<std::string> write_part(const Block& block,
                                        const std::string& comment,
                                        const std::string& part,
                                        const std::vector<std::string>& own);
    std::vector<std::string>
    write_values(const std::string& side, const Prologue& prologue, std::string_view type);

    // ---- statements
    void write(const Block& block);
    void write_lines(const std::vector<std::string>& lines);
    void write_let(ScalarId id);
    void write_store(const Store& s);
    /// Makes room for the scalar's text in a line that has `around` other columns.
    void fit(ScalarId id, std::size_t around);
    std::size_t room() const { return line_width - margin_ - writer_.indent(); }

    // ---- loops
    void write_loop(const Loop& l);
    /// The line that is written next begins a loop that becomes vector instructions.
    void note_lanes();
    /// Where a loop begins, and one behind its last index, as text.
    std::pair<std::string, std::string> bounds_of(const Loop& l) const;
    static std::string
    loop_head(LoopKind kind, std::string_view index, std::string_view begin, std::string_view end);
    std::string loop_head(const Loop& l, std::string_view index) const;
    std::string index_name(const Loop& l);
    std::string first_name(const std::string& index);
    void write_plain_loop(const Loop& l, const std::string& index);
    /// From `begin` up to `end`. No block begins behind `last`, unless that is empty.
    struct Range {
        std::string begin, end, last;
    };
    void write_iterations(const Loop& l,
                          const std::string& index,
                          const Range& range,
                          const std::vector<std::string>& best,
                          const std::vector<std::string>& results);
    void write_laned_loop(const Loop& l, const std::string& index);
    void write_squares(const Loop& l, const std::string& index);
    void write_part_of_squares(const Loop& l, Loop rows, Loop columns);
    std::string write_square(const Load& load, const Loop& rows, const Loop& columns, int side);
    int side_of(const Loop& l) const;
    /// Names of an accumulator's partial results, and of the places of those that have one.
    struct LaneArrays {
        std::string values, places;
        std::string arguments() const;
    };
    std::vector<LaneArrays> write_lane_arrays(const Loop& l, int width);
    std::string computed_once(const std::string& extent);
    void write_short_or_laned(const Loop& l,
                              const std::string& index,
                              const std::string& extent,
                              int width);
    void write_blocks(const Loop& l,
                      const std::string& index,
                      const std::string& extent,
                      int width,
                      const std::vector<LaneArrays>& arrays);
    void write_whole_blocks(const Loop& l,
                            const std::string& index,
                            const Range& range,
                            int width,
                            const std::vector<LaneArrays>& arrays);
    void write_parts(const Loop& l,
                     const std::string& index,
                     const std::string& end,
                     int width,
                     const std::vector<LaneArrays>& arrays);
    std::string combined(const Accumulator& a, const LaneArrays& arrays) const;
    void place_result(ScalarId result, const std::string& value);
    void write_lanes_body(const Loop& l,
                          const std::string& lane,
                          int width,
                          const std::vector<LaneArrays>& arrays);
    void write_choice(Monoid monoid,
                      DType t,
                      const std::string& best,
                      const std::string& at,
                      const std::string& value,
                      const std::string& place);
    void write_update(const Accumulator& a,
                      const std::string& result,
                      const std::string& best,
                      const std::string& index);
    void write_running(const Loop& l);
    void write_carries(const Loop& l);
    void write_accumulation(Monoid monoid, DType t, const std::string& to, ScalarId value);
    std::string accumulator_name(const Accumulator& a);
    bool reads_only(const Loop& l) const;
    bool is_laned(const Loop& l) const;
    bool holds_lanes(const Loop& l) const;
    int lanes_of(const Accumulator& a) const;
    DType dtype_of(ScalarId id) const { return nest_.scalars[static_cast<std::size_t>(id)].dtype; }

    // ---- strips of members, through the loops inside
    struct Strip {
        const detail::Atom* symbol;
        std::string index; ///< of the loop over members
        std::string first; ///< member of the strip
        std::string lanes; ///< how many it has
        int width;         ///< as many as it has at most
        std::set<ScalarId> crossing;
        std::vector<LaneArrays> arrays; ///< of what members are combined to
        /// Rows of the strip behind it, that a loop of as many steps prefetches.
        struct Ahead {
            Extent steps;
            std::string call; ///< without the step
        };
        std::vector<Ahead> ahead;

        bool is_full() const { return lanes == std::to_string(width); }
    };
    void write_strips(const Loop& l, const std::string& index);
    void write_full_and_rest(const Loop& l,
                             const std::string& first,
                             const std::vector<LaneArrays>& arrays);
    void write_strip(const Loop& l,
                     const std::string& first,
                     const std::string& lanes,
                     const std::vector<LaneArrays>& arrays);
    std::optional<std::pair<Extent, Extent>> rows_of_copy(const StripArray& s) const;
    void write_copy(const StripArray& s);
    void write_prefetches(const Loop& steps);
    void declare_lanes(ScalarId id, std::string_view stem);
    void write_stretches(const Block& block, const Loop* around);
    void
    write_lanes(const Statement* first, const Statement* end, const Loop* next, const Loop* around);
    void write_let_in_lanes(ScalarId id);

    // ---- columns
    void write_columns(const ColumnLoop& l);
    struct Term {
        std::string function;
        std::vector<std::string> arguments;
    };
    Extent results_of_block(const ColumnLoop::Target& t) const;
    std::string column_slot(const ColumnLoop& l, const ColumnLoop::Target& t);
    Term column_term(const ColumnLoop& l, ScalarId value);
    std::string term_call(const ColumnLoop& l, const Term& term, const std::string& row) const;
    /// What stands for a target: its terms and where a column's result lies; of a position also
    /// where its value and its row lie.
    struct Column {
        Term value, place;
        std::string result, best, row;
    };
    Column begin_column(const ColumnLoop& l, const ColumnLoop::Target& t, const std::string& each);
    void write_tree(const ColumnLoop& l, const ColumnLoop::Target& t, const Column& column);
    void write_choices(const ColumnLoop& l,
                       const ColumnLoop::Target& t,
                       const Column& column,
                       const std::string& first,
                       int rows);

    LoopNest& nest_;
    std::vector<Extent> needed_; ///< that the text is about
    Names names_;
    SymbolNames symbols_;
    std::vector<std::string> open_names_;
    Expressions expressions_;
    std::vector<int> use_depth_;
    std::set<ScalarId> in_a_statement_; ///< scalars that statements use as they are
    Writer writer_;
    EmittedKernel kernel_;
    std::string helpers_;
    int terms_ = 0;
    std::map<ScalarId, std::string> in_square_; ///< loads, and what stands for them
    bool notes_lanes_ = true;                   ///< not in the exact one of two twins
    std::optional<Strip> strip_;                ///< that is written
    std::size_t margin_ = 0; ///< columns by which what is written will be indented
};

} // namespace croton::inline v1::codegen
