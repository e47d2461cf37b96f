#include "webhook/image/verify/verdict.h"

#include <array>

#include "webhook/image/trust/encoding.h"

namespace writ::image {
namespace {

struct CheckInfo {
  std::string_view name, text;
};
#define WRIT_IMAGE_ROW(name, code, text) CheckInfo{code, text},
constexpr std::array kChecks = {WRIT_IMAGE_CHECKS(WRIT_IMAGE_ROW)};
#undef WRIT_IMAGE_ROW

struct ReasonInfo {
  std::string_view code;
  Check check;
};
#define WRIT_IMAGE_ROW(name, code, check) ReasonInfo{code, Check::k##check},
constexpr std::array kReasons = {WRIT_IMAGE_REASONS(WRIT_IMAGE_ROW)};
#undef WRIT_IMAGE_ROW

std::string_view OutcomeName(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kPassed: return "passed";
    case CheckOutcome::kFailed: return "failed";
    case CheckOutcome::kSkipped: return "skipped";
  }
  return "";
}

}  // namespace

std::string_view CheckName(Check check) { return kChecks[static_cast<std::size_t>(check)].name; }
std::string_view CheckText(Check check) { return kChecks[static_cast<std::size_t>(check)].text; }
std::string_view ReasonCode(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].code; }
Check CheckOf(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].check; }

std::optional<Reason> ParseReason(std::string_view code) {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (kReasons[i].code == code) return static_cast<Reason>(i);
  }
  return std::nullopt;
}

std::string_view VerdictKindName(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kVerified: return "verified";
    case VerdictKind::kRefuted: return "refuted";
    case VerdictKind::kUnknown: return "unknown";
  }
  return "";
}

std::string Dump(const Verdict& verdict) {
  std::string out =
      std::string(VerdictKindName(verdict.kind)) + " [" + std::string(ReasonCode(verdict.reason)) + "] " + verdict.message + "\n";
  for (const MaterialReport& report : verdict.materials) {
    out += "  " + Shown(report.origin) + ": " + (report.is_verified ? "verified" : "not verified") + "\n";
    for (const CheckResult& check : report.checks) {
      out += "    " + std::string(CheckName(check.check)) + " " + std::string(OutcomeName(check.outcome));
      if (check.outcome == CheckOutcome::kFailed) out += " [" + std::string(ReasonCode(check.reason)) + "]";
      out += (check.message.empty() ? "" : ": " + check.message) + "\n";
    }
  }
  for (const VerifiedStatement& statement : verdict.statements)
    out += "  statement " + Shown(statement.predicate_type) + " from " + Shown(statement.origin) + "\n";
  return out;
}

}  // namespace writ::image
