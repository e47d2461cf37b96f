// AdmissionReview v1.
#include "webhook/admission/review.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <simdjson.h>
#include <nlohmann/json.hpp>

#include "engine/json/json_node.h"
#include "rules/base/printable.h"
#include "rules/base/utf8.h"
#include "webhook/admission/json_syntax.h"
#include "webhook/http/message.h"

namespace writ::server {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view kApiVersion = "admission.k8s.io/v1";
constexpr std::string_view kEllipsis = "…";

// What a review says about itself.
struct ReviewHead {
  bool has_request = false;
  std::string api_version, kind, uid, operation, object_kind, object_group, object_namespace, name, sub_resource;
  bool dry_run = false;
};

// Either nothing, or what is wrong with the document: `syntax` when it is no JSON at all.
struct PeekFault {
  bool syntax = false;
  std::string message;
};

// A head is read from the document that the engine has parsed. A text that its strict reader
// refuses is still a review, whose uid the answer needs: that one is peeked at by simdjson's
// lenient reader. Both speak the four functions below.
namespace ondemand = simdjson::ondemand;

// A string member; its absence and null leave `out` empty, and so does a text that cannot be decoded (a lone surrogate): the strict reader
// refuses that, or says that it is no JSON.
void ReadText(ondemand::value value, std::string_view path, std::string& out, std::optional<PeekFault>& fault) {
  ondemand::json_type type{};
  std::string_view text;
  if (value.type().get(type) != simdjson::SUCCESS) {
    fault = PeekFault{.syntax = true};
  } else if (type == ondemand::json_type::string) {
    if (value.get_string().get(text) == simdjson::SUCCESS) out = text;
  } else if (type != ondemand::json_type::null) {
    fault = PeekFault{.message = "`" + std::string(path) + "` must be a string"};
  }
}

// A bool member; its absence and null leave `out` as it is.
void ReadFlag(ondemand::value value, std::string_view path, bool& out, std::optional<PeekFault>& fault) {
  ondemand::json_type type{};
  bool is_null = false;
  if (value.type().get(type) != simdjson::SUCCESS ||
      (type == ondemand::json_type::null && value.is_null().get(is_null) != simdjson::SUCCESS)) {
    fault = PeekFault{.syntax = true};
  } else if (type == ondemand::json_type::boolean) {
    if (value.get_bool().get(out) != simdjson::SUCCESS) fault = PeekFault{.syntax = true};
  } else if (type != ondemand::json_type::null) {
    fault = PeekFault{.message = "`" + std::string(path) + "` must be a bool"};
  }
}

// Calls `member(key, value, fault)` for each member of an object until there is a fault. A key that cannot be decoded is not one of ours.
template <typename Function>
void ForEachMember(ondemand::object object, std::optional<PeekFault>& fault, const Function& member) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    const bool is_known = field.unescaped_key().get(key) == simdjson::SUCCESS;
    if (field.error() != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) {
      fault = PeekFault{.syntax = true};
      return;
    }
    if (is_known) member(key, value);
    if (fault) return;
  }
}

void ReadText(JsonNode value, std::string_view path, std::string& out, std::optional<PeekFault>& fault) {
  if (value.is(JsonKind::kString))
    out = value.string();
  else if (!value.is(JsonKind::kNull))
    fault = PeekFault{.message = "`" + std::string(path) + "` must be a string"};
}

void ReadFlag(JsonNode value, std::string_view path, bool& out, std::optional<PeekFault>& fault) {
  if (value.is(JsonKind::kTrue) || value.is(JsonKind::kFalse))
    out = value.is(JsonKind::kTrue);
  else if (!value.is(JsonKind::kNull))
    fault = PeekFault{.message = "`" + std::string(path) + "` must be a bool"};
}

template <typename Function>
void ForEachMember(JsonNode object, std::optional<PeekFault>& fault, const Function& member) {
  for (const JsonMember& each : object.members()) {
    member(each.key, each.value);
    if (fault) return;
  }
}

