#include "webhook/image/verify/verifier.h"

#include <exception>

#include "rules/base/digest.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/judge.h"

namespace writ::image {
namespace {

Reason ReasonOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTooLarge: return Reason::kLimitExceeded;
    case ErrorCode::kVersionUnknown: return Reason::kVersionUnknown;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kUnreadable:
    case ErrorCode::kCorrupt: return Reason::kMalformed;
    case ErrorCode::kInternal: break;
  }
  return Reason::kInternal;
}

constexpr std::string_view kSimpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kEnvelopeType = "application/vnd.dsse.envelope.v1+json";

bool HasRightMediaType(const Material& material) {
  switch (material.form) {
    case MaterialForm::kSimpleSigning: return material.media_type == kSimpleSigningType;
    case MaterialForm::kEnvelope: return material.media_type == kEnvelopeType;
    case MaterialForm::kBundle: return true;  // the bundle says itself what it is
  }
  return false;
}

Result<Evidence> ReadEvidence(const Material& material, const ImageLimits& limits) {
  switch (material.form) {
    case MaterialForm::kSimpleSigning: return ReadSimpleSigning(material, limits);
    case MaterialForm::kEnvelope: return ReadAttestation(material, limits);
    case MaterialForm::kBundle: return ReadBundle(material.bytes, limits);
  }
  return Error{ErrorCode::kInternal, "unknown form of material"};
}

void JudgeMaterial(const Material& material, const Question& question, Verdict& verdict) {
  MaterialReport& report = verdict.materials.emplace_back();
  report.origin = material.origin;
  report.form = material.form;
  if (!HasRightMediaType(material)) {
    AddFailure(Reason::kMediaType, "the layer's media type is " + Quoted(material.media_type), report);
    return;
  }
  Result<Evidence> evidence = ReadEvidence(material, question.limits);
  if (!evidence) {
    AddFailure(ReasonOf(evidence.error()), evidence.error().message, report);
    return;
  }
  std::optional<VerifiedStatement> statement = JudgeEvidence(*evidence, question, report);
  if (statement) verdict.statements.push_back(std::move(*statement));
}

// The failure of the material that came furthest: most likely the one that was meant.
const MaterialReport* Closest(const Verdict& verdict) {
  const MaterialReport* closest = nullptr;
  for (const MaterialReport& report : verdict.materials) {
    if (report.is_verified || report.checks.empty()) continue;
    if (closest == nullptr || report.checks.back().check > closest->checks.back().check) closest = &report;
  }
  return closest;
}

std::string WantedText(const SignerOptions& options) {
  switch (options.wanted) {
    case Wanted::kSignature: return "signature";
    case Wanted::kAttestation: return "attestation of type " + Quoted(options.predicate_type);
    case Wanted::kAnything: return "signature or attestation";
  }
  return "";
}

std::string SignerText(const ExpectedSigner& signer) {
  if (!signer.name.empty()) return Quoted(signer.name);
  if (signer.identity) return Quoted(signer.identity->subject);
  return "the key";
}

void Conclude(const GatheredMaterial& material, const ExpectedSigner& signer, Verdict& verdict) {
  for (const MaterialReport& report : verdict.materials) {
    if (!report.is_verified) continue;
    verdict.kind = VerdictKind::kVerified;
    verdict.reason = Reason::kNone;
    verdict.message = WantedText(signer.options) + " by " + SignerText(signer) + " verified (" + Shown(report.origin) + ")";
    return;
  }
  verdict.statements.clear();
  const std::string nothing = "no " + WantedText(signer.options) + " by " + SignerText(signer);
  if (!material.faults.empty()) {
    const GatherFault& fault = material.faults.front();
    verdict.kind = VerdictKind::kUnknown;
    verdict.reason = Reason::kNotGathered;
    verdict.message = nothing + " is known: " + Shown(fault.message, 400) + " (" + Shown(fault.origin) + " could not be had)";
    return;
  }
  verdict.kind = VerdictKind::kRefuted;
  const MaterialReport* closest = Closest(verdict);
  if (closest == nullptr) {
    verdict.reason = Reason::kUnsigned;
    verdict.message = nothing + ": nothing that could be one is attached to the image";
    if (!material.notes.empty()) verdict.message += " (" + Shown(material.notes.front()) + ")";
    return;
  }
  verdict.reason = closest->checks.back().reason;
  // Why before where: where is a digest long, and whoever shows the message may cut its end.
  verdict.message = nothing + ": " + closest->checks.back().message + " (" + Shown(closest->origin);
  if (verdict.materials.size() > 1) verdict.message += "; " + std::to_string(verdict.materials.size() - 1) + " more did not verify either";
  verdict.message += ")";
}

Verdict JudgeAll(const GatheredMaterial& material, const Question& question) {
  Verdict verdict;
  if (const std::optional<std::string> fault = FindSignerFault(question.signer)) {
    verdict.reason = Reason::kPolicyInvalid;
    verdict.message = "signer " + SignerText(question.signer) + ": " + *fault;
    return verdict;
  }
  if (!ParseSha256Digest(material.digest)) {
    verdict.reason = Reason::kMalformed;
    verdict.message = "the digest " + Quoted(material.digest) + " is not `sha256:` and 64 small hex digits";
    return verdict;
  }
  if (material.materials.size() > question.limits.max_materials) {
    verdict.reason = Reason::kLimitExceeded;
    verdict.message = std::to_string(material.materials.size()) + " signatures and attestations are attached, at most " +
                      std::to_string(question.limits.max_materials) + " are judged";
    return verdict;
  }
  for (const Material& one : material.materials) {
    JudgeMaterial(one, question, verdict);
    if (verdict.materials.back().is_verified && question.signer.options.wanted != Wanted::kAttestation) break;
  }
  Conclude(material, question.signer, verdict);
  return verdict;
}

// Nothing below throws but for lack of memory; whatever it is, it must not become a verdict.
Verdict Guarded(const GatheredMaterial& material, const Question& question) try {
  return JudgeAll(material, question);
} catch (const std::exception& fault) {
  Verdict verdict;
  verdict.kind = VerdictKind::kUnknown;
  verdict.reason = Reason::kInternal;
  verdict.message = std::string("internal error while verifying: ") + fault.what();
  return verdict;
}

}  // namespace

Verdict VerifyImage(const GatheredMaterial& material, const ExpectedSigner& signer, UnixNanos now, const ImageLimits& limits) {
  return Guarded(material, {.signer = signer, .digest = material.digest, .bytes = std::nullopt, .now = now, .limits = limits});
}

Artifact ArtifactOfBytes(std::string_view bytes) { return {DigestOf(bytes), bytes}; }

Verdict VerifySigstoreBundle(std::string_view bundle, const Artifact& artifact, const ExpectedSigner& signer, UnixNanos now,
                             std::string_view origin, const ImageLimits& limits) {
  GatheredMaterial material;
  material.digest = artifact.digest;
  material.materials.push_back(
      {.form = MaterialForm::kBundle, .origin = std::string(origin), .media_type = {}, .bytes = std::string(bundle), .annotations = {}});
  return Guarded(material, {.signer = signer, .digest = artifact.digest, .bytes = artifact.bytes, .now = now, .limits = limits});
}

}  // namespace writ::image
