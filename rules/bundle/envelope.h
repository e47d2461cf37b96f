// What a bundle says about itself beside its program: which revision of the policies it was
// compiled from, by which compiler, and what else whoever compiled it wants to tell. For people and
// for logs: the digest does not cover it, so nothing may ever be decided by it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/result.h"

namespace writ {

struct Envelope {
  std::string revision;  // "" = not given
  std::string compiler;
  std::vector<std::pair<std::string, std::string>> metadata;  // keys and values, as given
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

// Ceiling for an encoded envelope.
inline constexpr std::size_t kMaxEnvelopeBytes = std::size_t{16} * 1024;

// Returns the envelope as docs/bundle_format.md has it. Errors: kTooLarge; kInvalidArgument for
// what is not UTF-8.
Result<std::string> EncodeEnvelope(const Envelope& envelope);

// Reads what EncodeEnvelope has written. Errors: kCorrupt.
Result<Envelope> DecodeEnvelope(std::string_view bytes);

}  // namespace writ
