// Maps of values: keys, hashing, lookup. A key is normalised first, so that 1, 1u and 1.0 are one key.
//
// The hash is seeded per process: keys come from requests, and an attacker must not be able to choose ones that collide.
// Idea: folded 64x64->128 bit multiplication of words that were mixed with the secret seed (after wyhash).
#include <sys/random.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "rules/model/value.h"

namespace writ {
namespace {

struct Seed {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

Seed MakeSeed() {
  Seed seed;
  if (getentropy(&seed, sizeof(seed)) != 0) {
    std::random_device device;
    seed = {(std::uint64_t{device()} << 32U) | device(), (std::uint64_t{device()} << 32U) | device()};
  }
  return seed;
}

const Seed& ProcessSeed() {
  static const Seed seed = MakeSeed();
  return seed;
}

std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// Loads the last `size` (1 to 8) bytes at `text`.
std::uint64_t LoadTail(const char* text, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, size);
  return word;
}

std::uint64_t HashText(std::string_view text) {
  const Seed& seed = ProcessSeed();
  std::uint64_t hash = seed.first ^ (text.size() * 0x9E3779B97F4A7C15U);
  const char* at = text.data();
  std::size_t left = text.size();
  while (left > 16) {
    hash = Fold(LoadTail(at, 8) ^ seed.second, LoadTail(at + 8, 8) ^ hash);
    at += 16;
    left -= 16;
  }
  const std::uint64_t a = left > 8 ? LoadTail(at, 8) : left > 0 ? LoadTail(at, left) : 0;
  const std::uint64_t b = left > 8 ? LoadTail(at + 8, left - 8) : 0;
  return Fold(a ^ seed.second, b ^ hash);
}

enum class KeyKind : std::uint8_t { kNone, kNatural, kNegative, kBool, kText };

// A key as maps compare it. kNone: can be no key, equals nothing.
struct NormalKey {
  KeyKind kind = KeyKind::kNone;
  std::uint64_t bits = 0;
  std::string_view text;
};

NormalKey NormaliseInt(std::int64_t value) {
  return {value < 0 ? KeyKind::kNegative : KeyKind::kNatural, static_cast<std::uint64_t>(value), {}};
}

NormalKey NormaliseDouble(double value) {
  if (!(value >= -0x1p63 && value < 0x1p64) || value != std::trunc(value)) return {};
  if (value < 0) return NormaliseInt(static_cast<std::int64_t>(value));
  return {KeyKind::kNatural, static_cast<std::uint64_t>(value), {}};
}

NormalKey Normalise(const Value& key) {
  switch (key.kind) {
    case Kind::kString: return {KeyKind::kText, 0, key.string()};
    case Kind::kInt: return NormaliseInt(key.integer);
    case Kind::kUint: return {KeyKind::kNatural, key.unsigned_integer, {}};
    case Kind::kDouble: return NormaliseDouble(key.real);
    case Kind::kBool: return {KeyKind::kBool, key.boolean ? 1U : 0U, {}};
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kDuration:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kOptional:
    case Kind::kType:
    case Kind::kError:
    case Kind::kUnknown: return {};
  }
  return {};
}

std::uint64_t HashNormal(const NormalKey& key) {
  if (key.kind == KeyKind::kText) return HashText(key.text);
  const Seed& seed = ProcessSeed();
  return Fold(key.bits ^ seed.second, seed.first + static_cast<std::uint64_t>(key.kind));
}

bool Matches(const NormalKey& wanted, const Value& key) {
  if (wanted.kind == KeyKind::kText) return key.kind == Kind::kString && key.string() == wanted.text;
  const NormalKey other = Normalise(key);
  return wanted.kind == other.kind && wanted.bits == other.bits && wanted.kind != KeyKind::kNone;
}

const Value* Find(const MapData& map, const NormalKey& key) {
  if (key.kind == KeyKind::kNone) return nullptr;
  if (map.buckets == nullptr) {
    for (std::uint32_t i = 0; i < map.size; ++i) {
      if (Matches(key, map.entries[i].key)) return &map.entries[i].value;
    }
    return nullptr;
  }
  for (std::uint64_t at = HashNormal(key);; ++at) {
    const std::uint32_t found = map.buckets[at & map.bucket_mask];
    if (found == 0) return nullptr;
    if (Matches(key, map.entries[found - 1].key)) return &map.entries[found - 1].value;
  }
}

}  // namespace

std::uint64_t HashKey(const Value& key) { return HashNormal(Normalise(key)); }

const Value* FindInMap(const MapData& map, const Value& key) { return Find(map, Normalise(key)); }

const Value* FindInMap(const MapData& map, std::string_view key) { return Find(map, {KeyKind::kText, 0, key}); }

const MapData* MakeMap(Arena& arena, const MapEntry* entries, std::uint32_t size) {
  MapData* map = arena.AllocateArray<MapData>(1);
  if (map == nullptr) return nullptr;
  *map = MapData{.size = size, .bucket_mask = 0, .entries = entries, .buckets = nullptr};
  if (size <= MapData::kLinearEntries) return map;
  const std::size_t count = std::bit_ceil(std::size_t{size} * 2);
  if (count > std::size_t{1} << 31U) return nullptr;
  std::uint32_t* buckets = arena.AllocateArray<std::uint32_t>(count);
  if (buckets == nullptr) return nullptr;
  std::memset(buckets, 0, count * sizeof(std::uint32_t));
  map->bucket_mask = static_cast<std::uint32_t>(count - 1);
  for (std::uint32_t i = 0; i < size; ++i) {
    std::uint64_t at = HashKey(entries[i].key);
    while (buckets[at & map->bucket_mask] != 0) ++at;
    buckets[at & map->bucket_mask] = i + 1;
  }
  map->buckets = buckets;
  return map;
}

const Value* FindDuplicateKey(const MapData& map) {
  for (std::uint32_t i = 0; i < map.size; ++i) {
    // A lookup finds the first entry of a key, so a later one is found at another place than its own.
    const Value* found = FindInMap(map, map.entries[i].key);
    if (found != nullptr && found != &map.entries[i].value) return &map.entries[i].key;
  }
  return nullptr;
}

}  // namespace writ
