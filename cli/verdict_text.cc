#include "cli/verdict_text.h"

#include "rules/model/time.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string_view OutcomeWord(image::CheckOutcome outcome) {
  switch (outcome) {
    case image::CheckOutcome::kPassed: return "ok";
    case image::CheckOutcome::kFailed: return "FAIL";
    case image::CheckOutcome::kSkipped: return "skip";
  }
  return "";
}

std::string TimeText(UnixNanos time) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  const std::int64_t seconds = time / kNanosPerSecond - (time % kNanosPerSecond < 0 ? 1 : 0);
  return FormatTimestamp(Value::Timestamp(seconds, static_cast<std::uint32_t>(time - seconds * kNanosPerSecond)));
}

Json SignerJson(const image::VerifiedSigner& signer) {
  Json json = Json::object();
  if (!signer.subject.empty()) json["subject"] = signer.subject;
  if (!signer.oidc_issuer.empty()) json["issuer"] = signer.oidc_issuer;
  Json times = Json::array();
  for (const UnixNanos time : signer.times) times.push_back(TimeText(time));
  json["times"] = std::move(times);
  if (!signer.extensions.empty()) json["extensions"] = signer.extensions;
  return json;
}

Json MaterialJson(const image::MaterialReport& report) {
  Json json = {{"origin", report.origin}, {"verified", report.is_verified}};
  if (report.is_verified) json["signer"] = SignerJson(report.signer);
  Json checks = Json::array();
  for (const image::CheckResult& check : report.checks) {
    Json one = {{"check", image::CheckName(check.check)}, {"outcome", OutcomeWord(check.outcome)}};
    if (check.outcome == image::CheckOutcome::kFailed) one["reason"] = image::ReasonCode(check.reason);
    if (!check.message.empty()) one["message"] = check.message;
    checks.push_back(std::move(one));
  }
  json["checks"] = std::move(checks);
  return json;
}

void PrintSigner(const image::VerifiedSigner& signer, const Console& console) {
  if (!signer.subject.empty()) console.out << "    by " << Printable(signer.subject) << " (" << Printable(signer.oidc_issuer) << ")\n";
  for (const UnixNanos time : signer.times) console.out << "    at " << TimeText(time) << "\n";
}

}  // namespace

void PrintVerdict(const image::Verdict& verdict, const Console& console) {
  const Style style = verdict.kind == image::VerdictKind::kVerified ? Style::kGreen : Style::kRed;
  console.out << Styled(image::VerdictKindName(verdict.kind), style, console.colour_out) << ": " << Printable(verdict.message) << "\n";
  for (const image::MaterialReport& report : verdict.materials) {
    console.out << "  " << Printable(report.origin) << ": " << (report.is_verified ? "verified" : "not verified") << "\n";
    for (const image::CheckResult& check : report.checks) {
      const std::string_view word = OutcomeWord(check.outcome);
      const std::string what(check.message.empty() ? image::CheckText(check.check) : check.message);
      console.out << "    " << word << std::string(6 - word.size(), ' ') << image::CheckName(check.check) << ": " << Printable(what);
      if (check.outcome == image::CheckOutcome::kFailed) console.out << " [" << image::ReasonCode(check.reason) << "]";
      console.out << "\n";
    }
    if (report.is_verified) PrintSigner(report.signer, console);
  }
  for (const image::VerifiedStatement& statement : verdict.statements)
    console.out << "  attests " << Printable(statement.predicate_type) << " (" << Printable(statement.origin) << ")\n";
}

Json VerdictJson(const image::Verdict& verdict) {
  Json json = {
      {"outcome", image::VerdictKindName(verdict.kind)}, {"reason", image::ReasonCode(verdict.reason)}, {"message", verdict.message}};
  Json materials = Json::array();
  for (const image::MaterialReport& report : verdict.materials) materials.push_back(MaterialJson(report));
  json["materials"] = std::move(materials);
  Json statements = Json::array();
  for (const image::VerifiedStatement& statement : verdict.statements) {
    const Json predicate = Json::parse(statement.predicate_json, nullptr, false);
    statements.push_back({{"type", statement.predicate_type},
                          {"origin", statement.origin},
                          {"annotations", statement.annotations},
                          {"predicate", predicate.is_discarded() ? Json() : predicate}});
  }
  json["statements"] = std::move(statements);
  return json;
}

}  // namespace writ::cli
