// The floor of the workload `tools-N` (bench/workloads.py): its rules decided by a program that
// knows nothing else. Names are interned, a hash table leads from server and tool to the few rules
// of that tool, one pass of simdjson reads a request. No reasons, no strictness, no limits: what
// Writ takes beyond the floor is the price of those.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace writ::bench {

inline constexpr std::size_t kMaxNames = 8;  // groups, or scopes, of one principal

// The fields of a call that rules look at. Views point into the text that was read, or its parser.
struct ToolCall {
  std::string_view server, tool, channel, path;
  std::array<std::string_view, kMaxNames> groups, scopes;
  std::size_t group_count = 0, scope_count = 0;
  std::int64_t amount = 0;
  std::vector<std::string_view> list;  // the names that a listing asks about; else empty
};

// Reads one request into `call`; members in any order, others are skipped. The views live until
// `parser` reads again. Ends the process when the text is not such a request.
void ReadToolCall(simdjson::padded_string_view text, simdjson::ondemand::parser& parser, ToolCall& call);

// Copies the strings of `call` into `store`, side by side, as a host has them that read the request
// a moment ago. `store` must not move or change while `call` lives.
void KeepStrings(ToolCall& call, std::string& store);

// Strings as small numbers; 0 = never interned. Open addressing over a hash of eight bytes at a
// time.
class NameTable {
 public:
  std::uint32_t Find(std::string_view name) const;
  std::uint32_t Intern(std::string_view name);

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::string name;
    std::uint32_t id = 0;
  };
  void Place(Entry entry);

  // INVARIANT: a power of two in size, and at most half full.
  std::vector<Entry> entries_ = std::vector<Entry>(64);
  std::uint32_t count_ = 0;
};

// Immutable after construction.
class Floor {
 public:
  // Reads `rules.json` of the workload. Ends the process when it cannot.
  explicit Floor(const std::string& rules_path);

  bool Allows(const ToolCall& call) const;
  // Returns those names of call.list of which some call may be allowed, in their order.
  std::vector<std::string_view> Visible(const ToolCall& call) const;

 private:
  enum class Test : std::uint8_t { kNone, kLess, kAmong, kPrefix };
  struct Rule {
    bool is_denial = false;
    Test test = Test::kNone;
    std::int64_t less_than = 0;
    std::string scope;
    std::vector<std::string> texts;
  };
  // INVARIANT: groups[i] is the group of rules[i]; denials come first.
  struct ToolRules {
    std::vector<std::uint32_t> groups;  // apart: most decisions read no more
    std::vector<Rule> rules;
  };
  using Groups = std::array<std::uint32_t, kMaxNames>;

  static std::uint64_t Key(std::uint32_t server, std::uint32_t tool) { return std::uint64_t{server} << 32 | tool; }
  static bool HasScope(const Rule& rule, const ToolCall& call);
  static bool ArgumentHolds(const Rule& rule, const ToolCall& call);
  static void ReadArgument(simdjson::dom::element argument, Rule& rule);
  Groups FindGroups(const ToolCall& call) const;
  static bool Contains(const Groups& groups, std::uint32_t group);
  static bool MayAllow(const ToolRules& tool, const Groups& groups, const ToolCall& call);
  const ToolRules* FindRules(std::uint32_t server, std::string_view tool) const;

  NameTable names_;
  std::unordered_map<std::uint64_t, ToolRules> tools_;
};

}  // namespace writ::bench
