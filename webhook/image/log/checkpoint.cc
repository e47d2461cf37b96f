#include "webhook/image/log/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "webhook/image/trust/encoding.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxSignatures = 100;
constexpr std::size_t kHintBytes = 4;
constexpr std::size_t kRootBytes = 32;
constexpr std::string_view kSignaturePrefix = "\xE2\x80\x94 ";  // em dash, space

Error Malformed(std::string_view what) { return Error{ErrorCode::kCorrupt, "the checkpoint is malformed: " + std::string(what)}; }

// Takes the text before the next line feed; empty when there is none.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return number;
}

// Rekor v2 calls itself by its host, Rekor v1 by "<host> - <tree id>".
bool IsOriginOf(std::string_view origin, std::string_view host) {
  if (host.empty() || !origin.starts_with(host)) return false;
  std::string_view rest = origin.substr(host.size());
  if (rest.empty()) return true;
  if (!rest.starts_with(" - ")) return false;
  rest.remove_prefix(3);
  return !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct SignatureLine {
  std::string_view name;
  std::string hint_and_signature;
};

std::optional<SignatureLine> ParseSignatureLine(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix)) return std::nullopt;
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  std::optional<std::string> bytes = DecodeBase64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kHintBytes) return std::nullopt;
  return SignatureLine{line.substr(0, space), std::move(*bytes)};
}

// Whether one of the signature lines is by the log's key over `body`. All of them must be well formed.
Result<bool> IsSignedBy(std::string_view lines, std::string_view body, const TransparencyLog& log) {
  std::size_t count = 0;
  bool is_signed = false;
  for (std::optional<std::string_view> line = TakeLine(lines); line; line = TakeLine(lines)) {
    const std::optional<SignatureLine> signature = ParseSignatureLine(*line);
    if (!signature) return Malformed("a signature line is not `— name base64`");
    if (++count > kMaxSignatures) return Malformed("more than " + std::to_string(kMaxSignatures) + " signatures");
    const std::string_view bytes = signature->hint_and_signature;
    if (is_signed || signature->name != log.host || bytes.substr(0, kHintBytes) != log.key_hint) continue;
    is_signed = log.key.Verify(body, bytes.substr(kHintBytes), {.hash = log.key.natural_hash()}).ok();
  }
  if (!lines.empty()) return Malformed("its last line does not end");
  return is_signed;
}

}  // namespace

Result<Checkpoint> VerifyCheckpoint(std::string_view envelope, const TransparencyLog& log) {
  if (envelope.size() > kMaxBytes) return Malformed("more than 64 KiB");
  const std::size_t blank = envelope.find("\n\n");
  if (blank == std::string_view::npos) return Malformed("no empty line before its signatures");
  const std::string_view body = envelope.substr(0, blank + 1);
  std::string_view rest = body;
  const std::optional<std::string_view> origin = TakeLine(rest);
  const std::optional<std::string_view> size_line = TakeLine(rest);
  const std::optional<std::string_view> root_line = TakeLine(rest);
  if (!origin || !size_line || !root_line) return Malformed("it needs the lines origin, size and root hash");
  if (!IsOriginOf(*origin, log.host))
    return Error{ErrorCode::kInvalidArgument,
                 "the checkpoint is by origin " + Quoted(*origin) + ", the log is " + Quoted(log.host.empty() ? log.base_url : log.host)};
  const std::optional<std::uint64_t> size = ParseSize(*size_line);
  const std::optional<std::string> root = DecodeBase64(*root_line);
  if (!size) return Malformed("its size is not a number");
  if (!root || root->size() != kRootBytes) return Malformed("its root hash is not base64 of 32 bytes");
  Result<bool> is_signed = IsSignedBy(envelope.substr(blank + 2), body, log);
  if (!is_signed) return is_signed.error();
  if (!*is_signed) return Error{ErrorCode::kInvalidArgument, "no signature of the checkpoint is by log " + Quoted(log.base_url)};
  return Checkpoint{*size, *root};
}

}  // namespace writ::image
