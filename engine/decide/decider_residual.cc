// The condition that is left of a decision that hangs on something unknown:
//
//   (allow || allow) && !(deny || deny) && requirement        of the rules that are open
//
// Exact for whoever takes an error for "not allowed": `&&` and `||` absorb errors as the decision
// does, an allow that fails does not allow, a denial or a requirement that fails denies.
#include <algorithm>

#include "engine/decide/credential_name.h"
#include "engine/decide/decider.h"
#include "engine/decide/rule_text.h"
#include "engine/partial/reducer.h"
#include "engine/partial/residual.h"

namespace writ {
namespace {

constexpr std::string_view kPrincipal = "principal", kScopes = "scopes";

// Does the value hold a member that is called like a credential, at any depth? Adds to `steps`.
// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool HoldsCredential(const Value& value, std::uint64_t& steps) {
  bool holds = false;
  if (value.is(Kind::kList)) {
    steps += value.size;
    for (std::uint32_t i = 0; i < value.size && !holds; ++i) holds = HoldsCredential(value.items[i], steps);
  }
  if (value.is(Kind::kMap) && value.map != nullptr) {
    steps += value.map->size;
    for (std::uint32_t i = 0; i < value.map->size && !holds; ++i) {
      const MapEntry& entry = value.map->entries[i];
      holds = (entry.key.is(Kind::kString) && IsCredentialName(entry.key.string())) || HoldsCredential(entry.value, steps);
    }
  }
  return holds;
}

}  // namespace

// Builds the residual of one decision.
class ResidualBuilder {
 public:
  // `max_bytes`: of everything that it writes.
  ResidualBuilder(const Program& program, Evaluator& evaluator, std::size_t max_bytes)
      : program_(program), graph_(program), reducer_(program, evaluator, graph_), bytes_left_(max_bytes) {}

  bool is_done() const { return is_cut_ || reducer_.is_done(); }

  void AddAllow(const Rule& rule, bool are_scopes_open) {
    std::vector<NodeId> operands = {Guard(rule, ErrorReading::kFalse)};
    if (are_scopes_open) {
      for (const TextId scope : program_[rule.needs_scopes]) operands.push_back(HasScope(program_[scope]));
    }
    allows_.push_back(graph_.Join(NodeKind::kAnd, operands, ErrorReading::kFalse));
  }
  void AddDenial(const Rule& rule) { denials_.push_back(Guard(rule, ErrorReading::kTrue)); }
  void AddRequirement(const Rule& rule) { requirements_.push_back(Guard(rule, ErrorReading::kFalse)); }
  // A requirement that is met only when the rule does not apply.
  void AddExemption(const Rule& rule) { requirements_.push_back(graph_.Not(Guard(rule, ErrorReading::kTrue))); }

  std::optional<Residual> Finish(bool is_allow_needed) {
    std::vector<NodeId> all;
    if (is_allow_needed) all.push_back(graph_.Join(NodeKind::kOr, allows_, ErrorReading::kFalse));
    all.push_back(graph_.Not(graph_.Join(NodeKind::kOr, denials_, ErrorReading::kTrue)));
    all.insert(all.end(), requirements_.begin(), requirements_.end());
    const NodeId root = graph_.Join(NodeKind::kAnd, all, ErrorReading::kFalse);
    return is_done() ? std::nullopt : WriteResidual(graph_, root, bytes_left_);
  }

  // Returns what is left of an expression by itself, as text. Nothing is built any more when it is
  // too large.
  std::string Text(NodeId node, ErrorReading reading) {
    const NodeId reduced = reducer_.Reduce(node, reading);
    const std::optional<std::string> text = is_done() ? std::nullopt : WriteResidualText(graph_, reduced, bytes_left_);
    is_cut_ = is_cut_ || !text;
    bytes_left_ -= text ? text->size() : 0;
    return text.value_or("");
  }

 private:
  NodeId Guard(const Rule& rule, ErrorReading reading) {
    return rule.guard.valid() ? reducer_.Reduce(rule.guard, reading) : graph_.OfBool(true);
  }

  NodeId HasScope(std::string_view scope) {
    const NodeId args[] = {graph_.OfValue(Value::String(scope), SimpleType(TypeKind::kString)),
                           graph_.OfMember(kPrincipal, kScopes, SimpleType(TypeKind::kDyn))};
    return graph_.Call(Function::kIn, args, SimpleType(TypeKind::kBool));
  }

