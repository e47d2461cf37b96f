// The strict reader over simdjson's DOM. simdjson checks grammar, UTF-8 and depth; this file adds what it leaves open:
// duplicate keys, escaped lone surrogates (3.0.1 lets low ones pass) — and messages with a place.
#include "engine/json/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include "engine/json/json_document.h"
#include "engine/json/json_locate.h"
#include "rules/base/utf8.h"

#if defined(__SANITIZE_ADDRESS__)
#define WRIT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WRIT_ADDRESS_SANITIZER 1
#endif
#endif

namespace writ {
namespace {

// Beyond this many members duplicates are found by hashing instead of pairwise.
constexpr std::uint32_t kPairwiseMembers = 16;

// May the parser read `SIMDJSON_PADDING` bytes past the end without leaving the page the text ends on?
bool HasReadablePadding([[maybe_unused]] std::string_view text) {
#ifdef WRIT_ADDRESS_SANITIZER
  return false;
#else
  constexpr std::uintptr_t kPageBytes = 4096;  // the smallest page of any platform we build for
  return (reinterpret_cast<std::uintptr_t>(text.data() + text.size() - 1) % kPageBytes) + simdjson::SIMDJSON_PADDING < kPageBytes;
#endif
}

// Scratch of the duplicate check.
struct KeyTable {
  std::vector<std::string_view> keys;
  std::vector<std::uint32_t> buckets;  // 1 + position in keys; 0 = empty
};

// A bit for a key, by its size and its first and last byte: keys that differ in it are not
// compared.
std::uint64_t BitOf(std::string_view key) {
  if (key.empty()) [[unlikely]]
    return 1;
  return std::uint64_t{1} << (key.size() + static_cast<unsigned char>(key.front()) + 9 * static_cast<unsigned char>(key.back())) % 64;
}

// What the sweep finds of an object's members.
enum class Members : std::uint8_t {
  kDuplicate,  // two have one key
  kFlat,       // each value is a string, a bool or null: nothing is left to look at
  kOther,
};

// Requires: at most kPairwiseMembers.
Members LookAtFew(JsonNode object) {
  std::uint32_t before[kPairwiseMembers];  // on the tape; not more than `count` of them are set
  std::uint32_t count = 0;
  std::uint64_t seen = 0;
  bool is_flat = true;
  const std::uint32_t end = object.after() - 1;
  for (std::uint32_t at = object.index() + 1; at < end;) {
    const std::string_view key = object.At(at).string();
    const std::uint64_t bit = BitOf(key);
    if ((seen & bit) != 0) [[unlikely]] {
      const auto is_same = [&](std::uint32_t other) { return object.At(other).string() == key; };
      if (std::any_of(before, before + count, is_same)) return Members::kDuplicate;
    }
    seen |= bit;
    before[count++] = at;
    const JsonNode value = object.At(at + 1);
    at = value.is(JsonKind::kString) ? at + 2 : value.after();
    is_flat = is_flat && at == value.index() + 1;
  }
  return is_flat ? Members::kFlat : Members::kOther;
}

// The hash is seeded for each process: no choice of keys makes them collide. The table is at most half full.
bool HasDuplicateAmongMany(KeyTable& table) {
  const std::size_t mask = std::bit_ceil(table.keys.size() * 2) - 1;
  table.buckets.assign(mask + 1, 0);
  for (std::uint32_t i = 0; i < table.keys.size(); ++i) {
    std::size_t at = HashKey(Value::String(table.keys[i])) & mask;
    for (; table.buckets[at] != 0; at = (at + 1) & mask) {
      if (table.keys[table.buckets[at] - 1] == table.keys[i]) return true;
    }
    table.buckets[at] = i + 1;
  }
  return false;
}

// What lists of objects mostly have: {"name": "…", "value": "…"}.
bool AreTwoTexts(JsonNode object) {
  return object.At(object.index() + 2).is(JsonKind::kString) && object.At(object.index() + 4).is(JsonKind::kString);
}

Members LookAtMembers(JsonNode object, KeyTable& table) {
  const std::uint32_t count = object.count();
  if (count == 2 && AreTwoTexts(object))
    return object.At(object.index() + 1).string() == object.At(object.index() + 3).string() ? Members::kDuplicate : Members::kFlat;
  if (count <= kPairwiseMembers) return LookAtFew(object);
  table.keys.clear();
  for (const JsonMember& member : object.members()) table.keys.push_back(member.key);
  return HasDuplicateAmongMany(table) ? Members::kDuplicate : Members::kOther;
}

// The tape closes containers with letters of their own, which no JsonNode has.
bool IsEndOfContainer(JsonKind kind) { return kind == static_cast<JsonKind>(']') || kind == static_cast<JsonKind>('}'); }

// One sweep over the tape in its own order, containers' members included. O(tape) expected.
// `has_uints` becomes whether some integer is above int.
bool IsStrict(JsonNode root, std::uint32_t max_depth, KeyTable& keys, bool& has_uints) {
  const std::uint32_t end = root.after();
  std::uint32_t depth = 0;
  for (JsonNode node = root; node.index() < end;) {
    const JsonKind kind = node.kind();
    std::uint32_t words = 1;
    if (kind == JsonKind::kObject || kind == JsonKind::kArray) {
      if (++depth > max_depth) return false;  // simdjson does not count empty containers
      const Members members = kind == JsonKind::kObject ? LookAtMembers(node, keys) : Members::kOther;
      if (members == Members::kDuplicate) return false;
      if (members == Members::kFlat) words = node.after() - 1 - node.index();  // to where it ends
    } else if (IsEndOfContainer(kind)) {
      --depth;
    } else if (kind == JsonKind::kInt || kind == JsonKind::kUint || kind == JsonKind::kDouble) {
      has_uints = has_uints || kind == JsonKind::kUint;
      words = 2;
    }
    node = node.At(node.index() + words);
  }
  return true;
}

// Returns 'h' for an escape of a high surrogate (\ud8xx to \udbxx) at `at`, 'l' for a low one, else 0. Requires: the text is JSON.
char SurrogateAt(std::string_view text, std::size_t at) {
  const bool is_one =
      at + 3 < text.size() && text[at] == '\\' && text[at + 1] == 'u' && (text[at + 2] | 0x20) == 'd' && text[at + 3] >= '8';
  if (!is_one) return 0;
  return text[at + 3] <= '9' || (text[at + 3] | 0x20) <= 'b' ? 'h' : 'l';
}

// simdjson has seen that a high surrogate is followed by some escape; low ones without a high one pass it.
bool HasLoneSurrogate(std::string_view text) {
  constexpr std::size_t kEscapeBytes = 6;
  for (std::size_t at = text.find('\\'); at != std::string_view::npos;) {
    const char kind = SurrogateAt(text, at);
    if (kind == 'l' || (kind == 'h' && SurrogateAt(text, at + kEscapeBytes) != 'l')) return true;
    at = text.find('\\', at + (kind == 'h' ? 2 * kEscapeBytes : 2));
  }
  return false;
}

constexpr std::size_t kMaxShownNumberBytes = 40;

// Whether `number`, digits with an optional minus sign, is beyond both 64-bit integer types.
bool IsBeyondIntegers(std::string_view number) {
  std::int64_t as_int = 0;
  std::uint64_t as_uint = 0;
  const char* const end = number.data() + number.size();
  return std::from_chars(number.data(), end, as_int).ec == std::errc::result_out_of_range &&
         (number[0] == '-' || std::from_chars(number.data(), end, as_uint).ec == std::errc::result_out_of_range);
}

// Returns `text` with an exponent behind every integer beyond 64 bits, `123…456e0`, so that the
// parser reads it as the double nearest to it. Texts that are not JSON stay that: nothing is added
// but behind digits. `first` becomes the first of them. O(text).
[[gnu::cold]] std::string WithWideIntegersAsDoubles(std::string_view text, std::string& first) {
  constexpr std::string_view kDigits = "0123456789";
  std::string widened;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    bool is_wide = false;
    if (text[at] == '"') {
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
    } else if (text[at] == '-' || kDigits.find(text[at]) != std::string_view::npos) {
      end = std::min(text.find_first_not_of(kDigits, end), text.size());
      const bool is_integer = end == text.size() || std::string_view(".eE").find(text[end]) == std::string_view::npos;
      is_wide = is_integer && IsBeyondIntegers(text.substr(at, end - at));
      if (!is_integer) end = std::min(text.find_first_not_of("0123456789.eE+-", end), text.size());
    }
    widened.append(text.substr(at, end - at)).append(is_wide ? "e0" : "");
    if (is_wide && first.empty()) first = Shorten(text.substr(at, end - at), kMaxShownNumberBytes);
    at = end;
  }
  return widened;
}

[[gnu::cold]] Error FaultOf(std::string_view text, const JsonLimits& limits, const char* otherwise) {
  const std::optional<JsonFault> fault = LocateJsonFault(text, limits);
  if (!fault) return {ErrorCode::kInvalidArgument, std::string("not JSON: ") + otherwise};
  return {fault->limit ? ErrorCode::kTooLarge : ErrorCode::kInvalidArgument, JsonFaultText(*fault)};
}

}  // namespace

