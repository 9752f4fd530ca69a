#include <croton/ir/apply.hpp>
#include <croton/ir/build.hpp>
#include <croton/ir/counted.hpp>
#include <croton/ir/format.hpp>
#include <croton/ir/ops/create.hpp>
#include <croton/ir/ops/linalg.hpp>
#include <croton/ir/ops/reduce.hpp>
#include <croton/ir/ops/shape.hpp>

#include <algorithm>
#include <string>

namespace croton::inline v1 {

namespace {

/// Letters are themselves; the k-th axis from the right that "..." stands for is -k.
using Labels = std::vector<int>;

bool has(const Labels& labels, int label) { return std::ranges::count(labels, label) > 0; }

std::string label_text(int label)
{
    return label < 0 ? std::string("...") : std::string(1, static_cast<char>(label));
}

/// An operand with a label for each axis.
struct Term {
    Variable x;
    Labels labels;
};

class Einsum {
public:
    Einsum(std::string_view subscripts, const Variables& operands, const Location* where)
        : text_(subscripts), where_(where)
    {
        std::erase(text_, ' ');
        const auto arrow = text_.find("->");
        std::vector<std::string> inputs(1);
        for (char c : text_.substr(0, arrow))
            if (c == ',')
                inputs.emplace_back();
            else
                inputs.back() += c;
        if (inputs.size() != operands.size())
            refuse(fmt::format("{} for {}", counted(operands.size(), "operand"),
                               counted(inputs.size(), "subscript")));
        for (std::size_t i = 0; i < inputs.size(); ++i)
            terms_.push_back({operands[i], parse(inputs[i], operands[i].rank(), i)});
        if (arrow == text_.npos)
            result_ = implicit();
        else
            result_ = parse(text_.substr(arrow + 2), -1);
        check_result();
        check_extents();
    }

    Variable build()
    {
        for (Term& t : terms_)
            take_diagonals(t);
        drop_ones();
        Term all = terms_[0];
        for (std::size_t i = 1; i < terms_.size(); ++i)
            all = product(all, terms_[i], i + 1);
        sum_out(all, {}, terms_.size());
        std::vector<int> order;
        for (int label : result_)
            order.push_back(
                static_cast<int>(std::ranges::find(all.labels, label) - all.labels.begin()));
        return std::ranges::is_sorted(order) ? all.x : transpose(all.x, order);
    }

private:
    [[noreturn]] void refuse(const std::string& why) const
    {
        throw user_error(Code::shape, where_, "einsum", "'{}': {}", text_, why);
    }

    /// `rank` tells how many axes dots stand for; -1 for the result, where they stand for all of
    /// them.
    Labels parse(const std::string& part, int rank, std::size_t operand = 0)
    {
        Labels labels;
        const auto dots = part.find("...");
        const int letters = static_cast<int>(part.size()) - (dots == part.npos ? 0 : 3);
        const int hidden = dots == part.npos ? 0 : rank < 0 ? hidden_ : rank - letters;
        if (rank >= 0 && (hidden < 0 || (dots == part.npos && letters != rank)))
            refuse(fmt::format("'{}' names {} of operand {}, whose rank is {}", part,
                               counted(letters, "axis", "axes"), operand, rank));
        hidden_ = std::max(hidden_, hidden);
        for (std::size_t i = 0; i < part.size(); ++i) {
            if (i == dots) {
                for (int k = hidden; k > 0; --k)
                    labels.push_back(-k);
                i += 2;
            } else if ((part[i] >= 'a' && part[i] <= 'z') || (part[i] >= 'A' && part[i] <= 'Z')) {
                labels.push_back(part[i]);
            } else
                refuse(fmt::format("'{}' is no letter", part[i]));
        }
        return labels;
    }

    /// Dots first, then the letters that occur once, sorted.
    Labels implicit() const
    {
        Labels once;
        for (int k = hidden_; k > 0; --k)
            once.push_back(-k);
        Labels letters;
        for (const Term& t : terms_)
            letters.insert(letters.end(), t.labels.begin(), t.labels.end());
        std::ranges::sort(letters);
        for (int label : letters)
            if (label > 0 && std::ranges::count(letters, label) == 1) once.push_back(label);
        return once;
    }

    void check_result() const
    {
        for (int label : result_) {
            if (std::ranges::count(result_, label) > 1)
                refuse(fmt::format("'{}' is twice in the result", label_text(label)));
            if (std::ranges::none_of(terms_, [&](const Term& t) { return has(t.labels, label); }))
                refuse(fmt::format("'{}' of the result is in no operand", label_text(label)));
        }
    }

