#pragma once
// The linear system of an SQP step, [H J'; J -e] [step; multipliers] = [-slope; -gap], for Eigen's
// LDL'. Its lower triangle is laid out once, from the patterns of both matrices; later steps put
// values in their places and factor again.
#include <croton/croton.hpp>

#include <Eigen/Sparse>

#include <cstddef>
#include <vector>

class Kkt {
public:
    /// `hessian` is a lower triangle with all of its diagonal, by columns, as is `jacobian`.
    Kkt(const croton::SparsePattern& hessian, const croton::SparsePattern& jacobian)
        : unknowns_(hessian.columns), constraints_(jacobian.rows)
    {
        const auto add = [&](const croton::SparsePattern& of, std::int64_t column,
                             std::int64_t row0, std::vector<std::size_t>& places) {
            const auto c = static_cast<std::size_t>(column);
            for (auto i = of.starts[c]; i < of.starts[c + 1]; ++i) {
                places.push_back(rows_.size());
                rows_.push_back(static_cast<int>(row0) + of.indices[static_cast<std::size_t>(i)]);
            }
        };
        for (std::int64_t c = 0; c < unknowns_; ++c) {
            starts_.push_back(static_cast<int>(rows_.size()));
            add(hessian, c, 0, of_hessian_);
            add(jacobian, c, unknowns_, of_jacobian_);
        }
        for (std::int64_t r = 0; r <= constraints_; ++r) {
            starts_.push_back(static_cast<int>(rows_.size()));
            if (r < constraints_) rows_.push_back(static_cast<int>(unknowns_ + r));
        }
        values_.assign(rows_.size(), -1e-10);
        solver_.analyzePattern(matrix());
    }

    /// The step of all unknowns, then the multipliers of all constraints.
    Eigen::VectorXd solve(const std::vector<double>& hessian,
                          const std::vector<double>& jacobian,
                          const std::vector<double>& slope,
                          const std::vector<double>& gap)
    {
        for (std::size_t i = 0; i < hessian.size(); ++i)
            values_[of_hessian_[i]] = hessian[i];
        for (std::size_t i = 0; i < jacobian.size(); ++i)
            values_[of_jacobian_[i]] = jacobian[i];
        Eigen::VectorXd right(unknowns_ + constraints_);
        right << Eigen::Map<const Eigen::VectorXd>(slope.data(), unknowns_),
            Eigen::Map<const Eigen::VectorXd>(gap.data(), constraints_);
        solver_.factorize(matrix());
        return solver_.solve(-right);
    }

private:
    Eigen::Map<const Eigen::SparseMatrix<double>> matrix() const
    {
        const Eigen::Index n = unknowns_ + constraints_;
        const auto count = static_cast<Eigen::Index>(rows_.size());
        return {n, n, count, starts_.data(), rows_.data(), values_.data()};
    }

    Eigen::Index unknowns_, constraints_;
    std::vector<int> starts_, rows_;
    std::vector<std::size_t> of_hessian_, of_jacobian_;
    std::vector<double> values_;
    Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>, Eigen::Lower> solver_;
};
