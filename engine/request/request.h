// A request as the engine decides on it: the selector key, the slots' values, and what is no slot (facts, lists, the row).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/json/json_node.h"
#include "engine/request/shape.h"
#include "rules/model/value.h"

namespace writ {

// An attestation about an image whose signature the host has verified.
struct AttestationFact {
  std::string_view predicate_type;
  std::vector<std::string_view> signed_by;  // sorted
  Value predicate;
  std::string_view about;  // part of the image; "" = the image
};

// What the host knows about the signatures of one image reference. A signer in none of the lists is unknown.
struct ImageFact {
  std::string_view image;
  std::vector<std::string_view> signed_by, refuted, unknown;  // each sorted
  // All that there are, but for those by signers in `unknown`; nothing = the host has not looked.
  std::optional<std::vector<AttestationFact>> attestations;
};

// Puts facts and the names in them in the order that looking them up relies on. O(n log n).
void SortFacts(std::vector<ImageFact>& facts);

// Views point into the document and the arena that the reader was given.
struct Request {
  const Shape* shape = nullptr;
  std::string_view scope;                  // server, resource type, table, Kind.group
  std::string_view parent_scope;           // admission, of a subresource whose object is of another kind: "Pod/exec"; else ""
  std::string_view name;                   // tool, uri, prompt, action, OPERATION
  std::string_view folded;                 // kResources: the URI's folded form (rules/model/resource_uri.h); else ""
  Value scopes = Value::List(nullptr, 0);  // principal.scopes, for `needs scope`: a list of strings, or unknown
  std::vector<ImageFact> images;           // sorted by image
  JsonNode list;                           // tools to list; valid only for a listing
  JsonNode row;                            // as given; valid only for kRows
  std::string_view admission_uid;
  bool has_unknowns = false;
  std::string time_fault;  // what is wrong with context.time, which is then absent; "" = nothing

  Target target() const { return shape->target; }
  bool is_listing() const { return list.valid(); }
};

// The shapes of all targets and tables of one program. Immutable after BuildShapes.
struct RequestShapes {
  const Program* program = nullptr;
  SlotTree tree;
  TypeTable types;             // the program's, and those of targets
  std::vector<Shape> targets;  // by Target; kRows without a table
  std::vector<Shape> tables;   // by TableId

  const Shape& Of(Target target) const { return targets[static_cast<std::size_t>(target)]; }
  // Returns the shape of rows of that table, or nullptr. O(tables).
  const Shape* FindTable(std::string_view name) const;
};

// `program` is borrowed and must outlive the shapes. O(targets * slots).
RequestShapes BuildShapes(const Program& program);

}  // namespace writ