bool GetObject(JsonNode value, std::string_view path, JsonNode& out, std::optional<PeekFault>& fault) {
  out = value;
  if (value.is(JsonKind::kObject)) return true;
  fault = PeekFault{.message = "`" + std::string(path) + "` must be an object"};
  return false;
}

bool GetObject(ondemand::value value, std::string_view path, ondemand::object& out, std::optional<PeekFault>& fault) {
  if (value.get_object().get(out) == simdjson::SUCCESS) return true;
  fault = PeekFault{.message = "`" + std::string(path) + "` must be an object"};
  return false;
}

// `Object` and `value`: both of the one reader or both of the other.
template <typename Object>
void ReadRequestHead(Object request, ReviewHead& head, std::optional<PeekFault>& fault) {
  ForEachMember(request, fault, [&head, &fault](std::string_view key, auto value) {
    if (key == "uid" && !head.uid.empty()) {
      fault = PeekFault{.message = "`request.uid` stands twice"};
      return;
    }
    if (key == "uid") return ReadText(value, "request.uid", head.uid, fault);
    if (key == "operation") return ReadText(value, "request.operation", head.operation, fault);
    if (key == "namespace") return ReadText(value, "request.namespace", head.object_namespace, fault);
    if (key == "name") return ReadText(value, "request.name", head.name, fault);
    if (key == "subResource") return ReadText(value, "request.subResource", head.sub_resource, fault);
    if (key == "kind") {
      Object kind;
      if (!GetObject(value, "request.kind", kind, fault)) return;
      ForEachMember(kind, fault, [&head, &fault](std::string_view name, auto text) {
        if (name == "kind") ReadText(text, "request.kind.kind", head.object_kind, fault);
        if (name == "group") ReadText(text, "request.kind.group", head.object_group, fault);
      });
    }
    if (key == "dryRun") ReadFlag(value, "request.dryRun", head.dry_run, fault);
  });
}

template <typename Object>
std::optional<PeekFault> ReadHead(Object review, ReviewHead& head) {
  std::optional<PeekFault> fault;
  ForEachMember(review, fault, [&head, &fault](std::string_view key, auto value) {
    if (key == "apiVersion") return ReadText(value, "apiVersion", head.api_version, fault);
    if (key == "kind") return ReadText(value, "kind", head.kind, fault);
    // What is known of images is found out, not told: no API server sends facts.
    if (key == "facts") fault = PeekFault{.message = "a review brings no `facts`; requests that do go to POST /v1/decide"};
    if (key == "request") {
      Object request;
      if (head.has_request) fault = PeekFault{.message = "`request` stands twice"};
      if (fault || !GetObject(value, "request", request, fault)) return;
      head.has_request = true;
      ReadRequestHead(request, head, fault);
    }
  });
  return fault;
}

// Of a text that the strict reader refused.
[[gnu::cold]] std::optional<PeekFault> PeekReview(std::string_view body, ReviewHead& head) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  ondemand::json_type type{};
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS || document.type().get(type) != simdjson::SUCCESS) {
    return PeekFault{.syntax = true};
  }
  ondemand::object review;
  if (type != ondemand::json_type::object) return PeekFault{.message = "an AdmissionReview is a JSON object"};
  if (document.get_object().get(review) != simdjson::SUCCESS) return PeekFault{.syntax = true};
  return ReadHead(review, head);
}

std::optional<PeekFault> HeadOf(JsonNode document, std::string_view body, ReviewHead& head) {
  if (!document.valid()) return PeekReview(body, head);
  if (!document.is(JsonKind::kObject)) return PeekFault{.message = "an AdmissionReview is a JSON object"};
  return ReadHead(document, head);
}

// Why a document that is JSON is no review for us.
std::optional<std::string> CheckReview(const ReviewHead& head) {
  if (head.kind != "AdmissionReview") {
    return "found kind `" + Shorten(head.kind, kMaxShownNameBytes) + "`, expected `AdmissionReview`; single requests go to POST /v1/decide";
  }
  if (head.api_version != kApiVersion) {
    return "found apiVersion `" + Shorten(head.api_version, kMaxShownNameBytes) + "`, expected `" + std::string(kApiVersion) +
           "`; set admissionReviewVersions: [\"v1\"] in the webhook configuration";
  }
  if (!head.has_request) return "an AdmissionReview to be decided has a `request`";
  if (head.uid.empty()) return "`request.uid` is missing";
  return std::nullopt;
}

