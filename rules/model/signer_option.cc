#include "rules/model/signer_option.h"

namespace writ {
namespace {

constexpr SignerOptionInfo kOptions[] = {
#define WRIT_SIGNER_OPTION_ROW(name, word, values, help) {word, values, help},
    WRIT_SIGNER_OPTIONS(WRIT_SIGNER_OPTION_ROW)
#undef WRIT_SIGNER_OPTION_ROW
};

struct PredicateName {
  std::string_view name, uri;
};
constexpr PredicateName kPredicateNames[] = {
    {"slsaprovenance", "https://slsa.dev/provenance/v0.2"},
    {"slsaprovenance02", "https://slsa.dev/provenance/v0.2"},
    {"slsaprovenance1", "https://slsa.dev/provenance/v1"},
    {"spdx", "https://spdx.dev/Document"},
    {"spdxjson", "https://spdx.dev/Document"},
    {"cyclonedx", "https://cyclonedx.org/bom"},
    {"link", "https://in-toto.io/Link/v1"},
    {"vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"},
    {"openvex", "https://openvex.dev/ns"},
    {"custom", "https://cosign.sigstore.dev/attestation/v1"},
};

}  // namespace

const SignerOptionInfo& InfoOf(SignerOptionKind kind) { return kOptions[static_cast<std::size_t>(kind)]; }

std::optional<SignerOptionKind> TryFindSignerOption(std::string_view word) {
  for (std::size_t i = 0; i < kSignerOptionCount; ++i) {
    if (kOptions[i].word == word) return static_cast<SignerOptionKind>(i);
  }
  return std::nullopt;
}

bool TakesValue(const SignerOptionInfo& info, std::string_view value) {
  if (info.is_pair() || info.is_text()) return true;
  for (std::string_view rest = info.values; !rest.empty();) {
    const std::size_t bar = rest.find('|');
    if (rest.substr(0, bar) == value) return true;
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return false;
}

std::string PredicateTypeUri(std::string_view name) {
  for (const PredicateName& known : kPredicateNames) {
    if (known.name == name) return std::string(known.uri);
  }
  return std::string(name);
}

}  // namespace writ
