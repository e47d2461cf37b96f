// Texts of an envelope, each behind its length; see envelope.h.
#include "rules/bundle/envelope.h"

#include <cstdint>
#include <cstring>

#include "rules/base/utf8.h"

namespace writ {
namespace {

void AppendText(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
}

// Takes one text off the front; false when there is none.
bool TakeText(std::string_view& rest, std::string& text) {
  std::uint32_t size = 0;
  if (rest.size() < sizeof(size)) return false;
  std::memcpy(&size, rest.data(), sizeof(size));
  rest.remove_prefix(sizeof(size));
  if (rest.size() < size) return false;
  text = rest.substr(0, size);
  rest.remove_prefix(size);
  return IsValidUtf8(text);
}

}  // namespace

Result<std::string> EncodeEnvelope(const Envelope& envelope) {
  std::string out;
  AppendText(out, envelope.revision);
  AppendText(out, envelope.compiler);
  for (const auto& [key, value] : envelope.metadata) {
    AppendText(out, key);
    AppendText(out, value);
  }
  if (out.size() > kMaxEnvelopeBytes)
    return Error{ErrorCode::kTooLarge, "revision and metadata of a bundle take at most " + std::to_string(kMaxEnvelopeBytes) + " bytes"};
  if (!IsValidUtf8(envelope.revision)) return Error{ErrorCode::kInvalidArgument, "the revision is not valid UTF-8"};
  for (const auto& [key, value] : envelope.metadata) {
    if (!IsValidUtf8(key) || !IsValidUtf8(value)) return Error{ErrorCode::kInvalidArgument, "the metadata are not valid UTF-8"};
  }
  return out;
}

Result<Envelope> DecodeEnvelope(std::string_view bytes) {
  Envelope envelope;
  std::string key;
  bool is_good = TakeText(bytes, envelope.revision) && TakeText(bytes, envelope.compiler);
  while (is_good && !bytes.empty()) {
    std::string value;
    is_good = TakeText(bytes, key) && TakeText(bytes, value);
    envelope.metadata.emplace_back(std::move(key), std::move(value));
  }
  if (!is_good) return Error{ErrorCode::kCorrupt, "the bundle's envelope is damaged"};
  return envelope;
}

}  // namespace writ
