// What facts about images must be, and reading them; see image_fact.h.
#include "engine/fact/image_fact.h"

#include <algorithm>
#include <array>

#include "engine/fact/fact_fault.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

constexpr std::string_view kSignedBy = "signedBy", kRefuted = "refuted", kUnknownSigners = "unknown", kAttestations = "attestations",
                           kType = "type", kPredicate = "predicate", kAbout = "about", kImage = "image";

Error Full() { return {ErrorCode::kTooLarge, "the request does not fit in memory"}; }

std::string Below(const std::string& path, std::string_view key) { return path + "." + Shorten(key, kMaxShownNameBytes); }

std::span<const MapEntry> EntriesOf(const Value& map) {
  return map.map == nullptr ? std::span<const MapEntry>() : std::span(map.map->entries, map.map->size);
}

const Value* TryMember(const Value* map, std::string_view key) {
  return map == nullptr || map->map == nullptr ? nullptr : FindInMap(*map->map, key);
}

bool IsLess(const Value& a, const Value& b) { return a.string() < b.string(); }

// A sorted copy of a list of names; null is an empty one.
Result<Value> SortedNames(const Value& given, const std::string& path, Arena& arena) {
  if (given.is(Kind::kNull)) return Value::List(nullptr, 0);
  const auto is_name = [](const Value& item) { return item.is(Kind::kString); };
  if (!given.is(Kind::kList) || !std::all_of(given.items, given.items + given.size, is_name))
    return WrongFact(path, "must be a list of strings");
  Value* names = arena.AllocateArray<Value>(given.size);
  if (names == nullptr) return Full();
  std::copy(given.items, given.items + given.size, names);
  std::sort(names, names + given.size, IsLess);
  return Value::List(names, given.size);
}

// A map with room for its members, in an arena.
class MapMaker {
 public:
  MapMaker(Arena& arena, std::size_t members) : arena_(arena), entries_(arena.AllocateArray<MapEntry>(members)) {}
  void Add(std::string_view key, const Value& value) {
    if (entries_ != nullptr) entries_[size_++] = {Value::String(key), value};
  }
  Result<Value> Finish() {
    const MapData* map = entries_ == nullptr ? nullptr : MakeMap(arena_, entries_, size_);
    if (map == nullptr) return Full();
    return Value::Map(map);
  }

 private:
  Arena& arena_;
  MapEntry* entries_;
  std::uint32_t size_ = 0;
};

Result<Value> CheckAttestation(const Value& given, const std::string& path, Arena& arena) {
  if (!given.is(Kind::kMap)) return WrongFact(path, "must be an object");
  MapMaker attestation(arena, 4);
  Value type = Value::String(""), about = Value::String(""), signed_by = Value::List(nullptr, 0), predicate = Value::Null();
  for (const MapEntry& member : EntriesOf(given)) {
    const std::string_view key = member.key.string();
    if (key == kType || key == kAbout) {
      if (!member.value.is(Kind::kString)) return WrongFact(Below(path, key), "must be a string");
      (key == kType ? type : about) = member.value;
    } else if (key == kSignedBy) {
      Result<Value> names = SortedNames(member.value, Below(path, key), arena);
      if (!names) return names.error();
      signed_by = *names;
    } else if (key == kPredicate) {
      predicate = member.value;
    } else {
      return UnknownFactMember(key, path, std::array{kType, kSignedBy, kPredicate, kAbout});
    }
  }
  if (type.size == 0) return WrongFact(path, "needs \"type\"");
  attestation.Add(kType, type);
  attestation.Add(kAbout, about);
  attestation.Add(kSignedBy, signed_by);
  attestation.Add(kPredicate, predicate);
  return attestation.Finish();
}

Result<Value> CheckAttestations(const Value& given, const std::string& path, Arena& arena) {
  if (!given.is(Kind::kList)) return WrongFact(path, "must be a list");
  Value* items = arena.AllocateArray<Value>(given.size);
  if (items == nullptr) return Full();
  for (std::uint32_t i = 0; i < given.size; ++i) {
    Result<Value> item = CheckAttestation(given.items[i], path + "[" + std::to_string(i) + "]", arena);
    if (!item) return item;
    items[i] = *item;
  }
  return Value::List(items, given.size);
}

// A signer that has signed is not refuted or unknown.
Status CheckSaysOneThing(const Value& fact, const std::string& path) {
  const Value* signed_by = TryMember(&fact, kSignedBy);
  if (signed_by == nullptr) return OkStatus();
  for (const Value& signer : std::span(signed_by->items, signed_by->size)) {
    for (const std::string_view list : {kRefuted, kUnknownSigners}) {
      const Value* names = TryMember(&fact, list);
      if (names != nullptr && IsAmong(*names, signer.string()))
        return WrongFact(path, "says two things about signer \"" + Shorten(signer.string(), kMaxShownNameBytes) + "\"");
    }
  }
  return OkStatus();
}

}  // namespace

Result<Value> CheckImageFact(const Value& given, const std::string& path, Arena& arena) {
  if (!given.is(Kind::kMap)) return WrongFact(path, "must be an object");
  MapMaker fact(arena, EntriesOf(given).size());
  for (const MapEntry& member : EntriesOf(given)) {
    const std::string_view key = member.key.string();
    if (key == kImage) continue;
    const bool is_names = key == kSignedBy || key == kRefuted || key == kUnknownSigners;
    if (!is_names && key != kAttestations)
      return UnknownFactMember(key, path, std::array{kImage, kSignedBy, kRefuted, kUnknownSigners, kAttestations});
    Result<Value> checked =
        is_names ? SortedNames(member.value, Below(path, key), arena) : CheckAttestations(member.value, Below(path, key), arena);
    if (!checked) return checked;
    fact.Add(key, *checked);
  }
  Result<Value> made = fact.Finish();
  if (!made) return made;
  if (const Status one = CheckSaysOneThing(*made, path); !one) return one.error();
  return made;
}

Outcome SignedBy(const Value* fact, std::string_view signer) {
  const Value* refuted = TryMember(fact, kRefuted);
  if (refuted != nullptr && IsAmong(*refuted, signer)) return Outcome::kFalse;
  const Value* signed_by = TryMember(fact, kSignedBy);
  return signed_by != nullptr && IsAmong(*signed_by, signer) ? Outcome::kTrue : Outcome::kUnknown;
}

bool IsUnknownSigner(const Value* fact, std::string_view signer) {
  const Value* unknown = TryMember(fact, kUnknownSigners);
  return unknown != nullptr && IsAmong(*unknown, signer);
}

bool HasAttestations(const Value* fact) { return TryMember(fact, kAttestations) != nullptr; }

std::span<const Value> AttestationsOf(const Value* fact) {
  const Value* attestations = TryMember(fact, kAttestations);
  return attestations == nullptr ? std::span<const Value>() : std::span(attestations->items, attestations->size);
}

Attestation AttestationOf(const Value& attestation) {
  return {.predicate_type = TryMember(&attestation, kType)->string(),
          .about = TryMember(&attestation, kAbout)->string(),
          .signed_by = *TryMember(&attestation, kSignedBy),
          .predicate = *TryMember(&attestation, kPredicate)};
}

bool IsAmong(const Value& names, std::string_view name) {
  return std::binary_search(names.items, names.items + names.size, Value::String(name), IsLess);
}

}  // namespace writ
