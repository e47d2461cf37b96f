// What the engine decided: the effect, why, and what else the caller has to know or to do. As JSON
// it is specified in docs/requests_and_decisions.md.
//
//   if (decision.effect != writ::Effect::kAllow) Refuse(decision.messages);
//   for (const writ::Obligation& obligation : decision.obligations) Apply(obligation);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/ir/program.h"
#include "writ/inline_vector.h"

namespace writ {

enum class Effect : std::uint8_t { kAllow, kDeny, kConditional };

// What a guard came to. For a requirement: kTrue = met.
enum class Outcome : std::uint8_t { kTrue, kFalse, kError, kUnknown };

// Why the effect is what it is; the closed list behind "reason" in the JSON form.
enum class Reason : std::uint8_t {
  kRule,          // a rule decided: see rules
  kDefault,       // no rule spoke: the target's default
  kScopes,        // an allow failed only for want of scopes: see needs_scopes
  kLimit,         // a quota is used up: see retry_after_seconds
  kBudget,        // evaluation passed EvalLimits, or its deadline: denied, messages say which
  kBadRequest,    // the request is not one: denied, messages say where and why
  kUnknown,       // depends on what the caller declared unknown: effect is kConditional
  kNotCanonical,  // a name or URI that a server takes for another one: denied before any rule looks, messages say what is wrong
};

// What a decision tells is bounded; what does not fit is counted in Decision::more, and the effect
// never depends on it.
inline constexpr std::size_t kMaxListed = 100;                                   // of each list, the deciding ones first
inline constexpr std::size_t kMaxTextBytes = std::size_t{32} * 1024;             // messages, warnings, errors and notes together
inline constexpr std::size_t kMaxOneTextBytes = std::size_t{4} * 1024;           // one of them, and one value that `explained` shows
inline constexpr std::size_t kMaxExplainedBytes = std::size_t{1} * 1024 * 1024;  // `explained`
inline constexpr std::size_t kMaxUnmet = 20;                                     // of one rule that `explained` shows

// One rule in a decision. Views point into the PolicySet.
struct RuleOutcome {
  RuleId rule;
  std::string_view package;       // "" = the file has none
  std::string_view policy;        // unique in its package
  std::string_view shown_policy;  // for people: `policy`, or "package.policy" where several packages have one of that name
  std::string_view rule_id;
  RuleKey key;  // by what the rule is known wherever it stands; none in bundles of an older writ
  Verb verb = Verb::kDeny;
  std::string_view file;
  std::uint32_t line = 0;
  Outcome outcome = Outcome::kTrue;
};

// An evaluation error met while deciding, whether or not it changed the effect.
struct DecisionError {
  RuleOutcome rule;
  std::string text;        // "no such key: depth"
  bool in_shadow = false;  // of a policy in shadow mode: it decides nothing
};

// Who says a message or a warning.
struct TextSource {
  RuleOutcome rule;         // the first of them
  std::uint64_t rules = 0;  // how many say it: several when they failed for one cause; 0 = no rule, the host
  bool failed() const { return rules > 0 && rule.outcome == Outcome::kError; }
};

// How many of each list of a decision were left out.
struct LeftOut {
  std::uint64_t rules = 0, messages = 0, warnings = 0, errors = 0, notes = 0, shadow = 0, explained = 0;
};

// A mask on a column, or a redaction of a tool's result, that the caller must apply.
struct Obligation {
  Verb verb = Verb::kMask;  // kMask or kRedact
  std::string_view target;  // the column, or a JSON pointer where "*" is any element
  MaskKind kind = MaskKind::kNull;
  std::uint32_t count = 0;
  std::string_view replacement;
};

// Where an expression begins in the policy files.
struct ExpressionPlace {
  std::string file;
  std::uint32_t line = 0;  // 0 = not known: the bundle does not say
  std::uint32_t column = 0;
};

// For `explain`: one part of a guard, by `&&` and `||`, that kept it from being true.
struct UnmetCondition {
  std::string condition;              // its text, or the name of a `let`: its own parts follow
  std::string let;                    // the `let` that the part stands in, "" = the rule itself
  std::uint32_t depth = 0;            // how many `let`s it stands in, each in the one before
  Outcome outcome = Outcome::kFalse;  // never kTrue
  ExpressionPlace place = {};         // of a `let`, where its name stands
  std::string failed = {};            // kError: what failed inside the condition; "" = all of it
  ExpressionPlace failed_place = {};
  // As ExplainedRule::reads; none of a `let`, its parts have them.
  std::vector<std::pair<std::string, std::string>> reads;
};

// For `explain`: one applying rule, its outcome, and what its guard read.
struct ExplainedRule {
  RuleOutcome rule;
  std::string match;                                       // the match condition of its policy, "" = none
  Outcome matched = Outcome::kTrue;                        // what that came to
  std::string condition;                                   // the guard's text, "" = always
  std::string message;                                     // as it would be shown, "" = none
  std::string error;                                       // for Outcome::kError
  std::vector<std::pair<std::string, std::string>> reads;  // path → value as JSON ("absent" for missing); masked columns "(masked)"
  // Of a rule that did not hold: of each `&&` that was false the operands that were (that were not
  // true, when it failed or is unknown), of each `||` all, and the scopes that are missing. The
  // first kMaxUnmet, as far as budget and kMaxExplainedBytes go.
  std::vector<UnmetCondition> unmet;
};

// The longest residual, text and tree together.
inline constexpr std::size_t kMaxResidualBytes = std::size_t{256} * 1024;

// What is left of a condition when a part of the request is unknown: whole, mentioning unknown
// parts of the request only. An error of it means "not allowed".
struct Residual {
  std::string cel;        // CEL over the variables of the request
  std::string tree_json;  // the same as a tree, docs/requests_and_decisions.md, "Residuals"
};

// Beside a residual: a fact that has to be found out, of any kind (Need in writ/request.h). Either
// the residual reads it, or, of images, they have to carry signatures when `when` holds.
struct FactCondition {
  std::string kind;                  // kImageFacts, or what a policy names
  std::string key;                   // CEL: which one; of images a reference, or a list of them
  std::string path;                  // where the residual or a later key reads it: "facts.team"; "" of images
  RuleOutcome rule;                  // of images: the one that demands
  std::string when;                  // of images, CEL: "true" = always; an error counts as true
  std::vector<std::string> demands;  // of images, each of them: "signed by release"
};

// What was decided. Copies own their strings; views are valid while the PolicySet lives.
struct Decision {
  // Makes it what it was when it was made, and keeps the memory of its lists. O(what is in it).
  void Clear();

