#pragma once

#include <croton/ir/array.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace croton::test {

/// The folder of an archive of conformance data, unpacked once into the build folder; none where
/// the data is not on this machine. It is looked for in CROTON_CONFORMANCE_DIR, and by default in
/// ../shared/conformance beside the checkout.
std::optional<std::filesystem::path> conformance_data(std::string_view archive);
/// What a test that needs the archive says when it is not there.
std::string absent(std::string_view archive);

using Row = std::vector<std::string>;
/// Lines of tab-separated fields, without those that begin with '#'.
std::vector<Row> read_table(const std::filesystem::path& file);

/// Passed, failed and refused cases by the name of what they try.
class Tally {
public:
    explicit Tally(std::string title) : title_(std::move(title)) {}
    Tally(const Tally&) = delete;
    Tally& operator=(const Tally&) = delete;
    ~Tally(); ///< prints the counts, and the names of what was refused or failed

    void pass(const std::string& name) { ++counts_[name].passed; }
    /// Fails the running test case with `why`.
    void fail(const std::string& name, const std::string& why);
    /// There is no such function, or it says no; neither right nor wrong.
    void refuse(const std::string& name) { ++counts_[name].refused; }
    /// A difference that the documents name.
    void differ(const std::string& name) { ++counts_[name].different; }

private:
    struct Counts {
        int passed = 0, failed = 0, refused = 0, different = 0;
    };
    std::string title_;
    std::map<std::string, Counts> counts_;
};

} // namespace croton::test
