// The public C++ interface of the engine: load a bundle, hand in requests, get decisions. Links no parser of policy text.
//
//   auto policies = writ::PolicySet::Load(bundle_bytes, {});
//   writ::Engine engine(*policies, writ::SystemClock());
//   writ::Context context;                                  // one per thread, reused
//   writ::Decision decision = engine.DecideJson(request_json, context);
//   if (decision.effect != writ::Effect::kAllow) refuse(decision.messages);
//
// Requests and decisions as JSON are specified in docs/requests_and_decisions.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/deadline.h"
#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/ir/program.h"
#include "rules/model/value.h"
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

// What a decision tells is bounded; what does not fit is counted in Decision::more, and the effect never depends on it.
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

// Beside a residual: when `when` holds, the images have to carry the signatures, too.
struct ImageCondition {
  RuleOutcome rule;
  std::string image;                 // CEL: a reference, or a list of them
  std::string when;                  // CEL: "true" = always; an error counts as true
  std::vector<std::string> demands;  // each of them: "signed by release"
};

// Owned strings are the caller's; views are valid while the PolicySet lives.
struct Decision {
  Effect effect = Effect::kDeny;
  Reason reason = Reason::kDefault;
  Target target = Target::kTools;
  InlineVector<RuleOutcome, 4> rules;  // the determining ones; inline, so that an ordinary allow allocates nothing
  // Of the determining rules: what those say that held, in rule order, then why others failed, one message a cause.
  std::vector<std::string> messages;
  std::vector<std::string> warnings;        // the same of `warn` rules, and of denials of policies in warn mode
  std::vector<TextSource> message_sources;  // of the first messages; those beyond its end have none
  std::vector<TextSource> warning_sources;  // the same for warnings
  std::vector<DecisionError> errors;        // of every rule that failed, the determining ones first
  LeftOut more;
  // When an allow failed only for want of scopes: what is missing of the smallest set that would do; the whole set; other sets that would.
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
  std::vector<ImageCondition> needs_images;         // kConditional: what else must be met
  std::vector<RuleOutcome> limits;                  // kConditional: limits whose key or condition is unknown, the first hundred
  std::vector<ExplainedRule> explained;             // only when asked for
  std::string admission_uid;                        // AdmissionReviews: request.uid
  bool covered = true;                              // false: no rule of any policy is about the request; only when asked for
  std::string_view bundle_digest;
};

struct LoadedProgram;

struct Bundle;  // rules/bundle/bundle.h

// A compiled policy set ready to decide, with its data. Immutable, shared between threads.
class PolicySet {
 public:
  struct Data {
    std::string name;  // of the import
    std::string json;
    std::string file;  // where it was read, for messages; "" = not from a file
  };
  // Loads and verifies a bundle. Errors: those of LoadBundle; kInvalidArgument for data that is not
  // JSON (says where) or not imported by any policy. Data that is given replaces what was compiled
  // in; what is neither is absent: using it is an error, which denies.
  // The policies live in `bundle_bytes`, which are taken over: pass them by std::move, or a copy is
  // made.
  static Result<std::shared_ptr<const PolicySet>> Load(std::string bundle_bytes, std::span<const Data> data,
                                                       const BundleLimits& limits = {});
  // The same for a bundle that has been loaded, whose errors are not to be expected any more.
  static Result<std::shared_ptr<const PolicySet>> Load(Bundle bundle, std::span<const Data> data);
  // Returns the same policies with other data: `data` and, of what it does not name, what was
  // compiled in. Errors: as Load says of data. Costs reading the data; the program is shared, which
  // lives as long as one of its sets.
  Result<std::shared_ptr<const PolicySet>> WithData(std::span<const Data> data) const;
  ~PolicySet();

  const Program& program() const;
  std::string_view digest() const;  // "sha256:…"

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit PolicySet(std::unique_ptr<Impl> impl);
  static Result<std::shared_ptr<const PolicySet>> Join(std::shared_ptr<const LoadedProgram> loaded, std::span<const Data> data);
  std::unique_ptr<Impl> impl_;
};

