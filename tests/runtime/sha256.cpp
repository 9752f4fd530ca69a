#include "sha256.hpp"

#include <string>

#include "support/catch.hpp"

using namespace croton;

namespace {

std::string hex_digest(std::string_view text)
{
    Sha256 hash;
    hash.add(text);
    std::string hex;
    for (const std::uint8_t byte : hash.finish()) {
        hex += "0123456789abcdef"[byte / 16];
        hex += "0123456789abcdef"[byte % 16];
    }
    return hex;
}

} // namespace

TEST_CASE("digests are those of the standard's examples")
{
    CHECK(hex_digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex_digest(std::string(1000000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a digest does not depend on how the bytes were cut")
{
    const std::string text(200, 'q');
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Sha256 whole;
        Sha256 parts;
        whole.add(text);
        parts.add(std::string_view(text).substr(0, cut));
        parts.add(std::string_view(text).substr(cut));
        REQUIRE(whole.finish() == parts.finish());
    }
}
