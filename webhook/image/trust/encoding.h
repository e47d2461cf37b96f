// Text codings of keys, certificates and signatures: base64, hex, PEM. Strict, so that one meaning has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"

namespace writ::image {

// Returns the bytes behind standard base64 with padding (RFC 4648 §4); empty when `text` is anything else. CR and LF are skipped, as
// Go does and as peers write; other white space, missing padding and unused bits that are set are refused.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

// Lower-case hex; empty on anything else, capitals included.
std::optional<std::string> DecodeHex(std::string_view text);
std::string EncodeHex(std::string_view bytes);

// One "-----BEGIN label-----" block.
struct PemBlock {
  std::string label;  // "PUBLIC KEY", "CERTIFICATE"
  std::string der;
};

// Returns the blocks of a PEM text (RFC 7468) in order; text around blocks is ignored, headers inside are refused.
// Errors: kInvalidArgument, saying which block (1-based) is broken. No block at all gives an empty list.
Result<std::vector<PemBlock>> DecodePem(std::string_view text);

// Returns `text` so that it cannot steer a terminal: control characters and bytes that are not UTF-8 as \xNN, cut to `max_bytes`.
std::string Shown(std::string_view text, std::size_t max_bytes = 200);
// `text` in back quotes, as messages show what they found.
std::string Quoted(std::string_view text);

}  // namespace writ::image
