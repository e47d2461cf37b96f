// Reading calls, the table of names and the rules by server and tool; see tools_floor.h.
#include "bench/tools_floor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace writ::bench {
namespace {

namespace ondemand = simdjson::ondemand;
constexpr std::size_t kMaxKeptBytes = 1'024;  // a call has about 300

std::uint64_t LoadBytes(const char* begin, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, begin, size);
  return word;
}

// Both halves of the product: the low one alone forgets the last bytes of a name, where names
// differ.
std::uint64_t Mixed(std::uint64_t hash, std::uint64_t word) {
  using Wide = unsigned __int128;
  const Wide product = Wide{hash ^ word} * 0xd6e8feb86659fd93U;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The last eight bytes may overlap those before them: no loop over single bytes.
std::uint64_t HashOf(std::string_view name) {
  std::uint64_t hash = name.size();
  if (name.size() < 8) return Mixed(hash, LoadBytes(name.data(), name.size()));
  for (std::size_t i = 0; i + 8 < name.size(); i += 8) hash = Mixed(hash, LoadBytes(name.data() + i, 8));
  return Mixed(hash, LoadBytes(name.data() + name.size() - 8, 8));
}

std::size_t ReadNames(ondemand::value list, std::array<std::string_view, kMaxNames>& names) {
  std::size_t count = 0;
  for (auto item : list.get_array()) {
    const std::string_view name = item.get_string();
    if (count < kMaxNames) names[count++] = name;
  }
  return count;
}

void ReadPrincipal(ondemand::value principal, ToolCall& call) {
  for (auto member : principal.get_object()) {
    const std::string_view key = member.unescaped_key();
    if (key == "groups") call.group_count = ReadNames(member.value(), call.groups);
    if (key == "scopes") call.scope_count = ReadNames(member.value(), call.scopes);
  }
}

void ReadArguments(ondemand::value arguments, ToolCall& call) {
  for (auto member : arguments.get_object()) {
    const std::string_view key = member.unescaped_key();
    if (key == "amount") call.amount = member.value().get_int64();
    if (key == "channel") call.channel = member.value().get_string();
    if (key == "path") call.path = member.value().get_string();
  }
}

}  // namespace

void ReadToolCall(simdjson::padded_string_view text, ondemand::parser& parser, ToolCall& call) {
  call.list.clear();
  ondemand::document document = parser.iterate(text);
  for (auto member : document.get_object()) {
    const std::string_view key = member.unescaped_key();
    if (key == "principal") ReadPrincipal(member.value(), call);
    if (key == "args") ReadArguments(member.value(), call);
    if (key == "server") call.server = member.value().get_string();
    if (key == "tool") call.tool = member.value().get_string();
    if (key != "list") continue;
    for (auto item : member.value().get_array()) call.list.push_back(item.get_string());
  }
}

void KeepStrings(ToolCall& call, std::string& store) {
  store.reserve(kMaxKeptBytes);  // no view moves
  const auto keep = [&](std::string_view& text) {
    if (store.size() + text.size() > kMaxKeptBytes) std::abort();
    const std::size_t begin = store.size();
    store += text;
    text = std::string_view(store).substr(begin);
  };
  for (std::string_view* text : {&call.server, &call.tool, &call.channel, &call.path}) keep(*text);
  for (std::size_t i = 0; i < call.group_count; ++i) keep(call.groups[i]);
  for (std::size_t i = 0; i < call.scope_count; ++i) keep(call.scopes[i]);
}

std::uint32_t NameTable::Find(std::string_view name) const {
  const std::uint64_t hash = HashOf(name);
  for (std::size_t i = hash;; ++i) {
    const Entry& entry = entries_[i & (entries_.size() - 1)];
    if (entry.id == 0 || (entry.hash == hash && entry.name == name)) return entry.id;
  }
}

std::uint32_t NameTable::Intern(std::string_view name) {
  if (const std::uint32_t id = Find(name); id != 0) return id;
  if (++count_ * 2 > entries_.size()) {
    std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(entries_.size() * 2));
    for (Entry& entry : old) {
      if (entry.id != 0) Place(std::move(entry));
    }
  }
  Place({HashOf(name), std::string(name), count_});
  return count_;
}

void NameTable::Place(Entry entry) {
  std::size_t i = entry.hash & (entries_.size() - 1);
  while (entries_[i].id != 0) i = (i + 1) & (entries_.size() - 1);
  entries_[i] = std::move(entry);
}