struct JsonDocument::Impl {
  JsonLimits limits;
  simdjson::dom::parser parser;
  std::vector<char> padded;  // reused copy of texts that end too close to a page's end
  KeyTable keys;
  WideIntegers wide;

  // Fills the parser's tape from `text`, which is borrowed during the call.
  simdjson::error_code Run(std::string_view text) {
    // simdjson counts a container at depth n as n + 1. A fresh parser has room for 1024 levels
    // until allocate() says otherwise.
    if (parser.capacity() < text.size() || parser.capacity() == 0) {
      const std::size_t wanted = std::max<std::size_t>(text.size(), 4096);
      if (parser.allocate(wanted, limits.max_depth + 1) != simdjson::SUCCESS) return simdjson::MEMALLOC;
    }
    const char* bytes = text.data();
    if (!HasReadablePadding(text)) {
      padded.resize(std::max(padded.size(), text.size() + simdjson::SIMDJSON_PADDING));
      std::memcpy(padded.data(), text.data(), text.size());
      bytes = padded.data();
    }
    simdjson::dom::element ignored;
    return parser.parse(bytes, text.size(), false).get(ignored);
  }
};

JsonDocument::JsonDocument(const JsonLimits& limits) : impl_(std::make_unique<Impl>()) { impl_->limits = limits; }
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

