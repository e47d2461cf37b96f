// The encodings that a bundle's body is made of (docs/bundle_format.md, "Encodings inside the body"). Private to rules/bundle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/base/ids.h"
#include "rules/base/result.h"

namespace writ {

// Strings up to this length are written once, in the string table. Longer ones stand where they are used: else a few bytes of
// references to one long string would make a loaded bundle larger than any multiple of its file.
inline constexpr std::size_t kMaxSharedStringBytes = 64;

// Writes a body. Not thread-safe.
class BodyWriter {
 public:
  void WriteUint(std::uint64_t value) { AppendUint(items_, value); }
  void WriteInt(std::int64_t value);
  void WriteBool(bool value) { WriteUint(value ? 1 : 0); }
  void WriteFixed64(std::uint64_t value);
  void WriteString(std::string_view text);
  template <typename Tag>
  void WriteId(Id<Tag> id) {
    WriteUint(id.valid() ? std::uint64_t{id.index} + 1 : 0);
  }

  // Returns the string table and behind it everything that was written. The writer is used up.
  std::string Finish();

 private:
  static void AppendUint(std::string& out, std::uint64_t value);

  std::string items_;
  std::string table_;
  std::unordered_map<std::string, std::uint64_t> positions_;  // of the strings in the table
};

// Reads a body. After the first failure every read gives zero or "", and error() says what it was. Not thread-safe.
class BodyReader {
 public:
  // `body` is borrowed and must outlive the reader.
  explicit BodyReader(std::string_view body) : rest_(body), body_bytes_(body.size()) {}

  void ReadStringTable();
  std::uint64_t ReadUint();
  std::uint32_t ReadUint32();
  std::uint16_t ReadUint16();
  std::int64_t ReadInt();
  bool ReadBool();
  std::uint64_t ReadFixed64();
  std::string ReadString();
  template <typename IdType>
  IdType ReadId() {
    const std::uint32_t value = ReadUint32();
    return value == 0 ? IdType() : IdType(value - 1);
  }
  // Reads the count of a list whose items take at least `min_bytes` (> 0) each; fails when they could not fit into the rest.
  std::size_t ReadCount(std::size_t min_bytes);
  // Fails when something follows.
  void ExpectEnd();

  // Records a failure of the caller's; the first one counts.
  void Fail(Error error);
  bool failed() const { return failed_; }
  // Requires: failed().
  const Error& error() const { return error_; }

 private:
  [[gnu::cold]] void FailHere(const char* what);

  std::string_view rest_;
  std::size_t body_bytes_;
  std::vector<std::string_view> table_;
  bool failed_ = false;
  Error error_;
};

}  // namespace writ
