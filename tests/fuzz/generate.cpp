#include "fuzz/generate.hpp"

#include <croton/ir/error.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/reference.hpp>

#include <algorithm>
#include <cmath>
#include <random>

#include "fuzz/judge.hpp"

namespace croton::test {

namespace {

constexpr std::int64_t largest_size = 3000, largest_differentiable = 100;

/// By their meaning the gradient is another one than that of their values.
constexpr std::string_view not_of_their_values[] = {"stop_gradient", "round_through"};

/// Names that emitted text uses itself, or that people give to sizes.
constexpr std::string_view names[] = {"n",     "m",   "i",    "x",  "s",   "t0",
                                      "acc",   "k",   "rows", "p",  "sum", "end0",
                                      "lanes", "a b", "out",  "v0", "f32", "\xce\xbb"};

constexpr std::int64_t extents[] = {3, 2, 4, 1, 5, 7, 8, 0, 16, 17, 33, 3, 65, 4, 6, 150};

class Generator {
public:
    Generator(std::uint64_t seed, std::uint64_t number, const GenerateOptions& options)
        : random_(seed * 0x9e3779b97f4a7c15u + number),
          wild_(number % 8 == 7 && !options.differentiable),
          largest_(options.differentiable ? largest_differentiable : largest_size),
          options_(options)
    {}

    Recipe run()
    {
        draw_dims();
        const int leaves = 2 + below(3);
        for (int i = 0; i < leaves; ++i)
            draw_leaf(i);
        program_ = begin_program(recipe_);
        values_ = program_.arguments;
        const int nodes = 2 + below(7);
        for (int i = 0; i < nodes; ++i)
            draw_node(all_makers());
        if (below(2) == 0) draw_node(derivative_makers());
        draw_outputs();
        return std::move(recipe_);
    }

private:
    int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
    template <class List>
    auto pick(const List& list)
    {
        return list[static_cast<std::size_t>(below(static_cast<int>(std::size(list))))];
    }

    void draw_dims()
    {
        const bool all_known = below(3) == 0;
        for (int i = 0; i < 3; ++i)
            recipe_.dims.push_back(
                {std::string(pick(names)), pick(extents), all_known || below(3) == 0});
    }

    DType draw_dtype()
    {
        static constexpr DType common[] = {DType::f64, DType::f32,  DType::f64,     DType::f32,
                                           DType::f64, DType::f32,  DType::i64,     DType::i32,
                                           DType::i8,  DType::u8,   DType::boolean, DType::u32,
                                           DType::f16, DType::bf16, DType::u64,     DType::i16};
        if (options_.differentiable && below(8) != 0) return DType::f64;
        if (!recipe_.leaves.empty() && below(3) == 0) return recipe_.leaves[0].value.dtype();
        const DType drawn = common[below(16)];
        return options_.differentiable && is_float(drawn) ? DType::f64 : drawn;
    }

    double draw_real()
    {
        if (wild_ && below(12) == 0) {
            static constexpr double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e30, -1e-30};
            return pick(special);
        }
        const int kind = below(8);
        if (kind == 0 && !options_.differentiable) return below(5) - 2;
        return (below(4001) - 2000) / (kind < 4 ? 1000.0 : 1500.0);
    }

    std::int64_t draw_integer()
    {
        return below(10) == 0 ? static_cast<std::int64_t>(random_()) : below(16) - 4;
    }

    void draw_leaf(int i)
    {
        Recipe::Leaf leaf;
        leaf.name = fmt::format("{}_{}", pick(names), i);
        if (below(4) == 0)
            leaf.name = std::string(pick(names)) + std::string(static_cast<std::size_t>(i), 'q');
        // One in five has more axes than a nest that fits a page has loops.
        const int rank = below(5) == 0 ? 4 + below(3) : i == 0 ? 1 + below(3) : below(4);
        std::vector<std::int64_t> shape;
        std::int64_t size = 1;
        for (int k = 0; k < rank; ++k) {
            const int d = below(8) == 0 ? -1 : below(3);
            const std::int64_t extent =
                d < 0 ? 1 : recipe_.dims[static_cast<std::size_t>(d)].extent;
            if (size * extent > largest_) continue;
            size *= extent;
            leaf.dims.push_back(d);
            shape.push_back(extent);
        }
        const DType t = draw_dtype();
        Array wide = Array::zeros(is_float(t) ? DType::f64 : DType::i64, shape);
        for (std::int64_t k = 0; k < wide.size(); ++k) {
            if (is_float(t))
                static_cast<double*>(wide.data())[k] = draw_real();
            else
                static_cast<std::int64_t*>(wide.data())[k] =
                    t == DType::boolean ? below(2) : draw_integer();
        }
        leaf.value = wide.cast(t);
        recipe_.leaves.push_back(std::move(leaf));
    }

