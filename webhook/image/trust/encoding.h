// Text codings of keys, certificates and signatures: base64 and hex of base/, and PEM. Strict, so that one meaning has one spelling.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/base/encoding.h"
#include "rules/base/result.h"

namespace writ::image {

// One "-----BEGIN label-----" block.
struct PemBlock {
  std::string label;  // "PUBLIC KEY", "CERTIFICATE"
  std::string der;
};

// Returns the blocks of a PEM text (RFC 7468) in order; text around blocks is ignored, headers inside are refused.
// Errors: kInvalidArgument, saying which block (1-based) is broken. No block at all gives an empty list.
Result<std::vector<PemBlock>> DecodePem(std::string_view text);

// Returns `text` so that it cannot steer a terminal: control characters, also those of bidirectional text, and bytes that are not UTF-8
// as \xNN, cut to `max_bytes`.
std::string Shown(std::string_view text, std::size_t max_bytes = 200);
// `text` in back quotes, as messages show what they found.
std::string Quoted(std::string_view text);

}  // namespace writ::image
