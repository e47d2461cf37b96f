// Base64 and hex. Strict, so that one meaning has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace writ {

// Returns the bytes behind standard base64 with padding (RFC 4648 §4); empty when `text` is anything else. CR and LF are skipped, as
// Go does and as peers write; other white space, missing padding and unused bits that are set are refused.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

// Lower-case hex; empty on anything else, capitals included.
std::optional<std::string> DecodeHex(std::string_view text);
std::string EncodeHex(std::string_view bytes);

}  // namespace writ