  const Program& program_;
  ResidualGraph graph_;
  Reducer reducer_;
  std::size_t bytes_left_;
  std::vector<NodeId> allows_, denials_, requirements_;
  bool is_cut_ = false;  // some text was too long
};

Residual ResidualOfTrue() { return {.cel = "true", .tree_json = R"({"op":"value","type":"bool","value":true})"}; }

// A residual is made of what stands in the request. What must not be shown stays a path, as if it
// were unknown: whoever reads the residual has the request.
void Decider::HideSecrets() {
  const bool is_row = request_.target() == Target::kRows;
  std::uint64_t steps = context_.slots.size();
  std::vector<bool> is_secret(program_.slots.size());
  for (std::size_t i = 0; i < program_.slots.size(); ++i) {
    const Slot& slot = program_.slots[i];
    const std::string_view key = program_[slot.key];
    const Slot* parent = slot.parent.valid() ? &program_.slots[slot.parent.index] : nullptr;
    const bool is_column = is_row && parent != nullptr && !parent->parent.valid() && program_[parent->key] == "row";
    is_secret[i] = (parent != nullptr && is_secret[slot.parent.index]) || IsCredentialName(key) || (is_column && IsMaskedColumn(key));
    Value& value = context_.slots[i];
    if (value.is(Kind::kAbsent) || value.is_fault()) continue;
    const bool is_whole_row = is_row && parent == nullptr && key == "row";
    if (is_secret[i])
      value = Value::Unknown();
    else if ((is_whole_row && HasMaskedColumn(value)) || HoldsCredential(value, steps))
      value = Value::PartlyUnknown();
  }
  context_.evaluator.Spend(steps);
  context_.evaluator.ForgetShared();
}

bool Decider::HasMaskedColumn(const Value& row) const {
  if (!row.is(Kind::kMap) || row.map == nullptr) return false;
  return std::any_of(row.map->entries, row.map->entries + row.map->size,
                     [this](const MapEntry& entry) { return entry.key.is(Kind::kString) && IsMaskedColumn(entry.key.string()); });
}

void Decider::AddResidual(bool is_allow_needed, Decision& decision) {
  decision.effect = Effect::kConditional;
  decision.reason = Reason::kUnknown;
  if (!options_.residual) return;
  const std::vector<Value> saved = context_.slots;
  HideSecrets();
  ResidualBuilder builder(program_, context_.evaluator, options_.max_residual_bytes);
  for (const RuleResult& result : context_.results) {
    if (builder.is_done()) break;
    const Rule& rule = RuleOf(result);
    if (is_allow_needed && IsEnforced(result, Role::kPossibleAllow)) builder.AddAllow(rule, Scopes().is_fault());
    if (!IsEnforced(result, Role::kPossibleDenial)) continue;
    const ImageSpec* image = program_.image(rule);
    if (image != nullptr && AreImagesOpen(*image))
      AddImageCondition(result, builder, decision);
    else if (image != nullptr)
      builder.AddExemption(rule);
    else if (rule.verb == Verb::kDeny)
      builder.AddDenial(rule);
    else
      builder.AddRequirement(rule);
  }
  if (decision.needs_images.size() <= kMaxListed) decision.residual = builder.Finish(is_allow_needed);
  decision.residual_too_large = !decision.residual;
  if (decision.residual_too_large) decision.needs_images.clear();
  // In place: the evaluator points at these slots.
  std::copy(saved.begin(), saved.end(), context_.slots.begin());
  context_.evaluator.ForgetShared();
}

bool Decider::AreImagesOpen(const ImageSpec& spec) {
  const RuleResult images = EvaluateSignatures(spec, nullptr);
  return images.outcome == Outcome::kUnknown && !images.certain;
}

// Signatures are no business of CEL: what has to be found out stands beside the residual.
void Decider::AddImageCondition(const RuleResult& result, ResidualBuilder& builder, Decision& decision) const {
  const Rule& rule = RuleOf(result);
  ImageCondition condition{.rule = DescribeRule(policies_, result.rule, Outcome::kUnknown), .image = {}, .when = {}, .demands = {}};
  const ImageSpec& image = *program_.image(rule);
  condition.image = builder.Text(image.image, ErrorReading::kKept);
  condition.when = rule.guard.valid() ? builder.Text(rule.guard, ErrorReading::kTrue) : "true";
  for (const SignatureDemand& demand : program_[image.demands]) condition.demands.push_back(DemandText(program_, demand));
  decision.needs_images.push_back(std::move(condition));
}

}  // namespace writ
