// Writing values so that equal ones are equal bytes: a letter for the type, sizes before contents, maps by sorted key.
#include "engine/limit/quota_key.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "rules/base/digest.h"

namespace writ {
namespace {

constexpr std::size_t kMaxPendingBytes = 4'096;
constexpr std::size_t kMaxPlainBytes = 31;  // with the length before it: a QuotaKey
constexpr unsigned char kDigestMark = 0xFF;

bool Spend(std::uint64_t& steps_left, std::uint64_t steps) {
  if (steps >= steps_left) {
    steps_left = 0;
    return false;
  }
  steps_left -= steps;
  return true;
}

double NumberOf(const Value& value) {
  if (value.is(Kind::kInt)) return static_cast<double>(value.integer);
  if (value.is(Kind::kUint)) return static_cast<double>(value.unsigned_integer);
  return value.real;
}

// Keys of maps are strings, numbers or bools; numbers of all types are one kind of key.
bool IsKeyBefore(const Value& a, const Value& b) {
  const auto rank = [](const Value& key) { return key.is(Kind::kString) ? 0 : key.is(Kind::kBool) ? 1 : 2; };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (a.is(Kind::kString)) return a.string() < b.string();
  return a.is(Kind::kBool) ? a.boolean < b.boolean : NumberOf(a) < NumberOf(b);
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
bool QuotaKeyBuilder::Add(const Value& value, std::uint64_t& steps_left) {
  if (!Spend(steps_left, 1)) return false;
  switch (value.kind) {
    case Kind::kAbsent:
    case Kind::kError:
    case Kind::kUnknown:
    case Kind::kNull: AddRaw("z", 1); return true;
    case Kind::kBool: AddRaw(value.boolean ? "t" : "f", 1); return true;
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble: AddNumber(NumberOf(value)); return true;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      AddText(value.is(Kind::kString) ? 's' : value.is(Kind::kBytes) ? 'b' : 'y', value.string());
      return Spend(steps_left, value.size / 32);
    case Kind::kTimestamp:
    case Kind::kDuration:
      AddRaw(value.is(Kind::kTimestamp) ? "T" : "D", 1);
      AddRaw(&value.integer, sizeof value.integer);
      if (value.is(Kind::kTimestamp)) AddRaw(&value.size, sizeof value.size);
      return true;
    case Kind::kOptional: AddRaw(value.inner == nullptr ? "o" : "O", 1); return value.inner == nullptr || Add(*value.inner, steps_left);
    case Kind::kList:
      AddRaw("l", 1);
      AddSize(value.size);
      for (std::uint32_t i = 0; i < value.size; ++i) {
        if (!Add(value.items[i], steps_left)) return false;
      }
      return true;
    case Kind::kMap: return value.map == nullptr || AddMap(*value.map, steps_left);
  }
  return false;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
bool QuotaKeyBuilder::AddMap(const MapData& map, std::uint64_t& steps_left) {
  AddRaw("m", 1);
  AddSize(map.size);
  if (!Spend(steps_left, map.size)) return false;
  std::vector<const MapEntry*> entries(map.size);
  for (std::uint32_t i = 0; i < map.size; ++i) entries[i] = &map.entries[i];
  std::sort(entries.begin(), entries.end(), [](const MapEntry* a, const MapEntry* b) { return IsKeyBefore(a->key, b->key); });
  for (const MapEntry* entry : entries) {
    if (!Add(entry->key, steps_left) || !Add(entry->value, steps_left)) return false;
  }
  return true;
}

void QuotaKeyBuilder::AddNumber(double number) {
  if (std::isnan(number)) number = std::numeric_limits<double>::quiet_NaN();
  if (number == 0) number = 0;  // -0.0
  AddRaw("n", 1);
  AddRaw(&number, sizeof number);
}

void QuotaKeyBuilder::AddText(char tag, std::string_view text) {
  AddRaw(&tag, 1);
  AddSize(text.size());
  AddRaw(text.data(), text.size());
}

// Seven bits a byte, so that short texts stay short.
void QuotaKeyBuilder::AddSize(std::uint64_t size) {
  for (; size >= 0x80; size >>= 7) pending_ += static_cast<char>(size | 0x80);
  pending_ += static_cast<char>(size);
}

void QuotaKeyBuilder::AddRaw(const void* bytes, std::size_t size) {
  const char* next = static_cast<const char*>(bytes);
  while (pending_.size() + size > kMaxPendingBytes) {
    const std::size_t part = kMaxPendingBytes - std::min(pending_.size(), kMaxPendingBytes);
    pending_.append(next, part);
    next += part;
    size -= part;
    Fold();
  }
  pending_.append(next, size);
}

void QuotaKeyBuilder::Fold() {
  if (is_folded_) pending_.insert(0, reinterpret_cast<const char*>(digest_.data()), digest_.size());
  const std::string digest = Sha256(pending_);
  std::copy(digest.begin(), digest.end(), digest_.begin());
  pending_.clear();
  is_folded_ = true;
}

QuotaKey QuotaKeyBuilder::Finish() {
  QuotaKey key;
  if (!is_folded_ && pending_.size() <= kMaxPlainBytes) {
    key.bytes[0] = static_cast<unsigned char>(pending_.size());
    std::copy(pending_.begin(), pending_.end(), key.bytes.begin() + 1);
  } else {
    Fold();
    key.bytes[0] = kDigestMark;
    std::memcpy(key.bytes.data() + 1, digest_.data(), kMaxPlainBytes);
  }
  pending_.clear();
  is_folded_ = false;
  return key;
}

}  // namespace writ
