// `facts` of a request in JSON: what its caller found out.
#pragma once

#include <span>
#include <string_view>

#include "engine/fact/fact_table.h"
#include "engine/json/json_node.h"
#include "rules/base/arena.h"
#include "rules/base/result.h"

namespace writ {

// Puts the facts into the table. `facts.images` is a list of objects that name their `image`; every
// other kind is an object from keys to values. `kinds`: those that policies name. Values live in
// the document and in `arena`. Errors: kInvalidArgument, naming the place; kTooLarge. O(size log
// size).
Status ReadRequestFacts(JsonNode facts, std::span<const std::string_view> kinds, Arena& arena, FactTable& table);

// Returns the fact as the engine reads that kind. Errors: as above, below `path`.
Result<Value> CheckFact(std::string_view kind, const Value& given, const std::string& path, Arena& arena);

}  // namespace writ
