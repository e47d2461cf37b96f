// The one strict JSON reader of every surface (simdjson behind a plain header): duplicate keys, invalid UTF-8, depth, size,
// numbers out of range and trailing bytes are refused with the place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rules/base/arena.h"
#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/model/value.h"

namespace writ {

// Reads JSON documents. Reuses its buffers; not thread-safe.
class JsonReader {
 public:
  explicit JsonReader(const JsonLimits& limits = {});
  ~JsonReader();
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;

  // Returns the document as a Value whose storage is in `arena` (strings included): objects as kMap with kString keys in
  // document order, integers within int64 as kInt, other numbers as kDouble.
  // Errors: kInvalidArgument ("byte 17: duplicate key `tool` in `principal`"), kTooLarge. `text` is borrowed during the call.
  Result<Value> Read(std::string_view text, Arena& arena);

  // Gives back the buffers of a large document.
  void Trim();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ
