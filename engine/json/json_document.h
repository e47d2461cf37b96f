// JsonDocument: parses one JSON text with simdjson and vouches for it: no duplicate keys, no lone
// surrogates, no number beyond a double, no trailing bytes, within depth and size. Integers beyond
// 64 bits are doubles, as Kubernetes' API server reads them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/json/json_node.h"
#include "rules/base/arena.h"
#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/model/value.h"

namespace writ {

// The largest document whose buffers are kept for the next one.
inline constexpr std::size_t kKeptDocumentBytes = std::size_t{512} * 1024;

// Integers that no int holds: whoever takes the caller at his word refuses them where no type says
// that they are meant.
struct WideIntegers {
  bool has_uints = false;   // some are from 2^63 to 2^64-1
  std::string beyond = "";  // the first beyond 64 bits as it is written, cut short; "" = none
};

// Reuses its buffers; not thread-safe.
class JsonDocument {
 public:
  explicit JsonDocument(const JsonLimits& limits = {});
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  // Returns the root. Nodes and their strings stay valid until the next Parse. `text` is borrowed during the call, and is read
  // in place when at least simdjson's padding (32 bytes) behind it lies on the same memory page, otherwise copied.
  // Errors: kInvalidArgument, kTooLarge; the message gives byte offset, path and what was found.
  Result<JsonNode> Parse(std::string_view text);

  // What the last document has of integers that no int holds. O(1).
  const WideIntegers& wide_integers() const;

  // Gives back the buffers of a document larger than kKeptDocumentBytes; its nodes end. A parser holds about 14 times its largest text.
  void Trim();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Where the strings of a materialised value live.
enum class JsonStrings : std::uint8_t { kBorrowed, kCopied };

// What becomes of integers from 2^63 to 2^64-1.
enum class JsonIntegers : std::uint8_t {
  kDouble,  // what Kubernetes' API server makes of them, and Writ of whatever has no declared type
  kUint,    // exact: for a declared uint, and for what is shown as it came
};

// Returns `node` as a Value: lists and maps in `arena`, strings in the document (kBorrowed) or in `arena`. Numbers are kInt or
// kDouble, or kUint where `integers` says so. kAbsent when the arena is full.
Value MaterializeJson(JsonNode node, Arena& arena, JsonStrings strings = JsonStrings::kBorrowed,
                      JsonIntegers integers = JsonIntegers::kDouble);

}  // namespace writ
