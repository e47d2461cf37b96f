// Filling pools. Texts get numbers in the order in which they are met; at the end they are sorted,
// and every record that names one is told its place.
#include "rules/build/build.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "rules/build/rule_key.h"
#include "rules/ir/fields.h"
#include "rules/ir/places.h"
#include "rules/ir/verify.h"

namespace writ {
namespace {

// Puts the new numbers of texts into records.
struct Renumberer {
  const std::vector<TextId>& places;

  void operator()(const char* /*name*/, TextId& text, FieldUse /*use*/) const { text = places[text.index]; }
  template <typename Member>
  void operator()(const char* /*name*/, Member& /*member*/, FieldUse /*use*/) const {}
};

// Texts are borrowed until Finish().
class PoolBuilder {
 public:
  PoolBuilder() { Text({}); }
  // Goes on with the pools of a program.
  explicit PoolBuilder(const Program& program) : parts(PartsOf(program)) {
    for (std::size_t i = 0; i < program.text_count(); ++i) Text(program[TextId(i)]);
    Text({});
  }

  TextId Text(std::string_view text) {
    const auto [found, is_new] = numbers_.emplace(text, TextId(texts_.size()));
    if (is_new) texts_.push_back(text);
    return found->second;
  }

  RangeOf<TextId> Texts(const std::vector<std::string>& texts) {
    return Append(parts.text_lists, texts, [&](const std::string& text) { return Text(text); });
  }

  // Appends what `make` makes of each item. Requires: `make` appends nothing to the same pool.
  template <typename Record, typename Item, typename Make>
  static RangeOf<Record> Append(std::vector<Record>& pool, const std::vector<Item>& items, Make make) {
    if (items.empty()) return {};
    const auto first = static_cast<std::uint32_t>(pool.size());
    for (const Item& item : items) pool.push_back(make(item));
    return {first, static_cast<std::uint32_t>(items.size())};
  }

  Program Finish() { return Program(FinishParts()); }
  ProgramParts FinishParts() {
    std::vector<std::uint32_t> order(texts_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return texts_[a] < texts_[b]; });
    std::vector<TextId> places(texts_.size());
    parts.text_begins = {0};
    parts.text_bytes.clear();
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::string_view text = texts_[order[i]];
      places[order[i]] = TextId(i);
      parts.text_bytes.insert(parts.text_bytes.end(), text.begin(), text.end());
      parts.text_begins.push_back(static_cast<std::uint32_t>(parts.text_bytes.size()));
    }
    Renumber(places);
    return std::move(parts);
  }

  ProgramParts parts;

 private:
  void Renumber(const std::vector<TextId>& places) {
    const Renumberer renumberer{places};
#define WRIT_RENUMBER(number, name, Record, what) \
  for (Record & record : parts.name) {            \
    ForEachField(record, renumberer);             \
    ForEachDependentField(record, renumberer);    \
  }
    WRIT_POOLS(WRIT_RENUMBER)
#undef WRIT_RENUMBER
  }

  std::unordered_map<std::string_view, TextId> numbers_;
  std::vector<std::string_view> texts_;
};

TypeRecord RecordOf(const Type& type, PoolBuilder& to) {
  TypeRecord record;
  record.kind = type.kind;
  record.open = type.open;
  record.name = to.Text(type.name);
  record.parameters = to.Append(to.parts.type_parameters, type.parameters, [](TypeId parameter) { return parameter; });
  record.fields = to.Append(to.parts.type_fields, type.fields, [&](const RecordField& field) {
    return TypeField{.name = to.Text(field.name), .type = field.type, .optional = field.optional};
  });
  return record;
}

