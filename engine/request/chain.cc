#include "engine/request/chain.h"

#include <algorithm>
#include <utility>

#include "engine/eval/evaluator.h"
#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/fill.h"
#include "engine/request/refusal.h"
#include "engine/request/unknown.h"

namespace writ {
namespace {

JsonNode MemberOf(JsonNode node, std::string_view key) { return node.valid() && node.is(JsonKind::kObject) ? node.Find(key) : JsonNode(); }

// Two members in one walk.
std::pair<JsonNode, JsonNode> MembersOf(JsonNode node, std::string_view first, std::string_view second) {
  std::pair<JsonNode, JsonNode> found;
  if (!node.valid() || !node.is(JsonKind::kObject)) return found;
  for (const JsonMember& member : node.members()) {
    if (member.key == first) found.first = member.value;
    if (member.key == second) found.second = member.value;
  }
  return found;
}

const Value* MemberOf(const Value& value, std::string_view key) {
  return value.is(Kind::kMap) && value.map != nullptr ? FindInMap(*value.map, key) : nullptr;
}

std::string_view TextOf(const Value& value, std::string_view key) {
  const Value* member = MemberOf(value, key);
  return member != nullptr && member->is(Kind::kString) ? member->string() : std::string_view();
}

// How an actor is called: a bare name, or `id`, or `sub` as tokens have it.
std::string_view NameOf(const Value& actor) {
  if (actor.is(Kind::kString)) return actor.string();
  const std::string_view id = TextOf(actor, "id");
  return id.empty() ? TextOf(actor, "sub") : id;
}

bool IsSameActor(const Value& a, const Value& b) {
  const std::string_view name = NameOf(a);
  if (name.empty()) return ValuesEqual(a, b);
  const std::string_view type_a = TextOf(a, "type"), type_b = TextOf(b, "type");
  return name == NameOf(b) && (type_a.empty() || type_b.empty() || type_a == type_b);
}

bool IsSameChain(const std::vector<Value>& a, const std::vector<Value>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), IsSameActor);
}

// The actor before this one, as the claim inside it says; nullptr when it says none.
const Value* ActOf(const Value& actor) {
  const Value* act = MemberOf(actor, "act");
  if (act == nullptr) {
    const Value* claims = MemberOf(actor, "claims");
    act = claims == nullptr ? nullptr : MemberOf(*claims, "act");
  }
  return act != nullptr && act->is(Kind::kMap) && act->map != nullptr ? act : nullptr;
}

// What is wrong with an item of a list of actors, or "".
std::string FaultOfActor(const Value& actor) {
  if (actor.is(Kind::kString)) return actor.size == 0 ? "must name an actor, found \"\"" : "";
  if (!actor.is(Kind::kMap)) return "must be an actor, a name or an object with `id`, found " + std::string(KindWord(actor.kind));
  for (const std::string_view key : {"id", "sub", "type"}) {
    const Value* member = MemberOf(actor, key);
    if (member != nullptr && !member->is(Kind::kString)) return "has a member `" + std::string(key) + "` that is not a string";
  }
  const Value* claims = MemberOf(actor, "claims");
  return claims != nullptr && !claims->is(Kind::kMap) ? "has `claims` that are not an object" : "";
}

// The call chain as it was given, in up to three places.
struct ChainParts {
  Value principal_actors, chain_actors, act;
  std::int64_t depth = 0;
  bool is_told() const { return principal_actors.is(Kind::kList) || chain_actors.is(Kind::kList) || act.is(Kind::kMap); }
};

// `act` as an actor of the documented shape.
bool ActorOfClaim(const Value& act, RequestState& state, Value& actor) {
  MapEntry* entries = state.arena.AllocateArray<MapEntry>(2);
  if (entries == nullptr) return RefuseFull(state);
  std::uint32_t size = 0;
  if (const Value* sub = MemberOf(act, "sub"); sub != nullptr && sub->is(Kind::kString)) entries[size++] = {Value::String("id"), *sub};
  entries[size++] = {Value::String("claims"), act};
  const MapData* map = MakeMap(state.arena, entries, size);
  if (map == nullptr) return RefuseFull(state);
  actor = Value::Map(map);
  return true;
}

std::string ItemPath(std::string_view path, std::uint32_t position) { return std::string(path) + "[" + std::to_string(position) + "]"; }

// Each actor's own claims may name those before it: they must be the ones that follow in the list, or else they follow now.
bool ReadActors(const Value& list, std::string_view path, RequestState& state, std::vector<Value>& actors) {
  if (!list.is(Kind::kList)) return true;  // the walk says what is wrong
  for (std::uint32_t i = 0; i < list.size; ++i) {
    const std::string fault = FaultOfActor(list.items[i]);
    if (!fault.empty()) return RefuseAt(ItemPath(path, i), fault, state);
    actors.push_back(list.items[i]);
  }
  for (std::uint32_t i = 0; i < list.size; ++i) {
    std::size_t at = i;
    for (const Value* act = ActOf(list.items[i]); act != nullptr; act = ActOf(*act)) {
      Value actor;
      if (!ActorOfClaim(*act, state, actor)) return false;
      if (++at == actors.size()) {
        actors.push_back(actor);
      } else if (!IsSameActor(actors[at], actor)) {
        return RefuseAt(ItemPath(path, i), "has an `act` claim that names another actor than the list does", state);
      }
    }
  }
  return true;
}

