// Rows that a row brings along; see related.h.
#include "engine/request/related.h"

#include <algorithm>
#include <string>

#include "engine/request/convert.h"
#include "engine/request/refusal.h"

namespace writ {
namespace {

// Where a fault is found: told from the inside out, so that a good value costs no text.
struct Place {
  const Place* outer = nullptr;
  std::string_view member;  // "" = an item
  std::uint32_t item = 0;
};

// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
std::string PathOf(const Place& place) {
  const std::string outer = place.outer == nullptr ? "" : PathOf(*place.outer);
  if (place.member.empty()) return outer + "[" + std::to_string(place.item) + "]";
  return outer.empty() ? std::string(place.member) : outer + "." + std::string(place.member);
}

class Converter {
 public:
  explicit Converter(RequestState& state) : state_(state) {}

  // A member of a row: null means "not given" where it is no value.
  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  bool Member(const ShapeNode& node, const Place& place, Value& value) {
    if (value.is(Kind::kNull)) {
      if (!node.nullable) value = Value();
      return true;
    }
    if (node.relation == nullptr) return Column(node.type, place, value);
    const Shape* shape = state_.shapes->FindTable((*state_.shapes->program)[node.relation->table]);
    if (shape == nullptr) return true;
    if (!node.relation->many) return Row(*shape, place, value);
    if (!value.is(Kind::kList)) return Refused(place, "must be a list, found " + std::string(KindWord(value.kind)));
    return Rows(*shape, place, value);
  }

 private:
  bool Refused(const Place& place, const std::string& fault) { return RefuseAt(PathOf(place), fault, state_); }

  bool Column(TypeId type, const Place& place, Value& value) {
    if (IsSimplyOf(type, value)) return true;
    const std::string fault = ConvertTo(type, state_.shapes->types, state_.arena, value);
    return fault.empty() || Refused(place, fault);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  bool Rows(const Shape& shape, const Place& place, Value& value) {
    Value* items = nullptr;
    for (std::uint32_t i = 0; value.items != nullptr && i < value.size; ++i) {
      Value row = value.items[i];
      const MapData* before = row.is(Kind::kMap) ? row.map : nullptr;
      if (!Row(shape, {.outer = &place, .item = i}, row)) return false;
      if (row.map == before) continue;
      if (items == nullptr) {
        items = state_.arena.AllocateArray<Value>(value.size);
        if (items == nullptr) return RefuseFull(state_);
        std::copy_n(value.items, value.size, items);
      }
      items[i] = row;
    }
    if (items != nullptr) value = Value::List(items, value.size);
    return true;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  bool Row(const Shape& shape, const Place& place, Value& value) {
    if (!value.is(Kind::kMap)) return Refused(place, "must be an object, found " + std::string(KindWord(value.kind)));
    if (value.map == nullptr) return true;
    const std::uint32_t size = value.map->size;
    MapEntry* entries = nullptr;  // a copy, once something changes
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < size; ++i) {
      const MapEntry& entry = value.map->entries[i];
      Value member = entry.value;
      const ShapeNodeId id = FindChild(shape, shape[shape.row_node].children, entry.key.string());
      const bool is_declared = id.valid() && shape[id].declared;
      if (is_declared && !Member(shape[id], {.outer = &place, .member = entry.key.string()}, member)) return false;
      if (entries == nullptr && !IsSame(member, entry.value)) {
        entries = state_.arena.AllocateArray<MapEntry>(size);
        if (entries == nullptr) return RefuseFull(state_);
        std::copy_n(value.map->entries, i, entries);
      }
      if (entries != nullptr && !member.is(Kind::kAbsent)) entries[kept] = {entry.key, member};
      if (!member.is(Kind::kAbsent)) ++kept;
    }
    if (entries == nullptr) return true;
    const MapData* map = MakeMap(state_.arena, entries, kept);
    if (map == nullptr) return RefuseFull(state_);
    value = Value::Map(map);
    return true;
  }

  // Has nothing been converted? Maps and lists that were, are others.
  static bool IsSame(const Value& a, const Value& b) {
    if (a.kind != b.kind) return false;
    if (a.is(Kind::kMap)) return a.map == b.map;
    return !a.is(Kind::kList) || a.items == b.items;
  }

  RequestState& state_;
};

}  // namespace

bool ConvertRelated(const ShapeNode& node, RequestState& state, Value& value) {
  if (node.relation == nullptr && !node.is_related) return true;
  return Converter(state).Member(node, {.member = node.path}, value);
}

}  // namespace writ
