// Reading `facts`; see request_facts.h.
#include "engine/fact/request_facts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/fact/fact_fault.h"
#include "engine/fact/image_fact.h"
#include "engine/json/json_document.h"
#include "rules/base/utf8.h"
#include "writ/request.h"

namespace writ {
namespace {

Result<Value> Materialize(JsonNode node, const std::string& path, Arena& arena) {
  const Value value = MaterializeJson(node, arena);
  if (value.is(Kind::kAbsent)) return Error{ErrorCode::kTooLarge, "`" + path + "` does not fit in the memory of a decision"};
  return value;
}

Status ReadImageFacts(JsonNode list, Arena& arena, FactTable& table) {
  if (!list.is(JsonKind::kArray)) return WrongFact("facts.images", "must be a list");
  std::size_t position = 0;
  for (const JsonNode& node : list.items()) {
    const std::string path = "facts.images[" + std::to_string(position++) + "]";
    if (!node.is(JsonKind::kObject)) return WrongFact(path, "must be an object");
    const JsonNode image = node.Find("image");
    if (image.valid() && !image.is(JsonKind::kString)) return WrongFact(path + ".image", "must be a string");
    const Result<Value> given = Materialize(node, path, arena);
    if (!given) return given.error();
    const Result<Value> fact = CheckImageFact(*given, path, arena);
    if (!fact) return fact.error();
    if (!image.valid() || image.string().empty()) return WrongFact(path, "needs \"image\"");
    if (!table.Add(kImageFacts, image.string(), *fact, FactSource::kRequest))
      return WrongFact(path, "is about an image that stands there already");
  }
  return OkStatus();
}

Status ReadFactsOf(std::string_view kind, JsonNode by_key, Arena& arena, FactTable& table) {
  const std::string path = "facts." + std::string(kind);
  if (!by_key.is(JsonKind::kObject)) return WrongFact(path, "must be an object from keys to values");
  for (const JsonMember& member : by_key.members()) {
    const Result<Value> given = Materialize(member.value, path + "." + Shorten(member.key, kMaxShownNameBytes), arena);
    if (!given) return given.error();
    table.Add(kind, member.key, *given, FactSource::kRequest);
  }
  return OkStatus();
}

}  // namespace

Status ReadRequestFacts(JsonNode facts, std::span<const std::string_view> kinds, Arena& arena, FactTable& table) {
  if (!facts.is(JsonKind::kObject)) return WrongFact("facts", "must be an object");
  for (const JsonMember& member : facts.members()) {
    if (member.key == kImageFacts) {
      WRIT_RETURN_IF_ERROR(ReadImageFacts(member.value, arena, table));
      continue;
    }
    const auto kind = std::find(kinds.begin(), kinds.end(), member.key);
    if (kind == kinds.end()) {
      std::vector<std::string_view> known(kinds.begin(), kinds.end());
      known.push_back(kImageFacts);
      return UnknownFactMember(member.key, "facts", known);
    }
    WRIT_RETURN_IF_ERROR(ReadFactsOf(*kind, member.value, arena, table));
  }
  return OkStatus();
}

Result<Value> CheckFact(std::string_view kind, const Value& given, const std::string& path, Arena& arena) {
  return kind == kImageFacts ? CheckImageFact(given, path, arena) : Result<Value>(given);
}

}  // namespace writ
