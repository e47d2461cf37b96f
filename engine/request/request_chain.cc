// The call chain: who acted for whom, nearest first. Callers give it as `principal.actors`, as `context.chain.actors`, or as the `act`
// claim of a token, which nests; rules see one list wherever it came from, or a limit on its depth would be passed by.
//
//   "claims": {"act": {"sub": "b", "act": {"sub": "a"}}}   is the chain   [{"id": "b", "claims": …}, {"id": "a", "claims": …}]
//
// Source of the claim: RFC 8693, 4.1.
#include <algorithm>
#include <utility>

#include "engine/eval/evaluator.h"
#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/request_reader.h"

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

}  // namespace

// `act` as an actor of the documented shape.
bool RequestReader::ActorOfClaim(const Value& act, Value* actor) {
  MapEntry* entries = arena_.AllocateArray<MapEntry>(2);
  if (entries == nullptr) return FailTooLarge("the request does not fit in memory");
  std::uint32_t size = 0;
  if (const Value* sub = MemberOf(act, "sub"); sub != nullptr && sub->is(Kind::kString)) entries[size++] = {Value::String("id"), *sub};
  entries[size++] = {Value::String("claims"), act};
  const MapData* map = MakeMap(arena_, entries, size);
  if (map == nullptr) return FailTooLarge("the request does not fit in memory");
  *actor = Value::Map(map);
  return true;
}

// Each actor's own claims may name those before it: they must be the ones that follow in the list, or else they follow now.
bool RequestReader::ReadActors(const Value& list, std::string_view path, std::vector<Value>& actors) {
  if (!list.is(Kind::kList)) return true;  // the walk says what is wrong
  for (std::uint32_t i = 0; i < list.size; ++i) {
    const std::string fault = FaultOfActor(list.items[i]);
    if (!fault.empty()) return FailType(std::string(path) + "[" + std::to_string(i) + "]", fault);
    actors.push_back(list.items[i]);
  }
  for (std::uint32_t i = 0; i < list.size; ++i) {
    std::size_t at = i;
    for (const Value* act = ActOf(list.items[i]); act != nullptr; act = ActOf(*act)) {
      Value actor;
      if (!ActorOfClaim(*act, &actor)) return false;
      if (++at == actors.size()) {
        actors.push_back(actor);
      } else if (!IsSameActor(actors[at], actor)) {
        return FailType(std::string(path) + "[" + std::to_string(i) + "]",
                        "has an `act` claim that names another actor than the list does");
      }
    }
  }
  return true;
}

bool RequestReader::MergeChain(const ChainParts& parts) {
  if (parts.depth < 0) return FailType("context.chain.depth", "must not be negative, found " + std::to_string(parts.depth));
  if (!parts.is_told()) {
    chain_depth_ = parts.depth;
    return true;
  }
  std::vector<Value> of_principal, of_context, of_claim;
  if (!ReadActors(parts.principal_actors, "principal.actors", of_principal)) return false;
  if (!ReadActors(parts.chain_actors, "context.chain.actors", of_context)) return false;
  for (const Value* act = &parts.act; act != nullptr && act->is(Kind::kMap) && act->map != nullptr; act = ActOf(*act)) {
    if (!ActorOfClaim(*act, &of_claim.emplace_back())) return false;
  }
  std::vector<Value>* chain = nullptr;
  std::string_view from;
  const std::pair<std::string_view, std::vector<Value>*> given[] = {
      {"principal.actors", &of_principal}, {"context.chain.actors", &of_context}, {"principal.claims.act", &of_claim}};
  for (const auto& [path, actors] : given) {
    if (actors->empty()) continue;
    if (chain != nullptr && !IsSameChain(*chain, *actors))
      return FailType(std::string(path), "names other actors than `" + std::string(from) + "` does");
    if (chain == nullptr) from = path;
    if (chain == nullptr) chain = actors;
  }
  has_principal_actors_ = !of_principal.empty();
  has_chain_actors_ = !of_context.empty();
  chain_depth_ = parts.depth;
  if (chain == nullptr) return true;
  Value* items = arena_.AllocateArray<Value>(chain->size());
  if (items == nullptr) return FailTooLarge("the request does not fit in memory");
  std::copy(chain->begin(), chain->end(), items);
  actors_ = Value::List(items, static_cast<std::uint32_t>(chain->size()));
  chain_depth_ = std::max(chain_depth_, static_cast<std::int64_t>(chain->size()));
  return true;
}

