// From a principal and a table to a filter; see writ/filter.h.
//
// A decision about a row of which nothing is known is made first. What is left of it is the filter,
// so that both read the same rules, in the same way.
#include "writ/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/decide/context.h"
#include "engine/filter/sql.h"
#include "engine/filter/translate.h"
#include "engine/json/json_document.h"
#include "engine/json/json_writer.h"
#include "rules/base/nearest_name.h"

namespace writ {
namespace {

constexpr std::string_view kOwnNames = "writ_";

Error TooLarge(std::string_view why) { return {ErrorCode::kTooLarge, std::string(why)}; }

// What is left of the decision, as SQL; made while the residual lives.
class FilterMaker final : public ResidualReader {
 public:
  FilterMaker(const Program& program, const Table& table, const SqlOptions& options)
      : terms_(program, options.dialect), table_(table), options_(options) {}

  void Read(const ResidualGraph& graph, NodeId root) override {
    Translator translator(graph, terms_, table_);
    const TermId condition = translator.Condition(root);
    if (!translator.refusal().empty()) {
      result_ = Error{ErrorCode::kInvalidArgument, "no filter can be made: " + translator.refusal()};
    } else if (terms_.is_too_large()) {
      result_ = TooLarge("the filter has too many terms");
    } else if (terms_.Is(condition, TermKind::kTrue)) {
      result_ = RowFilter{.rows = AllRows{}, .masks = {}};
    } else if (!terms_.MayBeTrue(condition)) {
      result_ = RowFilter{.rows = NoRows{}, .masks = {}};
    } else {
      Result<SomeRows> rows = WriteSql(terms_, condition, options_);
      if (rows)
        result_ = RowFilter{.rows = std::move(*rows), .masks = {}};
      else
        result_ = Error{rows.error().code, "no filter can be made: " + rows.error().message};
    }
  }

  std::optional<Result<RowFilter>> Take() { return std::move(result_); }

 private:
  TermGraph terms_;
  const Table& table_;
  const SqlOptions& options_;
  std::optional<Result<RowFilter>> result_;
};

Error UnknownTable(const Program& program, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Table& table : program.tables) names.push_back(program[table.name]);
  std::string message = "no policy declares a table `" + std::string(name.substr(0, 100)) + "`";
  if (const std::string_view near = NearestName(name, names); !near.empty()) message += "; did you mean `" + std::string(near) + "`?";
  return {ErrorCode::kNotFound, std::move(message)};
}

// One object and nothing else, so that it may stand inside another text.
Status AddMember(std::string& json, std::string_view name, std::string_view value) {
  if (value.empty()) return OkStatus();
  JsonDocument document;
  const Result<JsonNode> root = document.Parse(value);
  if (!root) return Error{root.error().code, std::string(name) + ": " + root.error().message};
  json += ",\"" + std::string(name) + "\":" + std::string(value);
  return OkStatus();
}

// A mask that applies to some rows and not to others has an outcome that is not known yet.
void AddMasks(const Context::Impl& state, const Program& program, RowFilter& filter) {
  if (std::holds_alternative<NoRows>(filter.rows)) return;
  for (const Obligation& mask : state.decision.obligations) {
    if (mask.verb != Verb::kMask) continue;
    const bool is_open = std::any_of(state.results.begin(), state.results.end(), [&](const RuleResult& result) {
      const MaskSpec* spec = program.mask(program.rules[result.rule.index]);
      if (spec == nullptr || result.outcome != Outcome::kUnknown) return false;
      const std::span<const TextId> targets = program[spec->targets];
      return std::any_of(targets.begin(), targets.end(), [&](TextId target) { return program[target] == mask.target; });
    });
    filter.masks.push_back({mask, !is_open});
  }
}

}  // namespace