bool SetChain(const std::vector<Value>& actors, RequestState& state) {
  Value* items = state.arena.AllocateArray<Value>(actors.size());
  if (items == nullptr) return RefuseFull(state);
  std::copy(actors.begin(), actors.end(), items);
  state.chain.actors = Value::List(items, static_cast<std::uint32_t>(actors.size()));
  state.chain.depth = std::max(state.chain.depth, static_cast<std::int64_t>(actors.size()));
  return true;
}

// What each place tells; all that tell anything must tell the same.
bool MergeTold(const ChainParts& parts, RequestState& state) {
  std::vector<Value> of_principal, of_context, of_claim;
  if (!ReadActors(parts.principal_actors, "principal.actors", state, of_principal)) return false;
  if (!ReadActors(parts.chain_actors, "context.chain.actors", state, of_context)) return false;
  for (const Value* act = &parts.act; act != nullptr && act->is(Kind::kMap) && act->map != nullptr; act = ActOf(*act)) {
    if (!ActorOfClaim(*act, state, of_claim.emplace_back())) return false;
  }
  const std::vector<Value>* chain = nullptr;
  std::string_view from;
  const std::pair<std::string_view, const std::vector<Value>*> given[] = {
      {"principal.actors", &of_principal}, {"context.chain.actors", &of_context}, {"principal.claims.act", &of_claim}};
  for (const auto& [path, actors] : given) {
    if (actors->empty()) continue;
    if (chain != nullptr && !IsSameChain(*chain, *actors))
      return RefuseAt(path, "names other actors than `" + std::string(from) + "` does", state);
    if (chain != nullptr) continue;
    from = path;
    chain = actors;
  }
  state.chain.is_in_principal = !of_principal.empty();
  state.chain.is_in_context = !of_context.empty();
  return chain == nullptr || SetChain(*chain, state);
}

bool MergeChain(const ChainParts& parts, RequestState& state) {
  if (parts.depth < 0) return RefuseAt("context.chain.depth", "must not be negative, found " + std::to_string(parts.depth), state);
  state.chain.depth = parts.depth;
  return !parts.is_told() || MergeTold(parts, state);
}

// A part of the chain, when it is of the type that it should have.
bool ReadPart(JsonNode node, JsonKind wanted, RequestState& state, Value& part) {
  if (!node.valid() || !node.is(wanted)) return true;
  part = MaterializeJson(node, state.arena);
  return !part.is(Kind::kAbsent) || RefuseFull(state);
}

}  // namespace

bool ReadChain(RequestState& state) {
  if (!state.shape().depth_node.valid()) return true;
  ChainParts parts;
  const auto [principal_actors, claims] = MembersOf(state.given[TopLevel::kPrincipal], "actors", "claims");
  const auto [chain_actors, depth] = MembersOf(MemberOf(state.given[TopLevel::kContext], "chain"), "actors", "depth");
  if (depth.valid() && depth.is(JsonKind::kInt)) parts.depth = depth.integer();
  return ReadPart(principal_actors, JsonKind::kArray, state, parts.principal_actors) &&
         ReadPart(chain_actors, JsonKind::kArray, state, parts.chain_actors) &&
         ReadPart(MemberOf(claims, "act"), JsonKind::kObject, state, parts.act) && MergeChain(parts, state);
}

bool ReadFieldChain(const FieldRequest& request, RequestState& state) {
  const Shape& shape = state.shape();
  if (!shape.has_chain_slots) return true;  // no field can tell it, and no rule asks
  ChainParts parts;
  const auto is_slot = [&](ShapeNodeId id, SlotId slot) { return id.valid() && shape[id].slot == slot; };
  for (const FieldRequest::Field& field : request.fields) {
    if (!field.slot.valid()) continue;
    if (is_slot(shape.actors_node, field.slot)) parts.principal_actors = field.value;
    if (is_slot(shape.chain_actors_node, field.slot)) parts.chain_actors = field.value;
    if (is_slot(shape.act_node, field.slot)) parts.act = field.value;
    if (is_slot(shape.claims_node, field.slot)) {
      if (const Value* act = MemberOf(field.value, "act")) parts.act = *act;
    }
    if (is_slot(shape.depth_node, field.slot) && field.value.is(Kind::kInt)) parts.depth = field.value.integer;
  }
  return MergeChain(parts, state);
}

void SetChainSlots(RequestState& state) {
  const Shape& shape = state.shape();
  if (!shape.has_chain_slots || !shape.depth_node.valid()) return;
  for (const ShapeNodeId id : {shape.actors_node, shape.chain_actors_node}) {
    if (id.valid()) SetSlots(shape[id], state.chain.actors, state);
  }
  SetSlots(shape[shape.depth_node], Value::Int(state.chain.depth), state);
}

void NoteUnknownChain(std::string_view path, RequestState& state) {
  if (!state.shape().depth_node.valid()) return;
  const auto covers = [path](std::string_view member) { return IsPathAtOrBelow(member, path) || IsPathAtOrBelow(path, member); };
  const bool principal = covers("principal.actors"), chain = covers("context.chain.actors"), act = covers("principal.claims.act");
  if (!principal && !chain && !act) return;
  const bool is_told = (state.chain.is_in_principal && !principal) || (state.chain.is_in_context && !chain);
  if (is_told && !principal && !chain) return;  // a claim can only name the same actors
  state.unknown_paths.emplace_back("context.chain.depth");
  if (is_told) return;
  state.unknown_paths.emplace_back("principal.actors");
  state.unknown_paths.emplace_back("context.chain.actors");
}

}  // namespace writ
