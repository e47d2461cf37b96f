#include "engine/decide/policy_set.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "engine/json/json_reader.h"
#include "rules/bundle/bundle.h"

namespace writ {
namespace {

constexpr std::size_t kMaxDataBytes = std::size_t{64} * 1024 * 1024;

// "fleet.json: data `fleet`", or without the file.
std::string Place(const PolicySet::Data& data) { return (data.file.empty() ? "" : data.file + ": ") + "data `" + data.name + "`"; }

// Reads the documents into one map: `data`.
Result<Value> ReadData(const Program& program, std::span<const PolicySet::Data> data, Arena& arena) {
  JsonReader reader(JsonLimits{.max_bytes = kMaxDataBytes});
  MapEntry* entries = arena.AllocateArray<MapEntry>(data.size());
  if (entries == nullptr) return Error{ErrorCode::kTooLarge, "data does not fit in memory"};
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::string& name = data[i].name;
    if (std::none_of(program.imports.begin(), program.imports.end(), [&](const Import& import) { return program[import.name] == name; })) {
      return Error{ErrorCode::kInvalidArgument, Place(data[i]) + " is not imported by any policy"};
    }
    Result<Value> value = reader.Read(data[i].json, arena);
    if (!value) return Error{value.error().code, Place(data[i]) + ": " + value.error().message};
    entries[i] = {Value::String(arena.CopyString(name)), *value};
  }
  const MapData* map = MakeMap(arena, entries, static_cast<std::uint32_t>(data.size()));
  if (map == nullptr) return Error{ErrorCode::kTooLarge, "data does not fit in memory"};
  if (const Value* twice = FindDuplicateKey(*map)) {
    return Error{ErrorCode::kInvalidArgument, "data `" + std::string(twice->string()) + "` is given twice"};
  }
  return Value::Map(map);
}

// What was given, and of the rest what was compiled in.
std::vector<PolicySet::Data> WithCompiledData(const Program& program, std::span<const PolicySet::Data> given) {
  std::vector<PolicySet::Data> all(given.begin(), given.end());
  for (const ProgramData& compiled : program.data) {
    const auto is_it = [&](const PolicySet::Data& data) { return data.name == program[compiled.name]; };
    if (std::none_of(given.begin(), given.end(), is_it))
      all.push_back({.name = std::string(program[compiled.name]), .json = std::string(program[compiled.json])});
  }
  return all;
}

// Puts the data into the defaults of every shape: it is the same for all requests.
void SpreadData(const Program& program, const Value& data, RequestShapes& shapes) {
  std::vector<Value> slots(program.slots.size());
  std::vector<bool> is_data(program.slots.size());
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    const Slot& slot = program.slots[i];
    is_data[i] = slot.parent.valid() ? is_data[slot.parent.index] : program[slot.key] == "data";
    if (is_data[i] && !slot.parent.valid()) FillSlots(program, SlotId(i), data, slots);
  }
  const auto spread = [&](Shape& shape) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (is_data[i]) shape.defaults[i] = slots[i];
    }
    Renew(shape);
  };
  for (Shape& shape : shapes.targets) spread(shape);
  for (Shape& shape : shapes.tables) spread(shape);
}

std::vector<std::string> ShownPolicies(const Program& program) {
  std::unordered_map<TextId, std::size_t> uses;
  for (const Policy& policy : program.policies) ++uses[policy.name];
  std::vector<std::string> shown;
  shown.reserve(program.policies.size());
  for (const Policy& policy : program.policies) {
    const bool is_unique = uses[policy.name] == 1 || policy.package == kNoText;
    std::string& text = shown.emplace_back();
    if (!is_unique) text.append(program[policy.package]).append(".");
    text += program[policy.name];
  }
  return shown;
}

// What a limit is called by whoever counts; a clash would only be a quota shared.
std::string LimitName(const Program& program, const Rule& rule, const LimitSpec& limit) {
  constexpr char kSeparator = '\n';  // in no name
  const Policy& policy = program.policy(rule);
  std::string name(program[policy.package]);
  name.append(1, kSeparator).append(program[policy.name]).append(1, kSeparator).append(program[limit.identity]);
  return name;
}

