#include <croton/passes/collect_before.hpp>
#include <croton/passes/expand_composites.hpp>
#include <croton/passes/fold_constants.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rewrite.hpp>
#include <croton/passes/rules.hpp>
#include <croton/passes/store_for_reverse.hpp>
#include <croton/passes/trim_loops.hpp>
#include <croton/passes/work_out_of_loops.hpp>

namespace croton::inline v1 {

namespace {

Pipeline make_cpu_pipeline()
{
    const Rewrite simplify("simplify", {canonical_rules(), cast_rules(), shape_rules(),
                                        compare_rules(), reduce_rules(), arith_rules()});
    Pipeline p("cpu");

    p.add(ExpandCustom{});
    // Stable forms first: algebra can take apart what they look for, exp(x) / sum(exp(x)).
    p.fixpoint("stabilize", 8, MergeDuplicates{}, FoldConstants{}, stabilize());
    p.fixpoint("simplify", 16, MergeDuplicates{}, FoldConstants{}, simplify, stabilize());
    p.add(TrimLoops{});
    p.add(ExpandComposites{}); // after the last rule that knows a composite by its name
    p.add(MergeDuplicates{});
    p.add(StoreForReverse{}); // before products of what it would store leave a loop
    p.add(ExpandRecomputed{});
    p.add(CollectBefore{});
    p.add(MergeDuplicates{}); // of what is stored with what the loop computes
    p.add(TrimLoops{});
    p.add(WorkOutOfLoops{});
    p.fixpoint("finish", 16, MergeDuplicates{}, FoldConstants{}, simplify);
    p.add(TrimLoops{});

    return p;
}

} // namespace

const Rewrite& stabilize()
{
    static const auto* const rules =
        new Rewrite("stabilize", {stable_rules(), softmax_rules()}); // ends with the process
    return *rules;
}

const Pipeline& cpu_pipeline()
{
    static const auto* const pipeline = new Pipeline(make_cpu_pipeline()); // ends with the process
    return *pipeline;
}

} // namespace croton::inline v1
