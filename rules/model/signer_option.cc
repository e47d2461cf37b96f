#include "rules/model/signer_option.h"

#include <algorithm>
#include <iterator>

namespace writ {
namespace {

constexpr SignerOptionInfo kOptions[] = {
#define WRIT_SIGNER_OPTION_ROW(name, word, values, help) {word, values, help},
    WRIT_SIGNER_OPTIONS(WRIT_SIGNER_OPTION_ROW)
#undef WRIT_SIGNER_OPTION_ROW
};

constexpr std::string_view kPredicateNames[] = {
    "slsaprovenance", "slsaprovenance02", "slsaprovenance1", "spdx", "spdxjson", "cyclonedx", "link", "vuln", "openvex", "custom"};
constexpr std::string_view kPredicateUris[] = {
    "https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v0.2",
    "https://slsa.dev/provenance/v1",   "https://spdx.dev/Document",
    "https://spdx.dev/Document",        "https://cyclonedx.org/bom",
    "https://in-toto.io/Link/v1",       "https://cosign.sigstore.dev/attestation/vuln/v1",
    "https://openvex.dev/ns",           "https://cosign.sigstore.dev/attestation/v1",
};
static_assert(std::size(kPredicateNames) == std::size(kPredicateUris));

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsSchemeByte(char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; }

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
  const auto* const found = std::find(std::begin(kPredicateNames), std::end(kPredicateNames), name);
  return std::string(found == std::end(kPredicateNames) ? name : kPredicateUris[found - std::begin(kPredicateNames)]);
}

bool IsPredicateType(std::string_view name) {
  if (std::find(std::begin(kPredicateNames), std::end(kPredicateNames), name) != std::end(kPredicateNames)) return true;
  const std::size_t colon = name.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == name.size() || !IsLetter(name.front())) return false;
  const bool has_scheme = std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(colon), IsSchemeByte);
  return has_scheme && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::span<const std::string_view> PredicateTypeNames() { return kPredicateNames; }

}  // namespace writ