  Effect effect = Effect::kDeny;
  Reason reason = Reason::kDefault;
  Target target = Target::kTools;
  InlineVector<RuleOutcome, 4> rules;  // the determining ones; inline, so that an ordinary allow allocates nothing
  // Of the determining rules: what those say that held, in rule order, then why others failed, one
  // message a cause.
  std::vector<std::string> messages;
  std::vector<std::string> warnings;        // the same of `warn` rules, and of denials of policies in warn mode
  std::vector<TextSource> message_sources;  // of the first messages; those beyond its end have none
  std::vector<TextSource> warning_sources;  // the same for warnings
  std::vector<DecisionError> errors;        // of every rule that failed, the determining ones first
  LeftOut more;
  // When an allow failed only for want of scopes: what is missing of the smallest set that would
  // do; the whole set; other sets that would.
  std::vector<std::string> needs_scopes, needs_all;
  std::vector<std::vector<std::string>> needs_alternatives;  // smaller ones first, at most sixteen
  std::vector<Obligation> obligations;
  std::vector<std::pair<std::string, std::string>> notes;  // audit annotations: "policy.rule" → text
  std::vector<RuleOutcome> shadow;                         // what policies in shadow mode would have determined
  std::optional<std::uint64_t> retry_after_seconds;
  std::optional<std::vector<std::string>> visible;  // listings: names in the given order
  std::optional<std::string> row_json;              // rows that are visible: the row with masks applied
  std::optional<Residual> residual;                 // kConditional: the condition that is left
  bool residual_too_large = false;                  // kConditional: and so it is not there
  std::vector<FactCondition> needs_facts;           // kConditional: what else must be found out, those that keys of others read first
  std::vector<RuleOutcome> limits;                  // kConditional: limits whose key or condition is unknown, the first hundred
  std::vector<ExplainedRule> explained;             // only when asked for
  std::string admission_uid;                        // AdmissionReviews: request.uid
  bool covered = true;                              // false: no rule of any policy is about the request; only when asked for
  std::string_view bundle_digest;
};

// Returns "policy.rule", with the package where policies of one name could be confused.
std::string RuleName(const RuleOutcome& rule);

// Cuts the texts of a decision to `max_bytes` together, the longest ones first. DecideJson and
// DecideFields have done so with kMaxTextBytes: only who adds texts, or wants less, calls it.
// Requires: max_bytes >= 2048. O(number and size of texts).
void FitTexts(Decision& decision, std::size_t max_bytes = kMaxTextBytes);

// Returns the length that texts of these sizes are cut to so that all take `room` together: short
// ones leave theirs to the others.
std::size_t TextShare(std::vector<std::size_t> sizes, std::size_t room);

// Returns the decision in the JSON form of docs/requests_and_decisions.md, one line. Never contains
// masked values.
std::string DecisionJson(const Decision& decision);

std::string_view EffectName(Effect effect);     // "allow", "deny", "conditional"
std::string_view OutcomeName(Outcome outcome);  // "true", "false", "error", "unknown"
std::string_view ReasonName(Reason reason);     // "rule", "default", …

}  // namespace writ