Floor::Floor(const std::string& rules_path) {
  simdjson::dom::parser parser;
  for (const simdjson::dom::element item : parser.load(rules_path)) {
    Rule rule;
    rule.is_denial = std::string_view(item["effect"]) == "deny";
    std::string_view scope;
    if (item["scope"].get(scope) == simdjson::SUCCESS) rule.scope = scope;
    simdjson::dom::element argument;
    if (item["argument"].get(argument) == simdjson::SUCCESS) ReadArgument(argument, rule);
    auto& [groups, rules] = tools_[Key(names_.Intern(item["server"]), names_.Intern(item["tool"]))];
    groups.insert(rule.is_denial ? groups.begin() : groups.end(), names_.Intern(item["group"]));
    rules.insert(rule.is_denial ? rules.begin() : rules.end(), std::move(rule));
  }
}

void Floor::ReadArgument(simdjson::dom::element argument, Rule& rule) {
  const std::string_view test = argument["test"];
  rule.test = test == "less" ? Test::kLess : test == "among" ? Test::kAmong : Test::kPrefix;
  switch (rule.test) {
    case Test::kNone: break;
    case Test::kLess: rule.less_than = argument["than"]; break;
    case Test::kPrefix: rule.texts.emplace_back(std::string_view(argument["with"])); break;
    case Test::kAmong:
      for (const simdjson::dom::element text : argument["of"]) rule.texts.emplace_back(std::string_view(text));
  }
}

bool Floor::HasScope(const Rule& rule, const ToolCall& call) {
  const auto end = call.scopes.begin() + static_cast<std::ptrdiff_t>(call.scope_count);
  return rule.scope.empty() || std::find(call.scopes.begin(), end, rule.scope) != end;
}

bool Floor::ArgumentHolds(const Rule& rule, const ToolCall& call) {
  switch (rule.test) {
    case Test::kNone: return true;
    case Test::kLess: return call.amount < rule.less_than;
    case Test::kAmong: return std::find(rule.texts.begin(), rule.texts.end(), call.channel) != rule.texts.end();
    case Test::kPrefix: return call.path.starts_with(rule.texts[0]);
  }
  return false;
}

Floor::Groups Floor::FindGroups(const ToolCall& call) const {
  Groups groups = {};
  for (std::size_t i = 0; i < call.group_count; ++i) groups[i] = names_.Find(call.groups[i]);
  return groups;
}

// All eight are compared, without a branch.
bool Floor::Contains(const Groups& groups, std::uint32_t group) {
  bool found = false;
  for (const std::uint32_t one : groups) found |= one == group;
  return found;
}

const Floor::ToolRules* Floor::FindRules(std::uint32_t server, std::string_view tool) const {
  const auto found = tools_.find(Key(server, names_.Find(tool)));
  return found == tools_.end() ? nullptr : &found->second;
}

bool Floor::Allows(const ToolCall& call) const {
  const ToolRules* tool = FindRules(names_.Find(call.server), call.tool);
  if (tool == nullptr) return false;
  const Groups groups = FindGroups(call);
  for (std::size_t i = 0; i < tool->groups.size(); ++i) {
    if (!Contains(groups, tool->groups[i])) continue;
    const Rule& rule = tool->rules[i];
    if (HasScope(rule, call) && ArgumentHolds(rule, call)) return !rule.is_denial;
  }
  return false;
}

bool Floor::MayAllow(const ToolRules& tool, const Groups& groups, const ToolCall& call) {
  for (std::size_t i = 0; i < tool.groups.size(); ++i) {
    if (!Contains(groups, tool.groups[i])) continue;
    const Rule& rule = tool.rules[i];
    if (rule.is_denial && rule.test != Test::kNone) continue;  // certain only with arguments
    if (HasScope(rule, call)) return !rule.is_denial;
  }
  return false;
}

std::vector<std::string_view> Floor::Visible(const ToolCall& call) const {
  const std::uint32_t server = names_.Find(call.server);
  const Groups groups = FindGroups(call);
  std::vector<std::string_view> visible;
  for (const std::string_view tool : call.list) {
    const ToolRules* rules = FindRules(server, tool);
    if (rules != nullptr && MayAllow(*rules, groups, call)) visible.push_back(tool);
  }
  return visible;
}

}  // namespace writ::bench