// What is of the wrong type is left out here: the walk says so.
bool RequestReader::ReadChain() {
  if (!shape_->depth_node.valid()) return true;
  const auto given = [this](std::string_view root) {
    for (std::size_t i = 0; i < shape_->roots.size(); ++i) {
      if ((*shape_)[shape_->roots[i]].key == root) return given_[i];
    }
    return JsonNode();
  };
  ChainParts parts;
  const auto read = [&](JsonNode node, JsonKind wanted, Value* out) {
    if (!node.valid() || !node.is(wanted)) return true;
    *out = MaterializeJson(node, arena_);
    return !out->is(Kind::kAbsent) || FailTooLarge("the request does not fit in memory");
  };
  const auto [principal_actors, claims] = MembersOf(given("principal"), "actors", "claims");
  const auto [chain_actors, depth] = MembersOf(MemberOf(given("context"), "chain"), "actors", "depth");
  if (depth.valid() && depth.is(JsonKind::kInt)) parts.depth = depth.integer();
  return read(principal_actors, JsonKind::kArray, &parts.principal_actors) && read(chain_actors, JsonKind::kArray, &parts.chain_actors) &&
         read(MemberOf(claims, "act"), JsonKind::kObject, &parts.act) && MergeChain(parts);
}

bool RequestReader::ReadFieldChain(const FieldRequest& request) {
  if (!shape_->has_chain_slots) return true;  // no field can tell it, and no rule asks
  ChainParts parts;
  const auto is_slot = [this](ShapeNodeId id, SlotId slot) { return id.valid() && (*shape_)[id].slot == slot; };
  for (const FieldRequest::Field& field : request.fields) {
    if (!field.slot.valid()) continue;
    if (is_slot(shape_->actors_node, field.slot)) parts.principal_actors = field.value;
    if (is_slot(shape_->chain_actors_node, field.slot)) parts.chain_actors = field.value;
    if (is_slot(shape_->act_node, field.slot)) parts.act = field.value;
    if (is_slot(shape_->claims_node, field.slot)) {
      if (const Value* act = MemberOf(field.value, "act")) parts.act = *act;
    }
    if (is_slot(shape_->depth_node, field.slot) && field.value.is(Kind::kInt)) parts.depth = field.value.integer;
  }
  return MergeChain(parts);
}

void RequestReader::SetChainSlots() {
  if (!shape_->depth_node.valid()) return;
  for (const ShapeNodeId id : {shape_->actors_node, shape_->chain_actors_node}) {
    if (id.valid()) SetSlots((*shape_)[id], actors_);
  }
  SetSlots((*shape_)[shape_->depth_node], Value::Int(chain_depth_));
}

// Who may have acted is unknown when a place where actors could stand is, unless the chain is told elsewhere; how many, in any case.
void RequestReader::NoteUnknownChain(std::string_view path) {
  if (!shape_->depth_node.valid()) return;
  const auto covers = [path](std::string_view member) { return IsPathAtOrBelow(member, path) || IsPathAtOrBelow(path, member); };
  const bool principal = covers("principal.actors"), chain = covers("context.chain.actors"), act = covers("principal.claims.act");
  if (!principal && !chain && !act) return;
  const bool is_told = (has_principal_actors_ && !principal) || (has_chain_actors_ && !chain);
  if (is_told && !principal && !chain) return;  // a claim can only name the same actors
  unknown_paths_.emplace_back("context.chain.depth");
  if (is_told) return;
  unknown_paths_.emplace_back("principal.actors");
  unknown_paths_.emplace_back("context.chain.actors");
}

}  // namespace writ