    /// One letter is one extent; 1 broadcasts, but not along the diagonal of an operand.
    void check_extents() const
    {
        struct Axis {
            int label;
            std::size_t operand;
            Extent extent;
        };
        std::vector<Axis> axes;
        for (std::size_t i = 0; i < terms_.size(); ++i)
            for (std::size_t k = 0; k < terms_[i].labels.size(); ++k)
                axes.push_back({terms_[i].labels[k], i, terms_[i].x.extent(static_cast<int>(k))});
        for (std::size_t i = 0; i < axes.size(); ++i)
            for (std::size_t k = 0; k < i; ++k) {
                const Axis& a = axes[k];
                const Axis& b = axes[i];
                if (a.label != b.label || !never_equal(a.extent, b.extent)) continue;
                if (a.operand == b.operand)
                    refuse(fmt::format("'{}' is {} and {} in operand {}", label_text(a.label),
                                       to_string(a.extent), to_string(b.extent), a.operand));
                if (!same(a.extent, 1) && !same(b.extent, 1))
                    refuse(fmt::format("'{}' is {} in operand {} and {} in operand {}",
                                       label_text(a.label), to_string(a.extent), a.operand,
                                       to_string(b.extent), b.operand));
            }
    }

    static void take_diagonals(Term& t)
    {
        for (std::size_t i = 0; i < t.labels.size(); ++i)
            for (std::size_t j = i + 1; j < t.labels.size(); ++j) {
                if (t.labels[i] != t.labels[j]) continue;
                const int label = t.labels[i];
                t.x = diagonal(t.x, 0, static_cast<int>(i), static_cast<int>(j));
                t.labels.erase(t.labels.begin() + static_cast<std::ptrdiff_t>(j));
                t.labels.erase(t.labels.begin() + static_cast<std::ptrdiff_t>(i));
                t.labels.push_back(label);
                i = static_cast<std::size_t>(-1); // the axes have moved: from the start
                break;
            }
    }

    /// An axis of extent 1 beside a longer one of the same label broadcasts: it goes.
    void drop_ones()
    {
        for (Term& t : terms_) {
            std::vector<int> ones;
            Labels left;
            for (std::size_t i = 0; i < t.labels.size(); ++i) {
                const bool goes =
                    same(t.x.extent(static_cast<int>(i)), 1) && longer_elsewhere(t.labels[i]);
                if (goes)
                    ones.push_back(static_cast<int>(i));
                else
                    left.push_back(t.labels[i]);
            }
            if (ones.empty()) continue;
            t.x = squeeze(t.x, Axis(ones));
            t.labels = left;
        }
    }

    bool longer_elsewhere(int label) const
    {
        for (const Term& t : terms_)
            for (std::size_t i = 0; i < t.labels.size(); ++i)
                if (t.labels[i] == label && !same(t.x.extent(static_cast<int>(i)), 1)) return true;
        return false;
    }

    /// Whether the result or an operand from `next` on has the label.
    bool needed(int label, std::size_t next) const
    {
        if (has(result_, label)) return true;
        for (std::size_t i = next; i < terms_.size(); ++i)
            if (has(terms_[i].labels, label)) return true;
        return false;
    }

    /// Sums over axes that neither `other` nor anything later needs.
    void sum_out(Term& t, const Labels& other, std::size_t next) const
    {
        std::vector<int> axes;
        Labels left;
        for (std::size_t i = 0; i < t.labels.size(); ++i)
            if (has(other, t.labels[i]) || needed(t.labels[i], next))
                left.push_back(t.labels[i]);
            else
                axes.push_back(static_cast<int>(i));
        if (axes.empty()) return;
        const DType dtype = t.x.dtype(); // which sum would widen, and a contraction does not
        t.x = sum(t.x, Axis(axes));
        if (is_integer(dtype)) t.x = t.x.as(dtype);
        t.labels = left;
    }

    Term product(Term a, Term b, std::size_t next) const
    {
        sum_out(a, b.labels, next);
        sum_out(b, a.labels, next);
        ContractParams p;
        Term y;
        Labels a_own, b_own;
        for (std::size_t i = 0; i < a.labels.size(); ++i) {
            const auto j = std::ranges::find(b.labels, a.labels[i]) - b.labels.begin();
            if (j == static_cast<std::ptrdiff_t>(b.labels.size())) {
                a_own.push_back(a.labels[i]);
                continue;
            }
            const bool stays = needed(a.labels[i], next);
            (stays ? p.a_batch : p.a_sum).push_back(static_cast<int>(i));
            (stays ? p.b_batch : p.b_sum).push_back(static_cast<int>(j));
            if (stays) y.labels.push_back(a.labels[i]);
        }
        for (int label : b.labels)
            if (!has(a.labels, label)) b_own.push_back(label);
        y.labels.insert(y.labels.end(), a_own.begin(), a_own.end());
        y.labels.insert(y.labels.end(), b_own.begin(), b_own.end());
        y.x = contract(a.x, b.x, p, "einsum", where_);
        return y;
    }

    std::string text_;
    const Location* where_;
    std::vector<Term> terms_;
    Labels result_;
    int hidden_ = 0; ///< the most axes that dots stand for
};

} // namespace

Variable einsum(std::string_view subscripts, const Variables& operands, Where where)
{
    refuse_empty("einsum", where, operands);
    const Location* place = locate(where, "einsum");
    const OriginScope origin(place);
    return Einsum(subscripts, operands, place).build();
}

} // namespace croton::inline v1
