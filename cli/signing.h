// Who is expected to have signed, as the flags of `verify-image` and `verify-blob` say it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/verify/signer.h"

namespace writ::cli {

// What a command calls its flags, for messages. `ca_roots` is nullptr where there is no such flag.
struct SigningFlagNames {
  const char* issuer = "--issuer";
  const char* subject = "--subject";
  const char* trust_root = "--trust-root";
  const char* ca_roots = "--ca-roots";
};

// Of `--key`, `--issuer` with `--subject`, and `--ca-roots` the caller gives one.
struct SigningFlags {
  std::string key;                       // PEM file
  std::string issuer, subject;           // of a certificate; `*` in the subject stays inside one `/` segment
  std::string trust_root;                // trusted_root.json
  std::string ca_roots;                  // PEM file of an own PKI, instead of a trust root
  std::string log;                       // "required", "ignored", "" = required for certificates only
  std::string predicate_type;            // an attestation of this type is wanted; a short name or a URI; "" = a signature
  std::vector<std::string> annotations;  // NAME=VALUE, signed claims
  std::vector<std::string> extensions;   // NAME=VALUE, of the certificate
  bool require_timestamp = false;
  bool ignore_sct = false;
  SigningFlagNames names;
};

// Reads the files that the flags name. Errors: kInvalidArgument for flags that do not go together, naming them; those of reading files;
// a file that is not what its flag wants.
Result<image::ExpectedSigner> MakeSigner(const SigningFlags& flags);

// Errors: kInvalidArgument for a type of predicate that is neither a URI nor one of cosign's short names; it names them.
Status CheckPredicateType(std::string_view type);

}  // namespace writ::cli
