// The condition that is left of a decision that hangs on something unknown; see remaining.h.
#include "engine/decide/remaining.h"

#include <algorithm>
#include <iterator>

#include "engine/decide/combine.h"
#include "engine/decide/hiding.h"
#include "engine/decide/image_requirement.h"
#include "engine/decide/rule_text.h"
#include "engine/decide/scopes.h"
#include "engine/eval/what_if.h"
#include "engine/partial/reducer.h"
#include "engine/partial/residual.h"

namespace writ {
namespace {

constexpr std::string_view kPrincipal = "principal", kScopes = "scopes";

// Builds the residual of one decision.
class ResidualBuilder {
 public:
  // `max_bytes`: of everything that it writes.
  ResidualBuilder(const Program& program, Evaluator& evaluator, std::size_t max_bytes)
      : program_(program), graph_(program), reducer_(program, evaluator, graph_), bytes_left_(max_bytes) {}

  bool is_done() const { return is_cut_ || reducer_.is_done(); }

  void AddAllow(const Rule& rule, bool are_scopes_open) {
    std::vector<NodeId> operands = {Condition(rule, ErrorReading::kFalse, ErrorReading::kFalse)};
    if (are_scopes_open) {
      for (const TextId scope : program_[rule.needs_scopes]) operands.push_back(HasScope(program_[scope]));
    }
    allows_.push_back(graph_.Join(NodeKind::kAnd, operands, ErrorReading::kFalse));
  }
  void AddDenial(const Rule& rule) { denials_.push_back(Condition(rule, AppliesOn(program_.combining(rule).deny), ErrorReading::kTrue)); }
  void AddRequirement(const Rule& rule) {
    const ErrorReading meant = program_.combining(rule).require == OnError::kDeny ? ErrorReading::kFalse : ErrorReading::kTrue;
    requirements_.push_back(WhereMatched(rule, Guard(rule, meant, ErrorReading::kFalse)));
  }
  // A requirement that is met only when the rule does not apply.
  void AddExemption(const Rule& rule) { requirements_.push_back(graph_.Not(Application(rule))); }
  // Errors that are denials, whatever the rule comes to otherwise: of its match condition, and of
  // an allow.
  void AddFailures(const Rule& rule) {
    const Combining& row = program_.combining(rule);
    const NodeId match = program_.match(rule.policy);
    if (match.valid() && row.match == OnError::kDeny) requirements_.push_back(Defined(match));
    if (rule.verb == Verb::kAllow && row.allow == OnError::kDeny && rule.guard.valid())
      requirements_.push_back(WhereMatched(rule, Defined(rule.guard)));
  }

  // Returns the condition of the whole decision.
  NodeId Root(bool is_allow_needed) {
    std::vector<NodeId> all;
    if (is_allow_needed) all.push_back(graph_.Join(NodeKind::kOr, allows_, ErrorReading::kFalse));
    all.push_back(graph_.Not(graph_.Join(NodeKind::kOr, denials_, ErrorReading::kTrue)));
    all.insert(all.end(), requirements_.begin(), requirements_.end());
    return graph_.Join(NodeKind::kAnd, all, ErrorReading::kFalse);
  }

  std::optional<Residual> Finish(bool is_allow_needed) {
    const NodeId root = Root(is_allow_needed);
    return is_done() ? std::nullopt : WriteResidual(graph_, root, bytes_left_);
  }

  // The same for who reads nodes. False when it would be too large.
  bool FinishFor(ResidualReader& reader, bool is_allow_needed) {
    const NodeId root = Root(is_allow_needed);
    if (!is_done()) reader.Read(graph_, root);
    return !is_done();
  }

  // Returns what is left of an expression by itself, as text. Nothing is built any more when it is
  // too large.
  std::string Text(NodeId node, ErrorReading reading) { return Written(reducer_.Reduce(node, reading)); }
  // The same of when the rule applies; an error counts as true.
  std::string ConditionText(const Rule& rule) {
    const bool is_always = !rule.guard.valid() && !program_.match(rule.policy).valid();
    return is_always ? "true" : Written(Application(rule));
  }
  bool Mentions(SlotId slot) const { return graph_.Mentions(slot); }

 private:
  std::string Written(NodeId reduced) {
    const std::optional<std::string> text = is_done() ? std::nullopt : WriteResidualText(graph_, reduced, bytes_left_);
    is_cut_ = is_cut_ || !text;
    bytes_left_ -= text ? text->size() : 0;
    return text.value_or("");
  }

  // What an error of a condition means where it makes the rule apply, or not.
  static ErrorReading AppliesOn(OnError error) { return error == OnError::kDeny ? ErrorReading::kTrue : ErrorReading::kFalse; }

  // What is left of a condition whose errors are `meant` as a bool, to stand where readers take
  // them for `taken`. Where these differ it says so.
  NodeId Reading(NodeId condition, ErrorReading meant, ErrorReading taken) {
    const NodeId reduced = reducer_.Reduce(condition, meant);
    if (meant == taken) return reduced;
    return meant == ErrorReading::kFalse ? graph_.IsTrue(reduced) : graph_.Not(graph_.IsTrue(graph_.Not(reduced)));
  }

  // The match condition of the rule's policy. One whose errors deny stands beside (AddFailures).
  NodeId Match(const Rule& rule, ErrorReading taken) {
    const NodeId match = program_.match(rule.policy);
    if (!match.valid()) return graph_.OfBool(true);
    return Reading(match, program_.combining(rule).match == OnError::kSkip ? ErrorReading::kFalse : taken, taken);
  }

