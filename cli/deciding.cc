#include "cli/deciding.h"

#include <utility>

#include "cli/manifest_request.h"
#include "cli/policy_files.h"
#include "cli/report.h"
#include "cli/text.h"
#include "cli/unnamed.h"
#include "rules/base/clock.h"
#include "rules/model/time.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

constexpr ReadOptions kTrusted{.facts = CallerFacts::kTaken};  // who tries a request knows what is so
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

void AppendTextMember(std::string& json, std::string_view name, std::string_view text) {
  if (json.size() > 1) json += ',';
  AppendJsonString(name, json);
  json += ':';
  AppendJsonString(text, json);
}

std::string DocumentJson(const Subject& subject) {
  std::string json = "{";
  AppendTextMember(json, "file", subject.file);
  if (subject.line > 0) json += ",\"line\":" + std::to_string(subject.line);
  if (!subject.kind.empty()) AppendTextMember(json, "kind", subject.kind);
  if (!subject.name.empty()) AppendTextMember(json, "name", subject.name);
  return json + "}";
}

// One object a subject. What could not be read is denied in the shape of a decision, so that whoever counts denials counts it.
std::string SubjectJson(const Decided& decided) {
  const Subject& subject = decided.subject;
  std::string json;
  if (decided.decision) {
    json = DecisionJson(*decided.decision);
  } else if (subject.state == Subject::State::kSkipped) {
    json = "{\"effect\":\"skipped\"";
    AppendTextMember(json, "skipped", subject.reason);
    json += "}";
  } else {
    Decision refusal;
    refusal.reason = Reason::kBadRequest;
    refusal.messages.push_back(subject.reason);
    json = DecisionJson(refusal);
  }
  if (decided.decision && !decided.decision->covered) json = WithMember(std::move(json), "covered", "false");
  return WithMember(std::move(json), "document", DocumentJson(subject));
}

ExitCode CodeOf(const std::vector<Decided>& all, bool strict, const Console& console) {
  bool denied = false, decided = false;
  for (const Decided& one : all) {
    decided = decided || one.decision;
    if (one.subject.state == Subject::State::kUnread) return ExitCode::kBadInput;
    if (one.decision && one.decision->reason == Reason::kBadRequest) return ExitCode::kBadInput;
    denied = denied || (one.decision && (one.decision->effect != Effect::kAllow || (strict && !one.decision->covered)));
  }
  if (!decided) {
    PrintError(console, all.empty() ? "nothing to decide: no documents were found"
                                    : "nothing to decide: found " + Counted(all.size(), "document") +
                                          ", none of which is a request or a Kubernetes object");
    return ExitCode::kBadInput;
  }
  return denied ? ExitCode::kDenied : ExitCode::kOk;
}

// Whether a rule asked for a name or a namespace that the API server fills in and that the file leaves out.
bool AsksForWhatIsFilledIn(const Decision& decision) {
  for (const ExplainedRule& rule : decision.explained) {
    for (const auto& [path, value] : rule.reads) {
      if (value == "absent" && (path == "object.metadata.name" || path == "object.metadata.namespace")) return true;
    }
  }
  return false;
}

Decision DecideManifest(const Subject& subject, const ManifestScene& scene, const Engine& engine, const DecideOptions& decide) {
  Context context;
  DecideOptions explaining = decide;
  explaining.explain = true;
  Decision decision = engine.DecideJson(AdmissionRequestOf(subject, scene, FilledIn::kAsWritten), context, explaining, kTrusted);
  if (AsksForWhatIsFilledIn(decision))
    decision = engine.DecideJson(AdmissionRequestOf(subject, scene, FilledIn::kUnknown), context, explaining, kTrusted);
  if (!decide.explain) decision.explained.clear();
  return decision;
}

}  // namespace

std::optional<FakeClock> ClockAt(const std::string& at, const Console& console) {
  const std::optional<Value> time = ParseTimestamp(at);
  // A 64-bit count of nanoseconds ends in the years 1677 and 2262.
  constexpr std::int64_t kMaxSeconds = INT64_MAX / kNanosPerSecond - 1;
  if (!time || time->integer > kMaxSeconds || time->integer < -kMaxSeconds) {
    PrintError(console, "--at: found `" + at + "`, expected a time such as 2026-11-20T10:00:00Z");
    return std::nullopt;
  }
  return FakeClock(time->integer * kNanosPerSecond + time->size);
}

std::string HintOf(const Decided& decided) {
  const bool hangs = decided.decision && decided.subject.is_manifest && decided.decision->effect == Effect::kConditional;
  return hangs ? FlagsFor(*decided.decision) : Printable(decided.unnamed);
}

std::string SubjectPlace(const Subject& subject) {
  return subject.line == 0 ? subject.file : subject.file + ":" + std::to_string(subject.line);
}

ExitCode DecideAll(const EvalOptions& options, const DecideOptions& decide, const Printer& print, const Console& console) {
  std::optional<FakeClock> fixed;
  if (!options.at.empty()) {
    fixed = ClockAt(options.at, console);
    if (!fixed) return ExitCode::kBadInput;
  }
  const std::optional<LoadedPolicies> loaded = LoadForDeciding(options, console);
  if (!loaded) return ExitCode::kBadInput;
  const Result<ManifestScene> scene = ReadManifestScene(options, console);
  if (!scene) {
    PrintError(console, scene.error().message);
    return ExitCode::kBadInput;
  }
  const Clock& clock = fixed ? static_cast<const Clock&>(*fixed) : SystemClock();
  const Engine engine(loaded->policies, clock, std::make_shared<MemoryLedger>(loaded->policies, clock.Now()));
  Context context;
  std::vector<Decided> all;
  for (Subject& subject : ReadSubjects(options.paths, console)) {
    Decided decided{std::move(subject), std::nullopt, {}};
    if (decided.subject.state == Subject::State::kRequest) {
      decided.decision = decided.subject.is_manifest ? DecideManifest(decided.subject, *scene, engine, decide)
                                                     : engine.DecideJson(decided.subject.json, context, decide, kTrusted);
    }
    if (decided.decision && decided.decision->reason == Reason::kDefault && !decided.subject.is_manifest)
      decided.unnamed = HintOfUnnamed(loaded->policies->program(), decided.subject.json);
    all.push_back(std::move(decided));
  }
  for (const Decided& one : all) {
    if (one.subject.state == Subject::State::kUnread) PrintError(console, one.subject.reason);
    if (!one.decision || one.decision->reason != Reason::kBadRequest) continue;
    for (const std::string& message : one.decision->messages) PrintError(console, SubjectPlace(one.subject) + ": bad request: " + message);
  }
  if (options.format == Format::kJson) {
    std::vector<std::string> objects;
    objects.reserve(all.size());
    for (const Decided& one : all) objects.push_back(SubjectJson(one));
    PrintJsonList(objects, console);
  } else {
    print(all, console);
  }
  return CodeOf(all, options.strict, console);
}

}  // namespace writ::cli
