// Facts about the signatures of images (kImageFacts): what such a fact looks like, and what it
// says.
//
//   {"signedBy": ["release"], "refuted": [], "unknown": ["ci"], "attestations": [
//     {"type": "https://slsa.dev/provenance/v1", "signedBy": ["release"], "predicate": {…}}]}
//
// A signer in none of the lists is unknown. `attestations` are all that there are but for those by
// signers in `unknown`; without the member nobody has looked.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/base/arena.h"
#include "rules/base/result.h"
#include "rules/model/value.h"
#include "writ/decision.h"

namespace writ {

// Returns the fact as the functions below read it, in `arena`, with texts and predicates of
// `given`. Errors: kInvalidArgument, naming the place below `path`; kTooLarge when the arena is
// full. A member `image` is not looked at. O(size log size).
Result<Value> CheckImageFact(const Value& given, const std::string& path, Arena& arena);

// An attestation about an image whose signature the host has verified.
struct Attestation {
  std::string_view predicate_type;
  std::string_view about;  // part of the image; "" = the image
  Value signed_by;         // a sorted list of names
  Value predicate;
};

// The functions below require a fact of CheckImageFact, or nullptr: nothing is known.

// Returns whether the signer has signed: kTrue, kFalse (refuted) or kUnknown, which is what no fact
// names. O(log names).
Outcome SignedBy(const Value* fact, std::string_view signer);
// Whether the fact says that it is unknown what the signer has signed. O(log names).
bool IsUnknownSigner(const Value* fact, std::string_view signer);
// Whether anybody has looked for attestations.
bool HasAttestations(const Value* fact);
// Returns the attestations, each as AttestationOf takes it. O(1).
std::span<const Value> AttestationsOf(const Value* fact);
Attestation AttestationOf(const Value& attestation);

// Is the name in a list that is sorted? O(log names).
bool IsAmong(const Value& names, std::string_view name);

}  // namespace writ
