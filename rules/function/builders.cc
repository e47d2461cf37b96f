// Builders of lists and maps in the arena.
#include "rules/function/builders.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace writ {
namespace {

constexpr std::uint32_t kFirstRoom = 4;
constexpr std::uint32_t kMaxExpected = 4096;  // a hint cannot reserve more: it comes from the program
constexpr std::uint32_t kMaxRoom = 1U << 30U;

std::uint32_t RoomOf(const Value& builder) { return 1U << builder.code >> 1U; }

void SetRoom(Value& builder, std::uint32_t room) { builder.code = static_cast<std::uint16_t>(std::countr_zero(room) + 1); }

std::uint32_t FirstRoom(std::uint32_t expected) { return std::bit_ceil(std::max(kFirstRoom, std::min(expected, kMaxExpected))); }

bool GrowList(Value& list, FunctionContext& context) {
  const std::uint32_t room = RoomOf(list) * 2;
  if (room > kMaxRoom || !Charge(context, list.size)) return false;
  Value* items = context.arena.AllocateArray<Value>(room);
  if (items == nullptr) return false;
  std::copy_n(list.items, list.size, items);
  list.items = items;
  SetRoom(list, room);
  return true;
}

void InsertBucket(std::uint32_t* buckets, std::uint32_t mask, const Value& key, std::uint32_t entry) {
  std::uint64_t at = HashKey(key);
  while (buckets[at & mask] != 0) ++at;
  buckets[at & mask] = entry + 1;
}

// Gives `map` `room` entries and, when they are many, buckets for twice as many. False when the
// arena is full.
bool SetMapRoom(Value& map, MapData& data, std::uint32_t room, FunctionContext& context) {
  if (room > kMaxRoom || !Charge(context, data.size)) return false;
  MapEntry* entries = context.arena.AllocateArray<MapEntry>(room);
  if (entries == nullptr) return false;
  std::copy_n(data.entries, data.size, entries);
  std::uint32_t* buckets = nullptr;
  if (room > MapData::kLinearEntries) {
    buckets = context.arena.AllocateArray<std::uint32_t>(std::size_t{room} * 2);
    if (buckets == nullptr) return false;
    std::memset(buckets, 0, std::size_t{room} * 2 * sizeof(std::uint32_t));
    data.bucket_mask = room * 2 - 1;
    for (std::uint32_t i = 0; i < data.size; ++i) InsertBucket(buckets, data.bucket_mask, entries[i].key, i);
  }
  data.entries = entries;
  data.buckets = buckets;
  SetRoom(map, room);
  return true;
}

// What is wrong with putting `key` into `data`, or a value that is no error.
Value CheckKey(const MapData& data, const Value& key, FunctionContext& context) {
  if (!IsKeyKind(key.kind)) return Value::Error(ValueError::kBadKeyType, TypeName(key.kind));
  if (!Charge(context, key.is(Kind::kString) ? ScanSteps(key.size) : 1)) return OutOfBudget(context);
  if (FindInMap(data, key) != nullptr) return MakeError(ValueError::kDuplicateKey, DetailText(key), context);
  return {};
}

}  // namespace

Value NewListBuilder(std::uint32_t expected, FunctionContext& context) {
  const std::uint32_t room = FirstRoom(expected);
  Value* items = context.arena.AllocateArray<Value>(room);
  if (items == nullptr) return OutOfBudget(context);
  Value list = Value::List(items, 0);
  SetRoom(list, room);
  return list;
}

void AppendSlowly(Value& list, const Value& item, FunctionContext& context) {
  if (list.is_fault()) return;
  if (item.is_fault()) {
    list = item;
  } else if (!list.is(Kind::kList) || list.code == 0) {
    list = NoOverload(Function::kAdd, list, item);  // no builder: the verifier lets no such program pass
  } else if (list.size == RoomOf(list) && !GrowList(list, context)) {
    list = OutOfBudget(context);
  } else {
    const_cast<Value*>(list.items)[list.size++] = item;  // SAFETY: as in Append
  }
}

void AppendOptional(Value& list, const Value& optional, FunctionContext& context) {
  if (optional.is_fault()) {
    AppendSlowly(list, optional, context);
  } else if (!optional.is(Kind::kOptional)) {
    AppendSlowly(list, Value::Error(ValueError::kNoMatchingOverload, "[?_]"), context);
  } else if (optional.inner != nullptr) {
    Append(list, *optional.inner, context);
  }
}

Value NewMapBuilder(std::uint32_t expected, FunctionContext& context) {
  MapData* data = context.arena.AllocateArray<MapData>(1);
  if (data == nullptr) return OutOfBudget(context);
  *data = MapData{};
  Value map = Value::Map(data);
  return SetMapRoom(map, *data, FirstRoom(expected), context) ? map : OutOfBudget(context);
}

void Put(Value& map, const Value& key, const Value& value, FunctionContext& context) {
  if (map.is_fault()) return;
  if (key.is_fault() || value.is_fault()) {
    map = FaultOf(key, value);
    return;
  }
  if (!map.is(Kind::kMap) || map.code == 0) {
    map = NoOverload(Function::kAdd, map, value);  // no builder: the verifier lets no such program pass
    return;
  }
  auto& data = const_cast<MapData&>(*map.map);  // SAFETY: only NewMap makes what Put writes (VerifyProgram)
  const Value problem = CheckKey(data, key, context);
  if (problem.is(Kind::kError)) {
    map = problem;
  } else if (data.size >= RoomOf(map) && !SetMapRoom(map, data, std::bit_ceil(data.size + 1), context)) {
    map = OutOfBudget(context);
  } else {
    const_cast<MapEntry*>(data.entries)[data.size] = {key, value};
    if (data.buckets != nullptr) InsertBucket(const_cast<std::uint32_t*>(data.buckets), data.bucket_mask, key, data.size);
    ++data.size;
  }
}

void PutOptional(Value& map, const Value& key, const Value& optional, FunctionContext& context) {
  if (key.is_fault() || optional.is_fault()) {
    Put(map, key, optional, context);
  } else if (!optional.is(Kind::kOptional)) {
    Put(map, key, Value::Error(ValueError::kNoMatchingOverload, "{?_: _}"), context);
  } else if (optional.inner != nullptr) {
    Put(map, key, *optional.inner, context);
  }
}

}  // namespace writ
