#pragma once

#include <croton/passes/pass.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace croton::inline v1 {

/// Passes in order, some of them repeated until none changes anything.
///
/// errors   InternalError when a fixpoint does not settle, or a pass breaks the graph (with
///          PassOptions::verify) or lies about having changed it (with check_hash).
class Pipeline {
public:
    explicit Pipeline(std::string name) : name_(std::move(name)) {}

    template <Pass P>
    Pipeline& add(P pass)
    {
        groups_.push_back({"", 1, true, {erase(std::move(pass))}});
        return *this;
    }
    /// Runs the passes in turn until all have left the graph as it is, at most `rounds` times each.
    template <Pass... P>
    Pipeline& fixpoint(std::string_view group, int rounds, P... passes)
    {
        groups_.push_back({std::string(group), rounds, false, {erase(std::move(passes))...}});
        return *this;
    }

    PassReport run(Graph& graph, const PassOptions& options = {}) const;
    const std::string& name() const noexcept { return name_; }
    /// One line a pass, as docs/pipeline.md lists them.
    std::string to_string() const;

private:
    struct Step {
        std::string name;
        std::function<Changed(Graph&, PassContext&)> run;
    };
    struct Group {
        std::string name;
        int rounds;
        bool once; ///< whatever it changes; a group without a name
        std::vector<Step> steps;
    };
    template <Pass P>
    static Step erase(P pass)
    {
        std::string name(std::string_view(pass.name));
        return {std::move(name), [pass = std::move(pass)](Graph& graph, PassContext& context) {
                    return pass.run(graph, context);
                }};
    }
    Changed run_step(const Step& step, const std::string& label, Graph&, PassContext&) const;
    void run_group(const Group& group, Graph& graph, PassContext& context) const;

    std::string name_;
    std::vector<Group> groups_;
};

} // namespace croton::inline v1