AdmissionReply Fail(AdmissionReply reply, unsigned status, std::string message) {
  reply.status = status;
  reply.outcome = ReviewOutcome::kFailed;
  reply.body = http::ErrorReply(status, message).body;
  reply.failure = std::move(message);
  return reply;
}

std::string JoinLines(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : "; ").append(part);
  return text;
}

template <typename Rules>  // any range of RuleOutcome
std::string RuleNames(const Rules& rules) {
  std::string text;
  for (const RuleOutcome& rule : rules) { text.append(text.empty() ? "" : ", ").append(RuleName(rule)); }
  return text;
}

template <typename Rules>
std::string RuleKeys(const Rules& rules) {
  std::string text;
  for (const RuleOutcome& rule : rules) {
    if (rule.key != RuleKey()) text.append(text.empty() ? "" : ", ").append(RuleKeyText(rule.key));
  }
  return text;
}

// Returns the length of the line break or tab that starts at `text[at]`, 0 if none does. U+0085, U+2028 and U+2029 break lines, too.
std::size_t BreakLength(std::string_view text, std::size_t at) {
  if (text[at] >= '\t' && text[at] <= '\r') return 1;
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("\u0085")) return 2;
  return rest.starts_with("\u2028") || rest.starts_with("\u2029") ? 3 : 0;
}

// On one line, so that no value inside a message forges further ones; and what would steer a terminal is escaped.
std::string OneLine(std::string_view text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = BreakLength(text, at);
    line += length > 0 ? ' ' : text[at];
    at += std::max<std::size_t>(1, length);
  }
  return Printable(line);
}

// A warning is an HTTP header: no blanks at its ends, and runs of them are one.
std::string HeaderText(std::string_view text) {
  std::string line;
  for (const char c : OneLine(text)) {
    if (c != ' ' || (!line.empty() && line.back() != ' ')) line.push_back(c);
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string CutCharacters(const std::string& line, std::size_t max_characters) {
  std::size_t characters = 0;
  std::size_t cut = 0;  // where the last character that leaves room for the ellipsis ends
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) == 0x80) continue;
    if (characters + 1 == max_characters) cut = i;
    if (++characters > max_characters) return line.substr(0, cut).append(kEllipsis);
  }
  return line;
}

// One line of a denial: "[policy.rule]" ("" when no rule says it), and " " and what is said.
struct Violation {
  std::string name, text;
};
constexpr std::string_view kLineLead = "\n- ";

// "[p.r1]", or "[p.r1 and 3 more]" of rules that failed for one cause.
std::string LeadOf(const TextSource& source) {
  if (source.rules == 0) return "";
  const std::string more = source.rules == 1 ? "" : " and " + std::to_string(source.rules - 1) + " more";
  return OneLine("[" + RuleName(source.rule) + more + "]");
}

// The message of a rule that failed names it at its end, for those who see no lead.
std::string_view WithoutRuleName(std::string_view message, const TextSource& source) {
  const std::string name = source.failed() && source.rules == 1 ? " (" + RuleName(source.rule) + ")" : "";
  return message.substr(0, message.size() - (message.ends_with(name) ? name.size() : 0));
}

std::vector<Violation> ViolationsOf(const Decision& decision) {
  std::vector<Violation> violations;
  for (std::size_t i = 0; i < decision.messages.size(); ++i) {
    const TextSource source = i < decision.message_sources.size() ? decision.message_sources[i] : TextSource();
    Violation violation{.name = LeadOf(source), .text = OneLine(WithoutRuleName(decision.messages[i], source))};
    if (!violation.name.empty()) violation.text.insert(0, " ");
    violations.push_back(std::move(violation));
  }
  return violations;
}

std::size_t ShareOf(const std::vector<Violation>& violations, std::size_t room) {
  std::vector<std::size_t> sizes;
  sizes.reserve(violations.size());
  for (const Violation& violation : violations) sizes.push_back(violation.text.size());
  return TextShare(std::move(sizes), room);
}

