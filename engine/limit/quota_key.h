// The name of a bucket: what the `by` values of a limit come to, in a form of fixed size.
//
//   QuotaKeyBuilder builder;
//   if (builder.Add(Value::Double(42.0), steps_left)) bucket = builder.Finish();   // the same key as for Int(42)
//
// Values that `==` calls equal give one key: numbers of any type by value (as doubles, which is how ints and doubles are compared:
// beyond 2^53 neighbours may share a bucket), maps in any order, at any depth. NaN, which equals nothing, gives one key, so that it
// cannot be used to have a fresh bucket each time. A string is never the same as a number.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "rules/model/value.h"

namespace writ {

// Short values stand here as they are, with their length before them; long ones as a digest behind a mark that no length has.
struct QuotaKey {
  std::array<unsigned char, 32> bytes{};
  friend bool operator==(const QuotaKey&, const QuotaKey&) = default;
  friend bool operator<(const QuotaKey& a, const QuotaKey& b) { return a.bytes < b.bytes; }
};

// Takes values one after the other. Needs little memory however large they are.
class QuotaKeyBuilder {
 public:
  // Takes a step a value and one for each 32 bytes from `steps_left`; false when that exhausted it: the key is then of no use.
  // Requires: no fault in `value`. O(size), for maps O(size log size).
  bool Add(const Value& value, std::uint64_t& steps_left);

  QuotaKey Finish();

 private:
  bool AddMap(const MapData& map, std::uint64_t& steps_left);
  void AddNumber(double number);
  void AddText(char tag, std::string_view text);
  void AddSize(std::uint64_t size);
  void AddRaw(const void* bytes, std::size_t size);
  void Fold();

  std::string pending_;                     // not yet part of `digest_`
  std::array<unsigned char, 32> digest_{};  // of everything before it
  bool is_folded_ = false;
};

}  // namespace writ