Result<JsonNode> JsonDocument::Parse(std::string_view text) {
  Impl& impl = *impl_;
  if (text.size() > impl.limits.max_bytes) {
    return Error{ErrorCode::kTooLarge,
                 "the document has " + std::to_string(text.size()) + " bytes, the limit is " + std::to_string(impl.limits.max_bytes)};
  }
  if (text.empty()) return FaultOf(text, impl.limits, "empty");
  impl.wide.has_uints = false;
  impl.wide.beyond.clear();
  simdjson::error_code error = impl.Run(text);
  // Cold: simdjson refuses integers beyond 64 bits by the same code as what is no number at all.
  if (error == simdjson::NUMBER_ERROR) error = impl.Run(WithWideIntegersAsDoubles(text, impl.wide.beyond));
  if (error == simdjson::MEMALLOC) return Error{ErrorCode::kTooLarge, "no memory for the document"};
  if (error != simdjson::SUCCESS) return FaultOf(text, impl.limits, simdjson::error_message(error));
  const JsonNode root(impl.parser.doc.tape.get(), impl.parser.doc.string_buf.get(), 1);
  if (!IsStrict(root, impl.limits.max_depth, impl.keys, impl.wide.has_uints)) return FaultOf(text, impl.limits, "duplicate key");
  if (HasLoneSurrogate(text)) return FaultOf(text, impl.limits, "lone surrogate");
  return root;
}

const WideIntegers& JsonDocument::wide_integers() const { return impl_->wide; }

namespace {

// What is the same for all values of one document.
template <JsonStrings Strings>
struct Materializer {
  Arena& arena;
  JsonIntegers integers;

