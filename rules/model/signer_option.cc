#include "rules/model/signer_option.h"

namespace writ {
namespace {

constexpr SignerOptionInfo kOptions[] = {
#define WRIT_SIGNER_OPTION_ROW(name, word, values, help) {word, values, help},
    WRIT_SIGNER_OPTIONS(WRIT_SIGNER_OPTION_ROW)
#undef WRIT_SIGNER_OPTION_ROW
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

}  // namespace writ