Result<RowFilter> MakeRowFilter(const Engine& engine, const RowFilterRequest& request, const SqlOptions& options, Context& context) {
  const Program& program = engine.policies().program();
  const Table* table = FindTable(program, request.table);
  if (table == nullptr) return UnknownTable(program, request.table);
  if (options.dialect == SqlDialect::kAny || options.dialect == SqlDialect::kSqlServer)
    return Error{ErrorCode::kInvalidArgument, "filters are made for postgres, sqlite and mysql"};
  if (options.offset > kMaxSqlOffset) return Error{ErrorCode::kInvalidArgument, "the offset is at most 65535"};
  if (options.alias.compare(0, kOwnNames.size(), kOwnNames) == 0 || options.alias.find('\0') != std::string::npos)
    return Error{ErrorCode::kInvalidArgument, "the alias is a name of the filter's own: take one that does not begin with `writ_`"};
  std::string json = R"({"row":{},"unknown":["row"],"table":)";
  AppendJsonString(request.table, json);
  for (const auto& [name, value] : {std::pair(std::string_view("principal"), request.principal_json), {"context", request.context_json}}) {
    const Status added = AddMember(json, name, value);
    if (!added) return added.error();
  }
  json += '}';
  FilterMaker maker(program, *table, options);
  context.impl().residual_reader = &maker;
  const Decision& decision = engine.DecideJson(json, context, {.consume_limits = false});
  context.impl().residual_reader = nullptr;
  const std::string why = decision.messages.empty() ? "" : decision.messages[0];
  if (decision.reason == Reason::kBadRequest || decision.reason == Reason::kNotCanonical) return Error{ErrorCode::kInvalidArgument, why};
  if (decision.reason == Reason::kBudget || decision.residual_too_large) return TooLarge(why.empty() ? "the filter is too large" : why);
  std::optional<Result<RowFilter>> made = maker.Take();
  if (made && !*made) return made->error();
  RowFilter filter;
  if (made)
    filter = std::move(**made);
  else if (decision.effect == Effect::kAllow)
    filter.rows = AllRows{};
  else if (decision.effect == Effect::kConditional)
    return Error{ErrorCode::kInternal, "the decision is conditional and has no condition"};
  AddMasks(context.impl(), program, filter);
  return filter;
}

namespace {

void WriteMask(JsonWriter& json, const ColumnMask& column) {
  json.Open('{');
  json.Key("mask").String(column.mask.target);
  switch (column.mask.kind) {
    case MaskKind::kKeepLast: json.Key("keepLast").Raw(std::to_string(column.mask.count)); break;
    case MaskKind::kKeepFirst: json.Key("keepFirst").Raw(std::to_string(column.mask.count)); break;
    case MaskKind::kHash: json.Key("hash").String("sha256"); break;
    case MaskKind::kReplace: json.Key("with").String(column.mask.replacement); break;
    case MaskKind::kNull: json.Key("null").Raw("true"); break;
  }
  json.Key("when").String(column.applies_to_all ? "request" : "row");
  json.Close('}');
}

void WriteParameter(JsonWriter& json, const SqlParameter& parameter) {
  json.Open('{');
  json.Key("type").String(parameter.type);
  json.Key("value").Raw(parameter.json);
  json.Close('}');
}

}  // namespace

std::string RowFilterJson(const RowFilter& filter) {
  std::string out;
  JsonWriter json(out);
  const SomeRows* some = std::get_if<SomeRows>(&filter.rows);
  const bool is_all = std::holds_alternative<AllRows>(filter.rows);
  json.Open('{');
  json.Key("outcome").String(some != nullptr ? "some" : is_all ? "all" : "none");
  json.Key("sql").String(some != nullptr ? std::string_view(some->sql) : is_all ? "true" : "false");
  json.Key("params").Open('[');
  if (some != nullptr)
    for (const SqlParameter& parameter : some->parameters) WriteParameter(json, parameter);
  json.Close(']');
  json.Key("masks").Open('[');
  for (const ColumnMask& column : filter.masks) WriteMask(json, column);
  json.Close(']');
  json.Close('}');
  return out;
}

}  // namespace writ
