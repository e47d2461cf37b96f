// What a `signer` declaration may demand beyond key or identity: one list, from which the language, the bundle and the host take it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace writ {

// X(Name, "word", "values", "what it says"). Values: words joined by '|'; "text" is any text; "pair" is a name and a text.
#define WRIT_SIGNER_OPTIONS(X)                                                                                                     \
  X(Log, "log", "required|ignored", "whether a transparency log must hold the signature; without it: for certificates only")       \
  X(Timestamp, "timestamp", "required|optional", "whether a trusted timestamp must be there")                                      \
  X(Sct, "sct", "required|ignored", "whether a certificate transparency log must know the certificate; without it: required")      \
  X(Annotation, "annotation", "pair", "a signed claim that must be there")                                                         \
  X(Certificate, "certificate", "pair", "an extension of Fulcio's certificate that must have this value")                          \
  X(Hash, "hash", "sha256|sha384|sha512", "the signature's hash, instead of the one that goes with the key")                       \
  X(Platforms, "platforms", "index|each|both", "what must be signed of an image for several platforms; without it: what is named") \
  X(Repository, "repository", "text", "where the signatures are, if not with the image")                                           \
  X(TagPrefix, "tag_prefix", "text", "what stands before sha256-….sig")

enum class SignerOptionKind : std::uint8_t {
#define WRIT_SIGNER_OPTION_ENUM(name, word, values, help) k##name,
  WRIT_SIGNER_OPTIONS(WRIT_SIGNER_OPTION_ENUM)
#undef WRIT_SIGNER_OPTION_ENUM
};

struct SignerOptionInfo {
  std::string_view word, values, help;
  bool is_pair() const { return values == "pair"; }
  bool is_text() const { return values == "text"; }
};

// Returns the row of the list. O(1). Requires: a kind of the list.
const SignerOptionInfo& InfoOf(SignerOptionKind kind);
// Returns the option of that word, or nothing.
std::optional<SignerOptionKind> TryFindSignerOption(std::string_view word);
// Returns whether `value` is one that the option takes; any text for texts and pairs.
bool TakesValue(const SignerOptionInfo& info, std::string_view value);
inline constexpr std::size_t kSignerOptionCount = 0
#define WRIT_SIGNER_OPTION_ONE(name, word, values, help) +1
    WRIT_SIGNER_OPTIONS(WRIT_SIGNER_OPTION_ONE)
#undef WRIT_SIGNER_OPTION_ONE
    ;

// Returns the URI behind cosign's short name of a predicate type ("slsaprovenance1", "spdx", "vuln"), or `name` itself.
std::string PredicateTypeUri(std::string_view name);
// Returns whether `name` is one of those short names, or an absolute URI (in-toto's TypeURI): a scheme, `:`, and more without blanks.
bool IsPredicateType(std::string_view name);
// Returns cosign's short names.
std::span<const std::string_view> PredicateTypeNames();

}  // namespace writ
