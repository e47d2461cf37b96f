// A request as the engine decides on it: the selector key, the slots' values, and what is no slot (facts, lists, the row).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/json/json_node.h"
#include "engine/request/shapes.h"
#include "rules/model/value.h"

namespace writ {

// Views point into the document and the arena of the context that the request was read in.
struct Request {
  const Shape* shape = nullptr;
  std::string_view scope;                  // server, resource type, table, Kind.group
  std::string_view parent_scope;           // admission, of a subresource whose object is of another kind: "Pod/exec"; else ""
  std::string_view name;                   // tool, uri, prompt, action, OPERATION
  std::string_view folded;                 // kResources: the URI's folded form (rules/model/resource_uri.h); else ""
  Value scopes = Value::List(nullptr, 0);  // principal.scopes, for `needs scope`: a list of strings, or unknown
  JsonNode facts;                          // as given; invalid when there are none
  JsonNode list;                           // tools to list; valid only for a listing
  JsonNode row;                            // as given; valid only for kRows
  std::string_view admission_uid;
  bool has_unknowns = false;
  std::string time_fault;  // what is wrong with context.time, which is then absent; "" = nothing

  Target target() const { return shape->target; }
  bool is_listing() const { return list.valid(); }
};

}  // namespace writ
