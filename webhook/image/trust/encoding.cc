// PEM blocks, and hostile text in messages.
#include "webhook/image/trust/encoding.h"

#include <cstdint>

#include "rules/base/utf8.h"

namespace writ::image {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN ";
constexpr std::string_view kPemEnd = "-----END ";
constexpr std::string_view kPemDashes = "-----";

// Marks, embeddings, overrides and isolates (U+200E, U+200F, U+202A … U+202E, U+2066 … U+2069) make a line show in another order than it
// has: a name could seem to end in another domain.
bool IsBidiControl(std::string_view character) {
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto last = static_cast<std::uint8_t>(character[2]);
  if (character[1] == '\x80') return last == 0x8E || last == 0x8F || (last >= 0xAA && last <= 0xAE);
  return character[1] == '\x81' && last >= 0xA6 && last <= 0xA9;
}

}  // namespace

Result<std::vector<PemBlock>> DecodePem(std::string_view text) {
  std::vector<PemBlock> blocks;
  for (std::size_t at = text.find(kPemBegin); at != std::string_view::npos; at = text.find(kPemBegin, at)) {
    const std::string block_name = "PEM block " + std::to_string(blocks.size() + 1);
    const std::size_t label_at = at + kPemBegin.size();
    const std::size_t label_end = text.find(kPemDashes, label_at);
    if (label_end == std::string_view::npos) return Error{ErrorCode::kInvalidArgument, block_name + " has no end of its BEGIN line"};
    PemBlock block;
    block.label = text.substr(label_at, label_end - label_at);
    const std::size_t body_at = label_end + kPemDashes.size();
    const std::string end_line = std::string(kPemEnd) + block.label + std::string(kPemDashes);
    const std::size_t body_end = text.find(end_line, body_at);
    if (body_end == std::string_view::npos) return Error{ErrorCode::kInvalidArgument, block_name + " has no matching END line"};
    std::optional<std::string> der = DecodeBase64(text.substr(body_at, body_end - body_at));
    if (!der || der->empty()) return Error{ErrorCode::kInvalidArgument, block_name + " is not base64 between its BEGIN and END lines"};
    block.der = std::move(*der);
    blocks.push_back(std::move(block));
    at = body_end + end_line.size();
  }
  return blocks;
}

std::string Shown(std::string_view text, std::size_t max_bytes) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= max_bytes) return out + "…";
    const std::size_t length = Utf8SequenceLength(text, i);
    const auto lead = static_cast<std::uint8_t>(text[i]);
    // C1 controls (U+0080 … U+009F) steer terminals as ESC does.
    const bool is_c1 = length == 2 && lead == 0xC2 && static_cast<std::uint8_t>(text[i + 1]) < 0xA0;
    const std::size_t taken = length == 0 ? 1 : length;
    if (length == 0 || lead < 0x20 || lead == 0x7F || is_c1 || IsBidiControl(text.substr(i, taken))) {
      for (const char byte : text.substr(i, taken)) out += "\\x" + EncodeHex({&byte, 1});
    } else {
      out += text.substr(i, taken);
    }
    i += taken;
  }
  return out;
}

std::string Quoted(std::string_view text) { return "`" + Shown(text) + "`"; }

}  // namespace writ::image
