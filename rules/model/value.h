// Value: what every expression of the language evaluates to. 16 bytes, trivially copyable, no reference counts: literals
// live with the program, request data with the request's arena, temporaries with the evaluation's arena.
//
//   Value tenant = Value::String("acme");
//   if (tenant.is(Kind::kString) && tenant.string() == "acme") …
//
// Errors and unknowns are values too (kError, kUnknown): `&&`, `||`, `?:` and the macros treat them as docs/language.md says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/arena.h"
#include "rules/model/error_list.h"
#include "rules/model/kind_list.h"

namespace writ {

enum class Kind : std::uint8_t {
  kAbsent,  // nothing: an unfilled slot. Never the result of an expression.
#define WRIT_ENUM(id, name, type_name, wanted, found) k##id,
  WRIT_VALUE_KINDS(WRIT_ENUM)
#undef WRIT_ENUM
      kError,
  kUnknown,
};

// Can a value of this kind be a key of a map? A double can only find one.
constexpr bool IsKeyKind(Kind kind) { return kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kString; }

enum class ValueError : std::uint16_t {
#define WRIT_ENUM(name, text) k##name,
  WRIT_VALUE_ERRORS(WRIT_ENUM)
#undef WRIT_ENUM
};

#define WRIT_COUNT(name, text) +1
inline constexpr std::size_t kValueErrorCount = 0 WRIT_VALUE_ERRORS(WRIT_COUNT);
#undef WRIT_COUNT

struct Value;
struct MapEntry;

// The entries of a map in insertion order. With more than kLinearEntries entries `buckets` is an open-addressing table of
// (entry index + 1), 0 = empty, sized a power of two; keys are hashed by HashKey, so 1, 1u and 1.0 are one key.
struct MapData {
  static constexpr std::uint32_t kLinearEntries = 8;
  std::uint32_t size = 0;
  std::uint32_t bucket_mask = 0;
  const MapEntry* entries = nullptr;
  const std::uint32_t* buckets = nullptr;  // nullptr when size <= kLinearEntries
};

// What a condition can come to, as bits of a set: an error is also what a value that is no bool
// comes to.
inline constexpr std::uint16_t kMayBeTrue = 1, kMayBeFalse = 2, kMayFail = 4, kAnyOutcome = 7;

struct Value {
  Kind kind = Kind::kAbsent;
  std::uint8_t operands = 0;  // kError, kNoMatchingOverload: the kinds of its first two operands; see OverloadError
  // kError: ValueError; kUnknown: outcomes; kList and kMap being built: 1 + log2 of the room
  // (rules/function/builders.h).
  std::uint16_t code = 0;
  // Bytes of kString, kBytes, kType, kError's detail; items of kList; nanoseconds [0, 1e9) of
  // kTimestamp.
  std::uint32_t size = 0;
  union {
    bool boolean;
    std::int64_t integer;  // kInt; kDuration: nanoseconds; kTimestamp: seconds since 1970
    std::uint64_t unsigned_integer;
    double real;
    const char* text;    // kString, kBytes, kType (the type's name), kError (detail)
    const Value* items;  // kList
    const MapData* map;  // kMap; nullptr for a map known to exist whose members were not read (engine slots only)
    const Value* inner;  // kOptional; nullptr = none
  };

  constexpr Value() : integer(0) {}

  static Value Null() { return Make(Kind::kNull); }
  // `outcomes`: what a condition of this value can still come to, a set of the bits above; two or
  // more.
  static Value Unknown(std::uint16_t outcomes = kAnyOutcome) {
    Value v = Make(Kind::kUnknown);
    v.code = outcomes;
    return v;
  }
  // A map of which some member is unknown: unknown as a whole. What is known of its members stands
  // in slots of their own, and those that have no value are not there.
  static Value PartlyUnknown() {
    Value v = Unknown();
    v.size = 1;
    return v;
  }
  static Value Bool(bool value) {
    Value v = Make(Kind::kBool);
    v.boolean = value;
    return v;
  }
  static Value Int(std::int64_t value) {
    Value v = Make(Kind::kInt);
    v.integer = value;
    return v;
  }
  static Value Uint(std::uint64_t value) {
    Value v = Make(Kind::kUint);
    v.unsigned_integer = value;
    return v;
  }
  static Value Double(double value) {
    Value v = Make(Kind::kDouble);
    v.real = value;
    return v;
  }
  // `text` is borrowed: valid UTF-8, and living as long as the value is used.
  static Value String(std::string_view text) { return Text(Kind::kString, text); }
  static Value Bytes(std::string_view octets) { return Text(Kind::kBytes, octets); }
  static Value Type(std::string_view name) { return Text(Kind::kType, name); }
  // Seconds since 1970 (may be negative) and nanoseconds in [0, 1e9).
  static Value Timestamp(std::int64_t seconds, std::uint32_t nanos) {
    Value v = Make(Kind::kTimestamp);
    v.integer = seconds;
    v.size = nanos;
    return v;
  }
  static Value Duration(std::int64_t nanos) {
    Value v = Make(Kind::kDuration);
    v.integer = nanos;
    return v;
  }
  static Value List(const Value* items, std::uint32_t size) {
    Value v = Make(Kind::kList);
    v.items = items;
    v.size = size;
    return v;
  }
  static Value Map(const MapData* map) {
    Value v = Make(Kind::kMap);
    v.map = map;
    return v;
  }
  static Value Optional(const Value* inner) {
    Value v = Make(Kind::kOptional);
    v.inner = inner;
    return v;
  }
  // `detail` is borrowed and completes the error's text; see error_list.h.
  static Value Error(ValueError error, std::string_view detail = {}) {
    Value v = Text(Kind::kError, detail);
    v.code = static_cast<std::uint16_t>(error);
    return v;
  }

