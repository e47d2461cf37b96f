#include "rules/bundle/coding.h"

#include <limits>

namespace writ {
namespace {

// How a string begins: nothing, the string itself, or (from kFirstShared on) a position in the table.
constexpr std::uint64_t kEmptyString = 0;
constexpr std::uint64_t kLongString = 1;
constexpr std::uint64_t kFirstShared = 2;

}  // namespace

void BodyWriter::AppendUint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
  out += static_cast<char>(value);
}

void BodyWriter::WriteInt(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  WriteUint(bits << 1U ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void BodyWriter::WriteFixed64(std::uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) items_ += static_cast<char>(value >> (8 * i) & 0xFFU);
}

void BodyWriter::WriteString(std::string_view text) {
  if (text.empty()) return WriteUint(kEmptyString);
  if (text.size() > kMaxSharedStringBytes) {
    WriteUint(kLongString);
    WriteUint(text.size());
    items_ += text;
    return;
  }
  const auto [place, is_new] = positions_.try_emplace(std::string(text), positions_.size());
  if (is_new) {
    AppendUint(table_, text.size());
    table_ += text;
  }
  WriteUint(kFirstShared + place->second);
}

std::string BodyWriter::Finish() {
  std::string body;
  AppendUint(body, positions_.size());
  body += table_;
  body += items_;
  return body;
}

void BodyReader::Fail(Error error) {
  if (failed_) return;
  failed_ = true;
  error_ = std::move(error);
  rest_ = {};
}

void BodyReader::FailHere(const char* what) {
  Fail({ErrorCode::kCorrupt, "the bundle is damaged at byte " + std::to_string(body_bytes_ - rest_.size()) + " of its body: " + what});
}

std::uint64_t BodyReader::ReadUint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) {
      FailHere("it ends inside a number");
      return 0;
    }
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    const std::uint64_t bits = byte & 0x7FU;
    if (shift == 63 && bits > 1) break;
    value |= bits << shift;
    if ((byte & 0x80U) != 0) continue;
    if (bits == 0 && shift > 0) break;  // one number, one encoding
    return value;
  }
  FailHere("a number is not written in its shortest form");
  return 0;
}

std::uint32_t BodyReader::ReadUint32() {
  const std::uint64_t value = ReadUint();
  if (value <= std::numeric_limits<std::uint32_t>::max()) return static_cast<std::uint32_t>(value);
  FailHere("a number is too large");
  return 0;
}

std::uint16_t BodyReader::ReadUint16() {
  const std::uint64_t value = ReadUint();
  if (value <= std::numeric_limits<std::uint16_t>::max()) return static_cast<std::uint16_t>(value);
  FailHere("a number is too large");
  return 0;
}

std::int64_t BodyReader::ReadInt() {
  const std::uint64_t zigzag = ReadUint();
  return static_cast<std::int64_t>(zigzag >> 1U ^ ((zigzag & 1U) != 0 ? ~std::uint64_t{0} : 0));
}

bool BodyReader::ReadBool() {
  const std::uint64_t value = ReadUint();
  if (value > 1) FailHere("a yes or no is neither");
  return value == 1;
}

std::uint64_t BodyReader::ReadFixed64() {
  if (rest_.size() < 8) {
    FailHere("it ends inside a number");
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8U | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(8);
  return value;
}

std::string BodyReader::ReadString() {
  const std::uint64_t head = ReadUint();
  if (head == kEmptyString || failed_) return {};
  if (head >= kFirstShared) {
    if (head - kFirstShared < table_.size()) return std::string(table_[head - kFirstShared]);
    FailHere("a string is not in the string table");
    return {};
  }
  const std::uint64_t length = ReadUint();
  if (length <= kMaxSharedStringBytes || length > rest_.size()) {
    FailHere(length > rest_.size() ? "it ends inside a string" : "a short string is not in the string table");
    return {};
  }
  std::string text(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return text;
}

std::size_t BodyReader::ReadCount(std::size_t min_bytes) {
  const std::uint64_t count = ReadUint();
  if (count <= rest_.size() / min_bytes) return count;
  FailHere("a list is longer than the rest of the bundle");
  return 0;
}

void BodyReader::ReadStringTable() {
  table_.resize(ReadCount(2));
  for (std::string_view& text : table_) {
    const std::uint64_t length = ReadUint();
    if (length < 1 || length > kMaxSharedStringBytes || length > rest_.size()) {
      FailHere("the string table has a string of an impossible length");
      return;
    }
    text = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }
}

void BodyReader::ExpectEnd() {
  if (!rest_.empty()) FailHere("something follows its end");
}

}  // namespace writ