std::uint64_t BitsOf(const draft::Constant& constant, PoolBuilder& to) {
  switch (constant.kind) {
    case Kind::kNull: return 0;
    case Kind::kDouble: return std::bit_cast<std::uint64_t>(constant.real);
    case Kind::kString:
    case Kind::kType:
    case Kind::kError: return to.Text(constant.text).index;
    case Kind::kBytes: {
      std::vector<std::byte>& pool = to.parts.bytes;
      const RangeOf<std::byte> range{static_cast<std::uint32_t>(pool.size()), static_cast<std::uint32_t>(constant.text.size())};
      for (const char c : constant.text) pool.push_back(static_cast<std::byte>(c));
      return Constant::BitsOf(range);
    }
    case Kind::kList:
    case Kind::kMap: return Constant::BitsOf(to.Append(to.parts.constant_items, constant.items, [](ConstantId item) { return item; }));
    default: return static_cast<std::uint64_t>(constant.integer);
  }
}

Constant RecordOf(const draft::Constant& constant, PoolBuilder& to) {
  Constant record;
  record.kind = constant.kind;
  record.code = constant.code;
  record.nanos = constant.nanos;
  record.bits = BitsOf(constant, to);
  return record;
}

Discriminator RecordOf(const draft::Discriminator& discriminator, PoolBuilder& to) {
  return {.kind = discriminator.kind, .slot = discriminator.slot, .strings = to.Texts(discriminator.strings)};
}

MaskSpec RecordOf(const draft::MaskSpec& mask, PoolBuilder& to) {
  return {.targets = to.Texts(mask.targets), .text = to.Text(mask.text), .count = mask.count, .kind = mask.kind};
}

LimitSpec RecordOf(const draft::LimitSpec& limit, PoolBuilder& to) {
  return {.count = limit.count,
          .period_nanos = limit.period_nanos,
          .keys = to.Append(to.parts.limit_keys, limit.keys, [](NodeId key) { return LimitKey{key}; }),
          .identity = to.Text(limit.identity)};
}

SignatureDemand RecordOf(const draft::SignatureDemand& demand, PoolBuilder& to) {
  return {.signers = to.Append(to.parts.signer_terms, demand.signers, [](const SignerTerm& term) { return term; }),
          .predicate_type = to.Text(demand.predicate_type),
          .condition = demand.condition};
}

ImageSpec RecordOf(const draft::ImageSpec& image, PoolBuilder& to) {
  return {.image = image.image, .demands = to.Append(to.parts.demands, image.demands, [&](const draft::SignatureDemand& demand) {
            return RecordOf(demand, to);
          })};
}

template <typename Record, typename Draft>
SpecId AddSpec(std::vector<Record>& pool, const Draft& spec, PoolBuilder& to) {
  pool.push_back(RecordOf(spec, to));
  return SpecId(pool.size() - 1);
}

SpecId SpecOf(const draft::Rule& rule, PoolBuilder& to) {
  if (rule.mask) return AddSpec(to.parts.masks, *rule.mask, to);
  if (rule.limit) return AddSpec(to.parts.limits, *rule.limit, to);
  if (rule.image) return AddSpec(to.parts.images, *rule.image, to);
  return {};
}

void AddRule(const draft::Rule& rule, PoolBuilder& to) {
  ProgramParts& parts = to.parts;
  parts.rules.push_back({.policy = rule.policy,
                         .guard = rule.guard,
                         .needs_scopes = to.Texts(rule.needs_scopes),
                         .spec = SpecOf(rule, to),
                         .verb = rule.verb});
  const auto selectors = to.Append(parts.selectors, rule.selectors, [&](const draft::Selector& selector) {
    return Selector{to.Text(selector.scope), to.Text(selector.name)};
  });
  const auto message = to.Append(parts.message_parts, rule.message, [&](const draft::MessagePart& part) {
    return MessagePart{to.Text(part.text), part.value};
  });
  const auto discriminators = to.Append(parts.discriminators, rule.discriminators,
                                        [&](const draft::Discriminator& discriminator) { return RecordOf(discriminator, to); });
  parts.rule_details.push_back({.id = to.Text(rule.id),
                                .severity = to.Text(rule.severity),
                                .title = to.Text(rule.title),
                                .see = to.Text(rule.see),
                                .line = rule.line,
                                .column = rule.column,
                                .selectors = selectors,
                                .message = message,
                                .discriminators = discriminators});
}

