// `writ verify-blob`: one Sigstore bundle, with the arguments of Sigstore's conformance suite.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/verdict_text.h"
#include "rules/base/clock.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/verify/verifier.h"

namespace writ::cli {
namespace {

// A digest only when no file has that name.
Result<image::Artifact> ReadArtifact(const std::string& text, std::string& bytes) {
  Result<Input> file = ReadFile(text, std::size_t{1} << 30U);
  if (!file) {
    if (file.error().code != ErrorCode::kNotFound) return file.error();
    if (image::IsSha256Digest(text)) return image::Artifact{text, std::nullopt};
    if (!text.starts_with("sha256:")) return file.error();
    return Error{ErrorCode::kInvalidArgument, text + ": no such file, and no digest: expected `sha256:` and 64 small hex digits"};
  }
  bytes = std::move(file->text);
  return image::ArtifactOfBytes(bytes);
}

}  // namespace

ExitCode RunVerifyBlob(const VerifyBlobOptions& options, const Console& console) {
  const auto fail = [&](const Error& error) {
    PrintError(console, error.message);
    return ExitCode::kBadInput;
  };
  Result<image::ExpectedSigner> signer = MakeSigner(options.signer);
  if (!signer) return fail(signer.error());
  signer->options.wanted = image::Wanted::kAnything;
  if (signer->identity) signer->identity->subject_is_glob = false;  // the suite compares byte for byte
  if (options.signer.log.empty()) signer->options.log = image::LogRule::kRequired;
  if (signer->options.log == image::LogRule::kRequired && signer->trust_root == nullptr) {
    return fail({ErrorCode::kInvalidArgument, std::string(options.staging ? "--staging: " : "") +
                                                  "writ brings no trust root along: give --trusted-root FILE, or --log ignored"});
  }
  const Result<Input> bundle = ReadFile(options.bundle);
  if (!bundle) return fail(bundle.error());
  std::string bytes;
  const Result<image::Artifact> artifact = ReadArtifact(options.artifact, bytes);
  if (!artifact) return fail(artifact.error());
  const image::Verdict verdict = image::VerifySigstoreBundle(bundle->text, *artifact, *signer, SystemClock().Now(), options.bundle);
  if (verdict.reason == image::Reason::kInternal) return fail({ErrorCode::kInternal, verdict.message}), ExitCode::kInternal;
  if (options.format == Format::kJson)
    console.out << PrintableJson(VerdictJson(verdict).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) << "\n";
  else
    PrintVerdict(verdict, console);
  return verdict.kind == image::VerdictKind::kVerified ? ExitCode::kOk : ExitCode::kDenied;
}

}  // namespace writ::cli