// What one evaluation needs and reuses: arena, registers, JSON parser. One per thread; about 64 KiB when warm, at most 16 MiB between two
// decisions whatever they were: what a large one took beyond that is given back at its end.
class Context {
 public:
  explicit Context(const EvalLimits& limits = {}, const JsonLimits& json_limits = {});
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// An attestation about an image whose signature the host has verified.
struct ImageAttestation {
  std::string predicate_type;
  std::vector<std::string> signed_by;  // names of signers
  std::string predicate_json;
  // Which part of an image for several platforms it is about: its digest, or any other name; "" = the image as it is named. A condition
  // must be met for every part that some attestation of this type by that signer is about.
  std::string about;
};

// What the host found out about the signatures of one image reference: `facts.images` of the JSON form. A signer in none of the lists
// is unknown. `attestations` are all that there are, but for those by signers in `unknown`.
struct ImageFacts {
  std::string image;
  std::vector<std::string> signed_by, refuted, unknown;
  std::vector<ImageAttestation> attestations;
};

// What has to be found out about one image before a request can be decided.
struct ImageNeed {
  std::string image;              // the reference, as the policy's expression gave it
  std::vector<SignerId> signers;  // whose signatures count
  struct Attestation {
    SignerId signer;
    std::string predicate_type;
    friend bool operator==(const Attestation&, const Attestation&) = default;
  };
  std::vector<Attestation> attestations;
};

struct DecideOptions {
  bool explain = false;                                // fill Decision::explained
  bool residual = true;                                // fill Decision::residual
  std::size_t max_residual_bytes = kMaxResidualBytes;  // of it; a larger one is residual_too_large
  bool consume_limits = true;          // false: look at quotas without using them up (dry runs), as requests with unknowns do anyway
  bool find_coverage = false;          // fill Decision::covered: whether the selectors of some policy, shadow ones too, match
  std::span<const ImageFacts> images;  // borrowed; beside `facts` of the request, which win for an image that both know
  Deadline deadline;                   // soon after it the decision is a deny, Reason::kBudget
};

// A path that requests given as fields may set, such as `principal.tenant`, `args.filter.state` or `args["a.b"]`. Engine::FindField finds
// it once; it is then used for any number of requests, with every engine whose policies are the same, whatever their data.
struct FieldId {
  static constexpr std::uint32_t kNone = SlotId::kNone;
  std::uint32_t index = kNone;  // of the program's slot, or behind those a path that has none
  std::uint32_t set = 0;        // the policies that it was found in; a request to others is refused. 0 = not told

  constexpr FieldId() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a slot is a field
  constexpr FieldId(SlotId slot) : index(slot.index) {}
  // For hosts that keep slots: the number remains, the policies are not told any more.
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  constexpr operator SlotId() const { return SlotId(index); }

  // False when no rule and no check of the target can read what is set there: setting it is a no-op. Engine::FieldFault says whether
  // that is because no request has such a member.
  constexpr bool valid() const { return index != kNone; }
};

// Fields that many requests share, such as the principal: Engine::PrepareFields checks, copies and writes them once, and requests that name
// them say only the rest. Valid in the context that they were prepared in, with the same policies and data, until others are prepared
// there; decisions of any kind in between do no harm. A request that names others is refused.
struct PreparedFields {
  std::uint64_t serial = 0;  // 0 = none
};

// A request given field by field, without JSON.
//
//   const FieldId tenant = engine.FindField("principal.tenant"), filter = engine.FindField("args.filter");
//   const FieldRequest::Field fields[] = {{tenant, Value::String("acme")}, {filter, Value::Map(map)}};
//   engine.DecideFields({Target::kTools, "github", "list_issues", fields}, context);
//
// It means what the JSON request with these members means (docs/requests_and_decisions.md, "Fields"), what is refused and why included.
// A field may be a leaf or everything below a member; of two that speak of one place the later one counts.
struct FieldRequest {
  Target target = Target::kTools;
  std::string_view scope = {};  // server, resource type, table, Kind.group; "" = told by fields or by the objects of an admission
  std::string_view name = {};   // tool, uri, prompt, action, OPERATION; likewise
  struct Field {
    FieldId slot;
    Value value;  // borrowed during the call. Value::Unknown() declares the path unknown; an absent one is not given
  };
  std::span<const Field> fields = {};
  // kTools: a listing of these, each a name or a map as in JSON; then there is no `name`. Absent: no listing.
  Value list = {};
  PreparedFields prepared = {};  // stand before `fields`, and before `scope` and `name` where those are empty
};

// A limit that has had more keys than it has room for, see Engine::LimitOverflows.
struct LimitOverflow {
  std::string policy;  // "package.policy"
  std::string_view rule_id;
  std::uint64_t calls = 0;  // that were counted together; since the first of the engines that share their quotas
};

struct EngineQuotas;

// Decides. Holds the quotas of `limit` rules; otherwise immutable. Thread-safe: one Engine, many threads, a Context each.
class Engine {
 public:
  // `clock` is borrowed and must outlive the engine.
  Engine(std::shared_ptr<const PolicySet> policies, const Clock& clock);
  ~Engine();
  // Takes over the quota state of the engine that `policies` replaces; limits are matched by package, policy and LimitSpec::identity.
  Engine(std::shared_ptr<const PolicySet> policies, const Clock& clock, const Engine& predecessor);

