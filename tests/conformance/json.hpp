#pragma once

#define BOOST_BIND_GLOBAL_PLACEHOLDERS // boost 1.74 includes its own deprecated header
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <string>

namespace croton::test {

/// A JSON value: text of its own, or children by name (by no name in a list).
using Json = boost::property_tree::ptree;

Json parse_json(const std::string& text);

/// A child by its name; names with dots are names. Empty where there is none.
const Json& child(const Json& parent, const std::string& name);

} // namespace croton::test