std::string LeftOutLine(std::uint64_t count) {
  return count == 0 ? "" : std::string(kLineLead) + "and " + std::to_string(count) + " more that do not fit here";
}

// As many names as fit, without their texts, and how many do not.
std::string FittingNames(std::string text, const std::vector<Violation>& violations, std::uint64_t left_out, std::size_t max_bytes) {
  for (std::size_t i = 0; i < violations.size(); ++i) {
    const std::string tail = LeftOutLine(violations.size() - i + left_out);
    if (text.size() + kLineLead.size() + violations[i].name.size() + tail.size() > max_bytes) return text + tail;
    text.append(kLineLead).append(violations[i].name);
  }
  return text + LeftOutLine(left_out);
}

AdmissionReply ReplyAbout(const ReviewHead& head) {
  AdmissionReply reply;
  reply.uid = head.uid;
  reply.operation = head.operation;
  reply.kind = head.object_group.empty() ? head.object_kind : head.object_kind + "." + head.object_group;
  if (!head.sub_resource.empty()) reply.kind += "/" + head.sub_resource;
  reply.object_namespace = head.object_namespace;
  reply.name = head.name;
  reply.dry_run = head.dry_run;
  return reply;
}

AdmissionReply Decide(std::string_view body, const Engine& engine, Context& context, const ReviewOptions& options,
                      const ImageLookup& images) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return Fail({}, 400, "the body is empty; expected an AdmissionReview");
  ReadRequest& request = engine.Read(body, context);
  ReviewHead head;
  const std::optional<PeekFault> fault = HeadOf(request.document(), body, head);
  if (fault && !fault->syntax) return Fail({}, 400, fault->message);
  AdmissionReply reply = fault ? AdmissionReply() : ReplyAbout(head);
  if (!fault) {
    if (const std::optional<std::string> wrong = CheckReview(head)) return Fail(std::move(reply), 400, *wrong);
  }
  const ImageDecision decided =
      DecideWithImages(request, engine, {.consume_limits = !fault && !head.dry_run, .deadline = options.deadline}, images);
  reply.images = decided.findings();
  const Decision& decision = decided.decision();
  // JSON that the strict reader refuses (too deep, a number out of range, a lone surrogate, a
  // duplicate key) is a denial with its reason: left to a failurePolicy of Ignore, it would pass.
  // What is no JSON is no review, and the strict reader knows the place.
  const bool is_unread = decision.reason == Reason::kBadRequest;
  if (fault || (is_unread && !request.document().valid() && !IsJsonSyntax(body)))
    return Fail(std::move(reply), 400, is_unread ? JoinLines(decision.messages) : "the body is not JSON");
  const bool is_about_it = decision.target == Target::kAdmission && (decision.admission_uid.empty() || decision.admission_uid == head.uid);
  if (!is_unread && !is_about_it) { return Fail(std::move(reply), 500, "internal error: the decision is about another request"); }
  reply.status = 200;
  reply.outcome = decision.effect == Effect::kAllow ? ReviewOutcome::kAllowed : ReviewOutcome::kDenied;
  reply.rules = RuleNames(decision.rules);
  reply.rule_keys = RuleKeys(decision.rules);
  reply.shadow = RuleNames(decision.shadow);
  reply.shadow_keys = RuleKeys(decision.shadow);
  reply.body = ReviewAnswer(head.uid, decision, options);
  return reply;
}

}  // namespace

std::string_view ReviewOutcomeName(ReviewOutcome outcome) {
  switch (outcome) {
    case ReviewOutcome::kAllowed: return "allowed";
    case ReviewOutcome::kDenied: return "denied";
    case ReviewOutcome::kFailed: return "failed";
  }
  return "failed";
}

AdmissionReply Review(std::string_view body, const Engine& engine, Context& context, const ReviewOptions& options,
                      const ImageLookup& images) {
  try {
    return Decide(body, engine, context, options, images);
  } catch (const std::exception& error) {  // out of memory and the like: failurePolicy decides
    return Fail({}, 500, std::string("internal error: ") + error.what());
  }
}