  // kNoMatchingOverload of an operator or function (`name` as in function_list.h) for operands of these kinds; kAbsent = has none.
  static Value OverloadError(std::string_view name, Kind first, Kind second) {
    Value v = Error(ValueError::kNoMatchingOverload, name);
    v.operands = static_cast<std::uint8_t>(static_cast<unsigned>(first) | (static_cast<unsigned>(second) << 4U));
    return v;
  }

  bool is(Kind k) const { return kind == k; }
  bool is_true() const { return kind == Kind::kBool && boolean; }
  bool is_false() const { return kind == Kind::kBool && !boolean; }
  // True for errors and unknowns: what strict operations pass on instead of computing.
  bool is_partly_unknown() const { return kind == Kind::kUnknown && size == 1; }
  bool is_fault() const { return kind >= Kind::kError; }
  // Requires: kString, kBytes, kType or kError (detail).
  std::string_view string() const { return {text, size}; }
  ValueError error() const { return static_cast<ValueError>(code); }
  // Requires: kError.
  Kind first_operand() const { return static_cast<Kind>(operands & 15U); }
  Kind second_operand() const { return static_cast<Kind>(operands >> 4U); }

 private:
  static Value Make(Kind kind) {
    Value v;
    v.kind = kind;
    return v;
  }
  static Value Text(Kind kind, std::string_view text) {
    Value v = Make(kind);
    v.text = text.data();
    v.size = static_cast<std::uint32_t>(text.size());
    return v;
  }
};
static_assert(sizeof(Value) == 16);
static_assert(static_cast<unsigned>(Kind::kUnknown) < 16);  // two kinds fit into Value::operands

struct MapEntry {
  Value key;
  Value value;
};

// Returns the type's name as `type(x)` gives it: "int", "string", "google.protobuf.Timestamp", "optional_type", …
std::string_view TypeName(Kind kind);

// Heterogeneous equality of CEL: numbers by value, different kinds unequal, NaN unequal to itself, maps in any order.
// Requires: neither side is or contains a fault. O(size); recursion is bounded by the values' nesting, which every producer limits.
bool ValuesEqual(const Value& a, const Value& b);
// The same with a budget: takes one step a value visited and one for each 32 bytes compared from `steps_left`. When that
// reaches 0 the answer is false and means nothing. Values may share parts, so their size alone bounds nothing.
bool ValuesEqualWithin(const Value& a, const Value& b, std::uint64_t& steps_left);

// Hash that agrees with ValuesEqual for map keys (int, uint, integral double, bool, string).
std::uint64_t HashKey(const Value& key);

// Returns the entry's value, or nullptr. Key may be any value; a double that is integral finds int keys. O(1) expected.
const Value* FindInMap(const MapData& map, const Value& key);
// The same for a string key; the common case.
const Value* FindInMap(const MapData& map, std::string_view key);

// Builds a map over `entries` (which must live in or longer than `arena`), with its index when it is large.
// Returns nullptr when the arena is full. Duplicate keys are the caller's to refuse; see FindDuplicateKey.
const MapData* MakeMap(Arena& arena, const MapEntry* entries, std::uint32_t size);

// Returns the first key that stands twice, or nullptr. O(size) expected.
const Value* FindDuplicateKey(const MapData& map);

// Returns a deep copy of `value` whose storage is in `arena`; kAbsent when the arena is full. Iteration depth as ValuesEqual.
Value CopyValue(Arena& arena, const Value& value);

// Returns `value` in the shortest decimal form that reads back as the same double: plain digits for 1e-7 <= |value| < 1e21
// ("5", "0.0045", "123456789"), else scientific ("1e+21"); "-0", "NaN", "Infinity", "-Infinity". The one form of doubles:
// string(), messages, JSON; LiteralText adds ".0" to what would read as an int.
std::string FormatDouble(double value);

// Returns "no such key: x" and so on; of an overload that does not exist the operands' types and, where there is one, the cure:
// "no matching overload: double + int: convert with double(…)". Requires: kError.
std::string ErrorText(const Value& error);
// Returns the stable name of an error: "NoSuchKey".
const char* ValueErrorName(ValueError error);

// Returns `value` as people read it inside a message ("{expr}" in `because`): strings bare, everything else as JSON-like text,
// timestamps RFC 3339, durations "90s", errors "<error: …>", unknowns "<unknown>", an empty optional "none". Never fails.
// The text of an aggregate is cut with "…" after 64 KiB: values may share parts, so that a small one can have a huge text.
std::string DisplayText(const Value& value);
// The same, cut with "…" to `max_bytes` (at least 3), at a cost of O(max_bytes) whatever the value is.
std::string DisplayText(const Value& value, std::size_t max_bytes);

// Returns `value` as CEL literal text: strings quoted, uints with u; for dumps and `writ cel`. Map keys in insertion order.
// Cut with "…" after 1 MiB of an aggregate.
std::string LiteralText(const Value& value);

// Appends `value` as JSON that reads back to the same types: doubles as "5.0"; bytes as base64, timestamps and durations as strings,
// non-finite doubles as strings, none as null. Map keys that are no strings become their text; types and faults inside become strings.
// Members beyond 64 MiB of text are null.
void AppendJson(const Value& value, std::string& out);
// Appends `text` as a quoted JSON string. Invalid UTF-8 is replaced by U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace writ
