#include "cli/expected_signers.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/input.h"
#include "cli/policy_files.h"
#include "rules/base/check.h"
#include "rules/model/signer_option.h"
#include "webhook/image/limits.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/reload/policy_source.h"

namespace writ::cli {
namespace {

// The first flag that says what a declaration of policies says; "" = none.
std::string_view FindContradiction(const VerifyImageOptions& options) {
  const SigningFlags& flags = options.signer;
  const std::pair<bool, std::string_view> given[] = {
      {!flags.key.empty(), "--key"},
      {!flags.issuer.empty(), "--issuer"},
      {!flags.subject.empty(), "--subject"},
      {!flags.trust_root.empty(), "--trust-root"},
      {!flags.ca_roots.empty(), "--ca-roots"},
      {!flags.log.empty(), "--log"},
      {!flags.annotations.empty(), "--annotation"},
      {!flags.extensions.empty(), "--certificate-extension"},
      {flags.require_timestamp, "--timestamp-required"},
      {flags.ignore_sct, "--ignore-sct"},
      {!options.platforms.empty(), "--platforms"},
      {!options.signature_repository.empty(), "--signature-repository"},
      {!options.tag_prefix.empty(), "--tag-prefix"},
  };
  const auto* const found = std::find_if(std::begin(given), std::end(given), [](const auto& each) { return each.first; });
  return found == std::end(given) ? std::string_view() : found->second;
}

// The program's signers that the terms name, each once, and the terms over them.
Result<ExpectedSigners> LoadDeclared(const VerifyImageOptions& options, const Program& program, std::span<const SignerTerm> terms) {
  image::SignerFiles files;
  files.read = [](const std::string& path) -> Result<std::string> {
    Result<Input> file = ReadFile(path, image::ImageLimits{}.max_trust_root_bytes);
    if (!file) return file.error();
    return std::move(file->text);
  };
  if (IsBundleFile(options.policies.front())) files.folder = std::filesystem::path(options.policies.front()).parent_path().string();
  const Result<image::SignerSet> loaded = image::SignerSet::Load(program, terms, files);
  if (!loaded) return loaded.error();
  ExpectedSigners expected{.signers = {}, .terms = {terms.begin(), terms.end()}, .expression = options.signer_expression};
  std::vector<SignerId> known;
  for (SignerTerm& term : expected.terms) {
    if (term.kind != SignerTerm::Kind::kSigner) continue;
    const auto at = std::find(known.begin(), known.end(), term.signer);
    const auto index = static_cast<std::size_t>(at - known.begin());
    if (at == known.end()) {
      known.push_back(term.signer);
      expected.signers.push_back(*loaded->TryFind(term.signer));
    }
    term.signer = SignerId(index);
  }
  if (options.signer.predicate_type.empty()) return expected;
  WRIT_RETURN_IF_ERROR(CheckPredicateType(options.signer.predicate_type));
  for (image::LoadedSigner& signer : expected.signers) {
    signer.signer.options.wanted = image::Wanted::kAttestation;
    signer.signer.options.predicate_type = PredicateTypeUri(options.signer.predicate_type);
  }
  return expected;
}

std::optional<ExpectedSigners> LoadFromPolicies(const VerifyImageOptions& options, const Console& console) {
  const std::optional<Bundle> bundle = LoadProgram(options.policies, console);
  if (!bundle) return std::nullopt;
  const Program& program = bundle->program.program();
  const SourceFile text{"--signer", options.signer_expression};
  const dsl::CompiledSigners compiled = dsl::CompileSigners(text, program);
  PrintDiagnostics(compiled.diagnostics, {&text, 1}, console);
  if (compiled.terms.empty()) return std::nullopt;
  Result<ExpectedSigners> expected = LoadDeclared(options, program, compiled.terms);
  if (expected) return std::move(*expected);
  PrintError(console, expected.error().message);
  return std::nullopt;
}

image::PlatformRule PlatformRuleOf(std::string_view word) {
  return word == "each" ? image::PlatformRule::kEach : word == "both" ? image::PlatformRule::kBoth : image::PlatformRule::kNamed;
}

Result<ExpectedSigners> LoadFromFlags(const VerifyImageOptions& options) {
  Result<image::ExpectedSigner> signer = MakeSigner(options.signer);
  if (!signer) return signer.error();
  image::LoadedSigner loaded{.signer = std::move(*signer), .platforms = PlatformRuleOf(options.platforms), .repository = {}};
  loaded.tag_prefix = options.tag_prefix;
  if (!options.signature_repository.empty()) {
    Result<image::ImageReference> repository = image::ParseImageReference(options.signature_repository);
    if (!repository) return repository.error();
    loaded.repository = std::move(*repository);
  }
  ExpectedSigners expected;
  expected.signers.push_back(std::move(loaded));
  expected.terms.push_back({.kind = SignerTerm::Kind::kSigner, .signer = SignerId(0)});
  return expected;
}

// Flags about the signer that do not go together; "" = they do.
std::string FindMisuse(const VerifyImageOptions& options) {
  if (options.signer_expression.empty()) return options.policies.empty() ? "" : "--policies needs --signer NAME, which they declare";
  if (options.policies.empty()) return "--signer needs --policies DIR, which declare the signer";
  const std::string_view contradiction = FindContradiction(options);
  if (contradiction.empty()) return "";
  return "--signer and " + std::string(contradiction) + " exclude each other: the declaration in the policies says it";
}

}  // namespace

std::optional<ExpectedSigners> LoadExpectedSigners(const VerifyImageOptions& options, const Console& console) {
  const std::string misuse = FindMisuse(options);
  if (!misuse.empty()) {
    PrintError(console, misuse);
    return std::nullopt;
  }
  if (!options.signer_expression.empty()) return LoadFromPolicies(options, console);
  Result<ExpectedSigners> expected = LoadFromFlags(options);
  if (expected) return std::move(*expected);
  PrintError(console, expected.error().message);
  return std::nullopt;
}

image::VerdictKind CombineVerdicts(std::span<const SignerTerm> terms, std::span<const image::VerdictKind> kinds) {
  using image::VerdictKind;
  std::vector<VerdictKind> stack;
  for (const SignerTerm& term : terms) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      stack.push_back(kinds[term.signer.index]);
      continue;
    }
    WRIT_CHECK(term.operands <= stack.size());
    const auto operands = stack.end() - static_cast<std::ptrdiff_t>(term.operands);
    const auto verified = static_cast<std::size_t>(std::count(operands, stack.end(), VerdictKind::kVerified));
    const auto unknown = static_cast<std::size_t>(std::count(operands, stack.end(), VerdictKind::kUnknown));
    stack.erase(operands, stack.end());
    stack.push_back(verified >= term.needed             ? VerdictKind::kVerified
                    : verified + unknown >= term.needed ? VerdictKind::kUnknown
                                                        : VerdictKind::kRefuted);
  }
  WRIT_CHECK(stack.size() == 1);
  return stack.back();
}

}  // namespace writ::cli