// Slots stand behind their parents.
void DescribeFacts(const Program& program, LoadedProgram& loaded) {
  if (program.facts.empty()) return;
  loaded.wants_facts.fill(true);
  loaded.fact_of_slot.assign(program.slots.size(), kNoFact);
  for (std::size_t i = 0; i < program.facts.size(); ++i) {
    loaded.fact_of_slot[program.facts[i].slot.index] = static_cast<std::uint32_t>(i);
    loaded.fact_kinds.push_back(program[program.facts[i].kind]);
  }
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    const SlotId parent = program.slots[i].parent;
    if (parent.valid() && loaded.fact_of_slot[i] == kNoFact) loaded.fact_of_slot[i] = loaded.fact_of_slot[parent.index];
  }
}

void Describe(LoadedProgram& loaded) {
  const Program& program = loaded.runtime.program();
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const LimitSpec* limit = program.limit(program.rules[i]);
    if (limit != nullptr) loaded.limits.emplace_back(RuleId(i), LimitName(program, program.rules[i], *limit));
  }
  DescribeFacts(program, loaded);
  loaded.shown_policies = ShownPolicies(program);
  for (const Rule& rule : program.rules) {
    loaded.needs_scopes = loaded.needs_scopes || !rule.needs_scopes.empty();
    if (program.image(rule) != nullptr) loaded.wants_facts[static_cast<std::size_t>(program.policy(rule).target)] = true;
  }
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    const Slot& slot = program.slots[i];
    const bool below_principal =
        slot.parent.valid() && !program[slot.parent].parent.valid() && program[program[slot.parent].key] == "principal";
    if (below_principal && program[slot.key] == "scopes") loaded.scopes_slot = SlotId(i);
    if (!slot.parent.valid() && program[slot.key] == kPredicateRoot) loaded.predicate_slot = SlotId(i);
  }
}

}  // namespace

std::size_t LimitPosition(const LoadedProgram& loaded, RuleId rule) {
  const auto& limits = loaded.limits;
  const auto found =
      std::lower_bound(limits.begin(), limits.end(), rule, [](const auto& each, RuleId wanted) { return each.first < wanted; });
  const bool is_limit = found != limits.end() && found->first == rule;
  return is_limit ? static_cast<std::size_t>(found - limits.begin()) : limits.size();
}

std::uint64_t PolicySet::Impl::NextSerial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

PolicySet::PolicySet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PolicySet::~PolicySet() = default;
const Program& PolicySet::program() const { return impl_->runtime.program(); }
std::string_view PolicySet::digest() const { return impl_->digest; }

Result<std::shared_ptr<const PolicySet>> PolicySet::Load(std::string bundle_bytes, std::span<const Data> data, const BundleLimits& limits) {
  Result<Bundle> bundle = LoadBundle(std::move(bundle_bytes), limits);
  if (!bundle) return bundle.error();
  return Load(*std::move(bundle), data);
}

Result<std::shared_ptr<const PolicySet>> PolicySet::Load(Bundle bundle, std::span<const Data> data) {
  auto loaded = std::make_shared<LoadedProgram>(std::move(bundle.program), std::move(bundle.digest));
  Describe(*loaded);
  return Join(std::move(loaded), data);
}

Result<std::shared_ptr<const PolicySet>> PolicySet::WithData(std::span<const Data> data) const { return Join(impl_->loaded, data); }

Result<std::shared_ptr<const PolicySet>> PolicySet::Join(std::shared_ptr<const LoadedProgram> loaded, std::span<const Data> data) {
  auto impl = std::make_unique<Impl>(std::move(loaded));
  const Program& program = impl->runtime.program();
  Result<Value> value = ReadData(program, WithCompiledData(program, data), impl->data_arena);
  if (!value) return value.error();
  SpreadData(program, *value, impl->shapes);
  return std::shared_ptr<const PolicySet>(new PolicySet(std::move(impl)));  // not make_shared: the constructor is private
}

}  // namespace writ
