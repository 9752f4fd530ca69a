#include "conformance/json.hpp"

#include <sstream>

namespace croton::test {

Json parse_json(const std::string& text)
{
    std::istringstream in(text);
    Json json;
    boost::property_tree::read_json(in, json);
    return json;
}

const Json& child(const Json& parent, const std::string& name)
{
    static const Json none;
    const auto found = parent.find(name);
    return found == parent.not_found() ? none : found->second;
}

} // namespace croton::test