std::string DenialMessage(const Decision& decision, const ReviewOptions& options) {
  const std::vector<Violation> violations = ViolationsOf(decision);
  if (violations.empty()) {
    const std::string rules = RuleNames(decision.rules);
    return Shorten("denied" + (rules.empty() ? std::string(": ") + std::string(ReasonName(decision.reason)) : " by " + rules),
                   options.max_message_bytes);
  }
  const std::uint64_t left_out = decision.more.messages;
  if (violations.size() + left_out == 1) return Shorten(violations[0].name + violations[0].text, options.max_message_bytes);
  const std::string head = std::to_string(violations.size() + left_out) + " violations:";
  const std::string tail = LeftOutLine(left_out);
  std::size_t names_bytes = head.size() + tail.size();
  for (const Violation& violation : violations) names_bytes += kLineLead.size() + violation.name.size();
  if (names_bytes > options.max_message_bytes) return FittingNames(head, violations, left_out, options.max_message_bytes);
  const std::size_t share = ShareOf(violations, options.max_message_bytes - names_bytes);
  std::string text = head;
  for (const Violation& violation : violations) {
    text.append(kLineLead).append(violation.name);
    if (violation.text.size() <= share || share >= kEllipsis.size()) text.append(Shorten(violation.text, share));
  }
  return text + tail;
}

std::vector<std::string> WarningLines(const std::vector<std::string>& warnings, std::uint64_t left_out, const ReviewOptions& options) {
  constexpr std::size_t kTailBytes = 40;  // of "… and 4294967295 more warnings"
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    std::string line = CutCharacters(HeaderText(warnings[i]), options.max_warning_characters);
    if (line.empty()) continue;  // an empty Warning header would be dropped by the API server anyway
    if (bytes + line.size() + kTailBytes > options.max_warning_bytes) {
      left_out += warnings.size() - i;
      break;
    }
    bytes += line.size();
    lines.push_back(std::move(line));
  }
  if (left_out > 0) lines.push_back(std::string(kEllipsis) + " and " + std::to_string(left_out) + " more warnings");
  return lines;
}

std::string AnnotationKey(std::string_view note) {
  constexpr std::size_t kMaxCharacters = 63;
  std::string key;
  for (const char c : note.substr(0, kMaxCharacters)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    key.push_back(letter || c == '-' || c == '_' || c == '.' ? c : '-');
  }
  const auto is_edge = [](char c) { return c == '-' || c == '_' || c == '.'; };
  while (!key.empty() && is_edge(key.back())) key.pop_back();
  key.erase(key.begin(), std::find_if_not(key.begin(), key.end(), is_edge));
  return key.empty() ? "note" : key;
}

std::string ReviewAnswer(std::string_view uid, const Decision& decision, const ReviewOptions& options) {
  Json response = {{"uid", uid}, {"allowed", decision.effect == Effect::kAllow}};
  if (decision.effect != Effect::kAllow) {
    const bool unreadable = decision.reason == Reason::kBadRequest;
    response["status"] = {{"code", unreadable ? 400 : 403},
                          {"reason", unreadable ? "BadRequest" : "Forbidden"},
                          {"message", (unreadable ? "the object cannot be read: " : "") + DenialMessage(decision, options)}};
  }
  const std::vector<std::string> warnings = WarningLines(decision.warnings, decision.more.warnings, options);
  if (!warnings.empty()) response["warnings"] = warnings;
  for (const auto& [note, text] : decision.notes) {
    const std::string key = AnnotationKey(note);
    std::string unique = key;
    for (int n = 2; response.contains("auditAnnotations") && response["auditAnnotations"].contains(unique); ++n) {
      unique = key.substr(0, 58) + "-" + std::to_string(n);
    }
    response["auditAnnotations"][unique] = CutBytes(text, options.max_note_bytes);
  }
  const Json answer = {{"apiVersion", kApiVersion}, {"kind", "AdmissionReview"}, {"response", std::move(response)}};
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace writ::server
