#include "blake2b.hpp"

#include <string>

#include "support/catch.hpp"

using namespace croton;

namespace {

std::string hex_digest(std::string_view text)
{
    Blake2b hash;
    hash.add(text);
    std::string hex;
    for (const std::uint8_t byte : hash.finish()) {
        hex += "0123456789abcdef"[byte / 16];
        hex += "0123456789abcdef"[byte % 16];
    }
    return hex;
}

} // namespace

// As Python's hashlib.blake2b(text, digest_size=32) gives them.
TEST_CASE("digests are those of another implementation")
{
    CHECK(hex_digest("") == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    CHECK(hex_digest("abc") == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    CHECK(hex_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "5f7a93da9c5621583f22e49e8e91a40cbba37536622235a380f434b9f68e49c4");
    CHECK(hex_digest(std::string(128, 'a')) == // one block, full
          "ae2aa48507885c4c950fb809b2076f959cde9f8ea6da260d9a3587df33dac450");
    CHECK(hex_digest(std::string(1000000, 'a')) ==
          "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4");
}

TEST_CASE("a digest does not depend on how the bytes were cut")
{
    const std::string text(400, 'q');
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Blake2b whole;
        Blake2b parts;
        whole.add(text);
        parts.add(std::string_view(text).substr(0, cut));
        parts.add(std::string_view(text).substr(cut));
        REQUIRE(whole.finish() == parts.finish());
    }
}
