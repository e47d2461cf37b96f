// What the verifier knows of records that it has checked, and its part about nodes. Private to
// rules/ir.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rules/base/limits.h"
#include "rules/ir/program.h"

namespace writ::verify {

// What is wrong with a record, as the end of "rule 3 …"; nullptr when nothing is.
using Fault = const char*;

// How deep something is that is made of earlier items of its pool, and how large when written out.
struct Extent {
  std::uint32_t depth = 0;
  std::uint32_t size = 1;
};

// What users of a node have to know of it.
struct NodeFacts {
  std::uint32_t code = 1;         // nodes when written out, shared ones once
  std::uint16_t depth = 1;        // levels of nodes
  std::uint16_t value_depth = 0;  // nesting of its value
  std::uint8_t shared_depth = 0;  // shared nodes inside each other
  bool is_open = false;           // mentions variables that it does not bind: Facts::open has them
  bool is_root = true;            // can be evaluated by itself; true of what is not checked yet
};

// A bit for each variable, by the depth that binds it.
__extension__ using DepthSet = unsigned __int128;

// What is known of the records that were checked so far, by id.
struct Facts {
  const Program& program;
  const BundleLimits& limits;
  std::size_t records = program.record_count(), ranged = 0;  // ranges may name that many
  // By text: the pool where it was last a unique name; the policy or ~table that last used it.
  std::vector<std::uint32_t> names = std::vector<std::uint32_t>(program.text_count(), 1U << 31U), owned_names = names;
  std::unordered_set<std::uint64_t> slot_keys;  // with their parents
  // By mask: bits for redact and mask, the verbs of the rules that have it.
  std::vector<std::uint8_t> mask_verbs = std::vector<std::uint8_t>(program.masks.size());
  std::vector<Extent> types, constants, slots;
  std::vector<NodeFacts> nodes = std::vector<NodeFacts>(program.nodes.size());
  std::unordered_map<std::uint32_t, DepthSet> open;  // what the node does not bind
};

// Returns what is wrong with node `at`, whose fields are as fields.h says; adds it to `facts` when
// nothing is. O(arguments).
Fault FaultOf(const Node& node, std::size_t at, Facts& facts);

}  // namespace writ::verify
