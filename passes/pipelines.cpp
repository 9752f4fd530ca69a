#include <croton/passes/batch_loops.hpp>
#include <croton/passes/chunk_gradients.hpp>
#include <croton/passes/collect_before.hpp>
#include <croton/passes/expand_composites.hpp>
#include <croton/passes/fold_constants.hpp>
#include <croton/passes/fuse_loops.hpp>
#include <croton/passes/hoist_from_regions.hpp>
#include <croton/passes/inline_regions.hpp>
#include <croton/passes/merge_duplicates.hpp>
#include <croton/passes/merge_states.hpp>
#include <croton/passes/pair_sines.hpp>
#include <croton/passes/pipelines.hpp>
#include <croton/passes/rewrite.hpp>
#include <croton/passes/rules.hpp>
#include <croton/passes/split_loops.hpp>
#include <croton/passes/store_for_reverse.hpp>
#include <croton/passes/sums_of_pairs.hpp>
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
    p.fixpoint("simplify", 16, MergeDuplicates{}, FoldConstants{}, simplify, stabilize(),
               InlineRegions{});
    p.add(TrimLoops{});
    p.add(ExpandComposites{}); // after the last rule that knows a composite by its name
    p.add(MergeDuplicates{});
    p.add(HoistFromRegions{});
    p.add(MergeStates{});
    p.add(FuseLoops{}); // so that one loop is stored for, where there were several
    p.add(SplitLoops{});
    p.add(MergeDuplicates{});
    p.add(ChunkGradients{});
    p.add(StoreForReverse{}); // before products of what it would store leave a loop
    p.add(ExpandRecomputed{});
    p.add(CollectBefore{});
    p.add(MergeDuplicates{}); // of what is stored with what the loop computes
    p.add(TrimLoops{});
    p.add(WorkOutOfLoops{});
    p.add(SplitLoops{});  // without sums, more loops fit a kernel
    p.add(BatchLoops{});  // which are without states now
    p.add(SumsOfPairs{}); // of gradients and what they are of, which share work now
    p.fixpoint("finish", 16, MergeDuplicates{}, FoldConstants{}, simplify);
    p.add(TrimLoops{});
    p.add(MergeStates{}); // what was stored for several reverse loops
    p.add(FuseLoops{});   // kernels are what they will be
    p.add(TrimLoops{});
    p.add(FindPairsOfSines{});
    p.add(PairSines{}); // no rule knows what they become

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