  // Decides one request (or AdmissionReview) in JSON. Never fails: what is wrong with the request is a deny with Reason::kBadRequest.
  // `request` is borrowed during the call. Cost: about one pass over the text plus the candidate rules.
  Decision DecideJson(std::string_view request, Context& context, const DecideOptions& options = {}) const;

  // The same from fields. No allocation when the decision carries no message and the fields are ordinary: no listing, no admission, and
  // no rule reads a record, or the members above a field, as a whole.
  Decision DecideFields(const FieldRequest& request, Context& context, const DecideOptions& options = {}) const;

  // Returns what `require image` rules that apply to the request want to know, each image once, so that the host can gather it and pass it
  // as DecideOptions::images. Rules whose condition is certainly false ask for nothing; an image that fails or is unknown asks for
  // nothing either, and neither does one that `facts` of the request tell about. Errors: what is wrong with the request.
  Result<std::vector<ImageNeed>> FindImageNeeds(std::string_view request, Context& context, const Deadline& deadline = {}) const;

  // Prepares the target, scope, name and fields of `shared`, which are copied. Errors: what is wrong with them as far as they can be told
  // alone; what is not there yet is no error. Costs about as much as a decision, and a copy of all slots; where fields have to become a
  // document (DecideFields), requests gain nothing by it.
  //   const PreparedFields caller = *engine.PrepareFields({.target = Target::kTools, .scope = "github", .fields = principal}, context);
  //   engine.DecideFields({.target = Target::kTools, .name = tool, .fields = args, .prepared = caller}, context);
  Result<PreparedFields> PrepareFields(const FieldRequest& shared, Context& context) const;

  // Returns the field of a path, or an invalid one when nothing can read it: no rule reads it, nor something above it as a whole, nor
  // anything below it, and no target needs it. O(depth * log members). Paths without a slot are kept, at most 4096 of them: a field beyond
  // those is valid, and a request with it is refused. So find the paths that the host knows once; members whose names callers choose
  // (`args.*`) are better given as one map.
  FieldId FindField(std::string_view path) const;
  // Returns "" when requests of some target may have the path, whether or not a rule reads it; else what is wrong: "no request has a
  // member `principal.tennant`; did you mean "principal.tenant"?". For a host to check its paths when it starts. O(members).
  std::string FieldFault(std::string_view path) const;

  // Returns the limits whose keys had to share a bucket, for metrics: as many as the policies have limits, at most. O(limits).
  std::vector<LimitOverflow> LimitOverflows() const;

  const PolicySet& policies() const { return *policies_; }

 private:
  std::shared_ptr<const PolicySet> policies_;
  const Clock* clock_;
  std::shared_ptr<const EngineQuotas> quotas_;
};

// Returns "policy.rule", with the package where policies of one name could be confused.
std::string RuleName(const RuleOutcome& rule);

// Cuts the texts of a decision to `max_bytes` together, the longest ones first. DecideJson and DecideFields have done so with
// kMaxTextBytes: only who adds texts, or wants less, calls it. Requires: max_bytes >= 2048. O(number and size of texts).
void FitTexts(Decision& decision, std::size_t max_bytes = kMaxTextBytes);

// Returns the length that texts of these sizes are cut to so that all take `room` together: short ones leave theirs to the others.
std::size_t TextShare(std::vector<std::size_t> sizes, std::size_t room);

// Returns the decision in the JSON form of docs/requests_and_decisions.md, one line. Never contains masked values.
std::string DecisionJson(const Decision& decision);

std::string_view EffectName(Effect effect);     // "allow", "deny", "conditional"
std::string_view OutcomeName(Outcome outcome);  // "true", "false", "error", "unknown"
std::string_view ReasonName(Reason reason);     // "rule", "default", …

}  // namespace writ
