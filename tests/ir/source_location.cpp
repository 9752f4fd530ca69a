#include <croton/ir/source_location.hpp>

#include <string>

#include "support/catch.hpp"

using namespace croton;

TEST_CASE("a place keeps its texts where those that it was made of are gone, as a plugin's are")
{
    std::string called = "first";
    const Location* place = locate(Where::current(), called.c_str());
    called = "other";
    CHECK(std::string(place->called) == "first");
    CHECK(place->file != Where::current().file_name());
    CHECK(std::string(place->file) == Where::current().file_name());
    CHECK(std::string(place->function) == Where::current().function_name());
    CHECK(locate(place->file, place->line(), place->function, nullptr, "first") == place);
}