  Value Text(std::string_view bytes) const {
    if constexpr (Strings == JsonStrings::kBorrowed) return Value::String(bytes);
    const std::string_view copy = arena.CopyString(bytes);
    return copy.data() == nullptr ? Value() : Value::String(copy);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  Value Of(const JsonNode& node) const {
    switch (node.kind()) {
      case JsonKind::kNull: return Value::Null();
      case JsonKind::kTrue: return Value::Bool(true);
      case JsonKind::kFalse: return Value::Bool(false);
      case JsonKind::kInt: return Value::Int(node.integer());
      case JsonKind::kUint: {
        const auto number = static_cast<std::uint64_t>(node.integer());
        return integers == JsonIntegers::kUint ? Value::Uint(number) : Value::Double(static_cast<double>(number));
      }
      case JsonKind::kDouble: return Value::Double(node.real());
      case JsonKind::kString: return Text(node.string());
      case JsonKind::kArray: return List(node);
      case JsonKind::kObject: return Map(node);
    }
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  Value List(const JsonNode& node) const {
    const std::uint32_t count = node.count();
    Value* items = arena.AllocateArray<Value>(count);
    if (items == nullptr) return {};
    Value* next = items;
    for (const JsonNode& item : node.items()) {
      *next = Of(item);
      if ((next++)->is(Kind::kAbsent)) return {};
    }
    return Value::List(items, count);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  Value Map(const JsonNode& node) const {
    const std::uint32_t count = node.count();
    if (count <= MapData::kLinearEntries) return SmallMap(node, count);
    MapEntry* entries = arena.AllocateArray<MapEntry>(count);
    if (entries == nullptr || !FillEntries(node, entries)) return {};
    const MapData* map = MakeMap(arena, entries, count);
    return map == nullptr ? Value() : Value::Map(map);
  }

  // MakeMap's, with its entries behind it: one allocation, as most objects are small.
  //
  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  Value SmallMap(const JsonNode& node, std::uint32_t count) const {
    struct Room {
      MapData map;
      MapEntry entries[MapData::kLinearEntries];
    };
    auto* room = static_cast<Room*>(arena.Allocate(offsetof(Room, entries) + count * sizeof(MapEntry)));
    if (room == nullptr || !FillEntries(node, room->entries)) return {};
    return Value::Map(new (&room->map) MapData{.size = count, .bucket_mask = 0, .entries = room->entries, .buckets = nullptr});
  }

  // False: the arena is full.
  //
  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  bool FillEntries(const JsonNode& node, MapEntry* next) const {
    const std::uint32_t end = node.after() - 1;
    for (std::uint32_t at = node.index() + 1; at < end; ++next) {
      // In place: a value made elsewhere is copied before the stores of its parts have arrived.
      new (&next->key) Value(Text(node.At(at).string()));
      const JsonNode value = node.At(at + 1);
      const bool is_text = value.is(JsonKind::kString);
      new (&next->value) Value(is_text ? Text(value.string()) : Of(value));
      at = is_text ? at + 2 : value.after();
      if (Strings == JsonStrings::kBorrowed && is_text) continue;
      if (next->key.is(Kind::kAbsent) || next->value.is(Kind::kAbsent)) return false;
    }
    return true;
  }
};

}  // namespace

Value MaterializeJson(JsonNode node, Arena& arena, JsonStrings strings, JsonIntegers integers) {
  if (strings == JsonStrings::kBorrowed) return Materializer<JsonStrings::kBorrowed>{arena, integers}.Of(node);
  return Materializer<JsonStrings::kCopied>{arena, integers}.Of(node);
}

void JsonDocument::Trim() {
  Impl& impl = *impl_;
  if (impl.parser.capacity() > kKeptDocumentBytes) impl.parser = simdjson::dom::parser();
  if (impl.padded.size() > kKeptDocumentBytes) impl.padded = std::vector<char>();
  if (impl.keys.keys.capacity() * sizeof(std::string_view) > kKeptDocumentBytes) impl.keys = KeyTable();
}

struct JsonReader::Impl {
  JsonDocument document;
};

JsonReader::JsonReader(const JsonLimits& limits) : impl_(std::make_unique<Impl>(Impl{JsonDocument(limits)})) {}
JsonReader::~JsonReader() = default;
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

void JsonReader::Trim() { impl_->document.Trim(); }

Result<Value> JsonReader::Read(std::string_view text, Arena& arena) {
  Result<JsonNode> root = impl_->document.Parse(text);
  if (!root) return root.error();
  const Value value = MaterializeJson(*root, arena, JsonStrings::kCopied);
  if (value.is(Kind::kAbsent)) return Error{ErrorCode::kTooLarge, "the document does not fit in the arena"};
  return value;
}

}  // namespace writ