  NodeId Guard(const Rule& rule, ErrorReading meant, ErrorReading taken) {
    return rule.guard.valid() ? Reading(rule.guard, meant, taken) : graph_.OfBool(true);
  }

  // `x || !x`: fails when the condition does, and is true otherwise.
  NodeId Defined(NodeId condition) {
    const NodeId reduced = reducer_.Reduce(condition, ErrorReading::kKept);
    const NodeId operands[] = {reduced, graph_.Not(reduced)};
    return graph_.Join(NodeKind::kOr, operands, ErrorReading::kFalse);
  }

  // What must hold, unless the policy does not apply.
  NodeId WhereMatched(const Rule& rule, NodeId node) {
    if (!program_.match(rule.policy).valid()) return node;
    const NodeId operands[] = {graph_.Not(Match(rule, ErrorReading::kTrue)), node};
    return graph_.Join(NodeKind::kOr, operands, ErrorReading::kFalse);
  }

  // Match condition and guard; `meant` is of the guard.
  NodeId Condition(const Rule& rule, ErrorReading meant, ErrorReading taken) {
    const NodeId guard = Guard(rule, meant, taken);
    if (!program_.match(rule.policy).valid()) return guard;
    const NodeId operands[] = {Match(rule, taken), guard};
    return graph_.Join(NodeKind::kAnd, operands, taken);
  }

  // When a requirement of images applies, where an error is taken for true.
  NodeId Application(const Rule& rule) { return Condition(rule, AppliesOn(program_.combining(rule).require), ErrorReading::kTrue); }

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

bool AreImagesOpen(Deciding& deciding, const ImageSpec& spec) {
  const RuleResult images = EvaluateSignatures(deciding, spec, nullptr);
  return images.outcome == Outcome::kUnknown && !images.certain;
}

// Signatures are no business of CEL: what has to be found out stands beside the residual.
void AddImageCondition(Deciding& deciding, const RuleResult& result, ResidualBuilder& builder, Decision& decision) {
  const Rule& rule = RuleOf(deciding, result);
  const ImageSpec& image = *deciding.program.image(rule);
  FactCondition condition{.kind = std::string(kImageFacts),
                          .key = builder.Text(image.image, ErrorReading::kKept),
                          .path = {},
                          .rule = DescribeRule(deciding.policies, result.rule, Outcome::kUnknown),
                          .when = builder.ConditionText(rule),
                          .demands = {}};
  for (const SignatureDemand& demand : deciding.program[image.demands]) condition.demands.push_back(DemandText(deciding.program, demand));
  decision.needs_facts.push_back(std::move(condition));
}

// The facts that the residual reads, and those that their keys read.
void AddFactConditions(Deciding& deciding, ResidualBuilder& builder, Decision& decision) {
  const Program& program = deciding.program;
  std::vector<FactCondition> conditions;
  for (std::size_t i = program.facts.size(); i-- > 0 && !builder.is_done();) {  // keys read facts before them
    const FactSpec& fact = program.facts[i];
    if (!builder.Mentions(fact.slot)) continue;
    conditions.push_back({.kind = std::string(program[fact.kind]),
                          .key = builder.Text(fact.key, ErrorReading::kKept),
                          .path = SlotPath(program, fact.slot),
                          .rule = {},
                          .when = {},
                          .demands = {}});
  }
  decision.needs_facts.insert(decision.needs_facts.begin(), std::make_move_iterator(conditions.rbegin()),
                              std::make_move_iterator(conditions.rend()));
}

}  // namespace

Residual ResidualOfTrue() { return {.cel = "true", .tree_json = R"({"op":"value","type":"bool","value":true})"}; }

void AddResidual(Deciding& deciding, bool is_allow_needed, Decision& decision) {
  decision.effect = Effect::kConditional;
  decision.reason = Reason::kUnknown;
  if (!deciding.options.residual) return;
  WhatIf shown(deciding.context.evaluator);
  ResidualReader* const reader = deciding.context.residual_reader;
  if (reader == nullptr) HideSecrets(deciding, shown);  // a filter needs what nobody is shown
  ResidualBuilder builder(deciding.program, deciding.context.evaluator, deciding.options.max_residual_bytes);
  for (const RuleResult& result : deciding.context.results) {
    if (builder.is_done()) break;
    const Rule& rule = RuleOf(deciding, result);
    const Roles roles = EnforcedRolesOf(deciding, result);
    if (is_allow_needed && roles.IsOpen(Role::kAllow)) builder.AddAllow(rule, ScopesOf(deciding).is_fault());
    if (!roles.IsOpen(Role::kDenial)) continue;
    builder.AddFailures(rule);
    const ImageSpec* image = deciding.program.image(rule);
    if (image != nullptr && AreImagesOpen(deciding, *image))
      AddImageCondition(deciding, result, builder, decision);
    else if (image != nullptr)
      builder.AddExemption(rule);
    else if (rule.verb == Verb::kDeny)
      builder.AddDenial(rule);
    else if (rule.verb == Verb::kRequire)
      builder.AddRequirement(rule);
  }
  if (reader != nullptr) {
    decision.residual_too_large = !builder.FinishFor(*reader, is_allow_needed);
    return;
  }
  AddFactConditions(deciding, builder, decision);
  if (decision.needs_facts.size() <= kMaxListed) decision.residual = builder.Finish(is_allow_needed);
  decision.residual_too_large = !decision.residual;
  if (decision.residual_too_large) decision.needs_facts.clear();
}

}  // namespace writ