    const std::vector<Maker>& all_makers()
    {
        if (options_.extra && below(2) == 0) return *options_.extra;
        return makers();
    }

    /// Recent values more often, so that programs are deep.
    int draw_operand()
    {
        const int count = recipe_.value_count();
        return below(3) == 0 ? below(count) : count - 1 - below(std::min(count, 4));
    }

    void draw_node(const std::vector<Maker>& from)
    {
        for (int attempt = 0; attempt < 25; ++attempt) {
            const Maker& maker =
                from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
            if (options_.differentiable &&
                std::ranges::find(not_of_their_values, maker.name) != std::end(not_of_their_values))
                continue;
            Recipe::Node node{&maker, {}, {}};
            for (std::size_t k = 0; k < std::max<std::size_t>(maker.arity, 1); ++k)
                node.operands.push_back(draw_operand());
            for (int k = 0; k < 3; ++k)
                node.choices.push_back(below(1024));
            if (keep(node)) return;
        }
    }

    /// Whether the node makes sense here; evaluates it.
    bool keep(const Recipe::Node& node)
    {
        try {
            add_node(program_, node);
        } catch (const UserError&) {
            return false;
        }
        if (options_.differentiable && has_fine_teeth(node)) return drop_last();
        std::vector<Array> result;
        const Variables before(program_.values.begin(), program_.values.end() - 1);
        try {
            if (meets_requirements(program_))
                result = evaluate_reference(before, values_, std::span(&program_.values.back(), 1));
        } catch (const UserError&) { // an index of an empty axis
        }
        if (result.empty() || !is_reasonable(result[0])) return drop_last();
        values_.push_back(result[0]);
        recipe_.nodes.push_back(node);
        return true;
    }

    bool drop_last()
    {
        program_.values.pop_back();
        program_.texts.pop_back();
        return false;
    }

    /// A remainder of a large number, or by a small one, jumps often: differences do not see the
    /// slope between jumps that are closer than they look.
    bool has_fine_teeth(const Recipe::Node& node) const
    {
        if (node.maker->name != "mod") return false;
        const auto any = [&](std::size_t operand, auto is) {
            const Array& a = values_[static_cast<std::size_t>(node.operands[operand])];
            for (std::int64_t i = 0; i < a.size(); ++i)
                if (is(std::abs(a.as_double(i)))) return true;
            return false;
        };
        return any(0, [](double number) { return number > 100; }) ||
               any(1, [](double divisor) { return divisor < 0.01; });
    }

    bool is_reasonable(const Array& a)
    {
        if (a.size() > largest_) return false;
        if (!is_float(a.dtype()) || wild_) return true;
        if (options_.differentiable && a.dtype() != DType::f64) return false;
        for (std::int64_t i = 0; i < a.size(); ++i)
            if (!(std::abs(a.as_double(i)) < 1e4)) return false;
        return true;
    }

    void draw_outputs()
    {
        const int count = recipe_.value_count();
        recipe_.outputs.push_back(count - 1);
        const int nodes = static_cast<int>(recipe_.nodes.size());
        for (int extra = below(3); extra > 0 && nodes > 1; --extra)
            recipe_.outputs.push_back(count - 1 - below(nodes));
        std::ranges::sort(recipe_.outputs);
        const auto [first, last] = std::ranges::unique(recipe_.outputs);
        recipe_.outputs.erase(first, last);
    }

    std::mt19937_64 random_;
    bool wild_;
    std::int64_t largest_;
    const GenerateOptions& options_;
    Recipe recipe_;
    Program program_;
    std::vector<Array> values_;
};

} // namespace

Recipe generate(std::uint64_t seed, std::uint64_t number, const GenerateOptions& options)
{
    return Generator(seed, number, options).run();
}

} // namespace croton::test