// Policy::combining. Each row is written once, and the native one not at all.
std::uint8_t CombiningOf(const Combining& row, std::vector<Combining>& rows) {
  if (row == kNativeCombining) return 0;
  const auto found = std::find(rows.begin(), rows.end(), row);
  const auto number = static_cast<std::size_t>(found - rows.begin()) + 1;
  if (found == rows.end()) rows.push_back(row);
  WRIT_CHECK(number <= 0xFF);  // there are not as many different ones
  return static_cast<std::uint8_t>(number);
}

Policy RecordOf(const draft::Policy& policy, PoolBuilder& to) {
  return {.name = to.Text(policy.name),
          .package = to.Text(policy.package),
          .severity = to.Text(policy.severity),
          .title = to.Text(policy.title),
          .see = to.Text(policy.see),
          .location = policy.location,
          .target = policy.target,
          .mode = policy.mode,
          .combining = CombiningOf(policy.combining, to.parts.combinings)};
}

// How the table's columns and relations, which have been appended, are stored.
void AddStorage(const draft::Table& table, const Table& record, PoolBuilder& to) {
  ProgramParts& parts = to.parts;
  const Id<Table> id(parts.tables.size());
  for (const draft::StoredName& stored : table.stored)
    parts.stored_names.push_back({.table = id, .name = to.Text(stored.name), .dialect = stored.dialect});
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Id<Column> column(record.columns.first + i);
    for (const draft::ColumnOption& option : table.columns[i].options)
      parts.column_options.push_back({.column = column, .text = to.Text(option.text), .kind = option.kind, .dialect = option.dialect});
  }
  for (std::size_t i = 0; i < table.relations.size(); ++i) {
    const Id<Relation> relation(record.relations.first + i);
    for (const draft::RelationTerm& term : table.relations[i].terms)
      parts.relation_terms.push_back({relation, to.Text(term.their_column), to.Text(term.our_column), term.value});
  }
}

Table RecordOf(const draft::Table& table, PoolBuilder& to) {
  const Table record{.name = to.Text(table.name),
                     .columns = to.Append(to.parts.columns, table.columns,
                                          [&](const draft::Column& column) {
                                            return Column{to.Text(column.name), column.type};
                                          }),
                     .relations = to.Append(to.parts.relations, table.relations, [&](const draft::Relation& relation) {
                       return Relation{.name = to.Text(relation.name),
                                       .table = to.Text(relation.table),
                                       .their_column = to.Text(relation.their_column),
                                       .our_column = to.Text(relation.our_column),
                                       .many = relation.many};
                     })};
  AddStorage(table, record, to);
  return record;
}

Signer RecordOf(const draft::Signer& signer, PoolBuilder& to) {
  return {.name = to.Text(signer.name),
          .issuer = to.Text(signer.issuer),
          .subject = to.Text(signer.subject),
          .trust = to.Text(signer.trust),
          .trust_digest = to.Text(signer.trust_digest),
          .key = to.Text(signer.key),
          .options = to.Append(to.parts.signer_options, signer.options,
                               [&](const draft::SignerOption& option) {
                                 return SignerOption{.kind = option.kind, .name = to.Text(option.name), .value = to.Text(option.value)};
                               }),
          .location = signer.location,
          .kind = signer.kind};
}

void SetData(const std::vector<draft::Data>& data, PoolBuilder& to) {
  to.parts.data.clear();
  for (const draft::Data& each : data) to.parts.data.push_back({to.Text(each.name), to.Text(each.json)});
}

// The parts as a program, as long as they are neither moved nor changed.
Program ViewOf(const ProgramParts& parts) {
  Pools<ConstPool> pools;
#define WRIT_VIEW(number, name, Record, what) pools.name = parts.name;
  WRIT_POOLS(WRIT_VIEW)
#undef WRIT_VIEW
  return {pools, nullptr};
}

// Requires: nodes, lets, rules, policies and files are there.
std::vector<PlaceByte> PlacesOf(const draft::Program& draft, const ProgramParts& parts) {
  std::vector<std::span<const PlacedNode>> known;
  for (const draft::Rule& rule : draft.rules) known.emplace_back(rule.places);
  for (const draft::Let& let : draft.lets) known.emplace_back(let.places);
  return PackPlaces(ViewOf(parts), known);
}

// Gives limits without an identity one, and their keys the order of their texts: nobody has a fresh
// quota because two were exchanged. Requires: a program that verifies.
ProgramParts WithLimitIdentities(ProgramParts parts) {
  const Program program = ViewOf(parts);
  const auto lacks_one = [](const LimitSpec& limit) { return limit.identity == kNoText; };
  if (std::none_of(parts.limits.begin(), parts.limits.end(), lacks_one)) return parts;
  std::vector<LimitIdentity> identities = LimitIdentitiesOf(program);
  PoolBuilder to(program);
  for (std::size_t i = 0; i < identities.size(); ++i) {
    LimitSpec& limit = to.parts.limits[i];
    if (!lacks_one(limit)) continue;
    limit.identity = to.Text(identities[i].text);
    std::copy(identities[i].keys.begin(), identities[i].keys.end(), to.parts.limit_keys.begin() + limit.keys.first);
  }
  return to.FinishParts();
}

// A program that is refused has no expressions that could be written, and gets no identities.
ProgramParts WithIdentities(ProgramParts parts) {
  if (parts.rules.empty() || !VerifyProgram(ViewOf(parts))) return parts;
  parts = WithLimitIdentities(std::move(parts));
  parts.rule_keys = RuleKeysOf(ViewOf(parts));
  return parts;
}

}  // namespace

Program BuildProgram(const draft::Program& draft) {
  PoolBuilder to;
  ProgramParts& parts = to.parts;
  const auto record = [&](const auto& item) { return RecordOf(item, to); };
  to.Append(parts.files, draft.files, [&](const std::string& name) { return File{to.Text(name)}; });
  to.Append(parts.types, draft.types, record);
  to.Append(parts.constants, draft.constants, record);
  to.Append(parts.slots, draft.slots, [&](const draft::Slot& slot) {
    return Slot{.parent = slot.parent, .key = to.Text(slot.key), .type = slot.type, .whole = slot.whole};
  });
  parts.nodes = draft.nodes;
  parts.node_args = draft.node_args;
  to.Append(parts.lets, draft.lets, [&](const draft::Let& let) { return Let{to.Text(let.name), let.value}; });
  to.Append(parts.policies, draft.policies, record);
  for (std::size_t i = 0; i < draft.policies.size(); ++i) {
    if (draft.policies[i].match.valid()) parts.match_conditions.push_back({PolicyId(i), draft.policies[i].match});
  }
  for (const draft::Rule& rule : draft.rules) AddRule(rule, to);
  to.Append(parts.tables, draft.tables, record);
  to.Append(parts.signers, draft.signers, record);
  to.Append(parts.facts, draft.facts, [&](const draft::FactSpec& fact) { return FactSpec{to.Text(fact.kind), fact.key, fact.slot}; });
  to.Append(parts.imports, draft.imports, [&](const std::string& name) { return Import{to.Text(name)}; });
  SetData(draft.data, to);
  parts.places = PlacesOf(draft, parts);
  return Program(WithIdentities(to.FinishParts()));
}

ProgramParts PartsOf(const Program& program) {
  ProgramParts parts;
#define WRIT_COPY(number, name, Record, what) parts.name.assign(program.name.begin(), program.name.end());
  WRIT_POOLS(WRIT_COPY)
#undef WRIT_COPY
  return parts;
}

Program WithData(const Program& program, const std::vector<draft::Data>& data) {
  PoolBuilder to(program);
  SetData(data, to);
  return to.Finish();
}

}  // namespace writ
