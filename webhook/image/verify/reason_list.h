// The checks of a signature and the reasons for which one fails: the two lists from which enums, names and tables are made.
#pragma once

// X(Name, "name", "what is checked"), in the order in which explanations show them.
#define WRIT_IMAGE_CHECKS(X)                                                                                           \
  X(Form, "form", "the material is well formed and within limits")                                                     \
  X(Signer, "signer", "it is signed in the way the policy names: by a key, or by a certificate")                       \
  X(Content, "content", "it is what was asked for: a signature, or an attestation of that predicate type")             \
  X(Digest, "digest", "it is about this image")                                                                        \
  X(Claims, "claims", "it carries the signed claims that the policy demands")                                          \
  X(Identity, "identity", "the certificate names the signer, by the issuer and with the extensions that are demanded") \
  X(LogContent, "log_content", "its log entries are about this signature, key and content")                            \
  X(Signature, "signature", "the signature is by that key over these bytes")                                           \
  X(Log, "log", "a trusted log holds the entries")                                                                     \
  X(Timestamp, "timestamp", "trusted timestamp authorities made its timestamps")                                       \
  X(Time, "time", "there is a proven time of signing")                                                                 \
  X(Certificate, "certificate", "a trusted CA issued the certificate, and it was valid at the proven times")           \
  X(Sct, "sct", "a trusted CT log has promised to publish the certificate")

// X(Name, "code", Check): why a check failed. Codes are stable: logs, metrics and tests hold them.
#define WRIT_IMAGE_REASONS(X)                                   \
  X(None, "none", Form)                                         \
  X(Unsigned, "unsigned", Form)                                 \
  X(NotGathered, "not_gathered", Form)                          \
  X(Malformed, "malformed", Form)                               \
  X(VersionUnknown, "version_unknown", Form)                    \
  X(LimitExceeded, "limit_exceeded", Form)                      \
  X(MediaType, "media_type", Form)                              \
  X(DuplicateLogEntry, "duplicate_log_entry", Form)             \
  X(ProofMissing, "proof_missing", Form)                        \
  X(PolicyInvalid, "policy_invalid", Signer)                    \
  X(KeyExpected, "key_expected", Signer)                        \
  X(CertificateExpected, "certificate_expected", Signer)        \
  X(SelfSigned, "self_signed_in_chain", Signer)                 \
  X(NotASignature, "not_a_signature", Content)                  \
  X(NotAnAttestation, "not_an_attestation", Content)            \
  X(PredicateType, "predicate_type", Content)                   \
  X(ContentInvalid, "content_invalid", Content)                 \
  X(PayloadType, "payload_type", Content)                       \
  X(DigestMismatch, "digest_mismatch", Digest)                  \
  X(DigestUnknown, "digest_unknown", Digest)                    \
  X(ClaimMismatch, "claim_mismatch", Claims)                    \
  X(ReferenceMismatch, "reference_mismatch", Claims)            \
  X(SubjectMismatch, "subject_mismatch", Identity)              \
  X(IssuerMismatch, "issuer_mismatch", Identity)                \
  X(ExtensionMismatch, "extension_mismatch", Identity)          \
  X(LogBodyInvalid, "log_body_invalid", LogContent)             \
  X(LogKind, "log_kind", LogContent)                            \
  X(LogSignature, "log_signature", LogContent)                  \
  X(LogKey, "log_key", LogContent)                              \
  X(LogDigest, "log_digest", LogContent)                        \
  X(SignatureInvalid, "signature_invalid", Signature)           \
  X(LogMissing, "log_missing", Log)                             \
  X(LogUnknown, "log_unknown", Log)                             \
  X(LogPromise, "log_promise", Log)                             \
  X(LogInclusion, "log_inclusion", Log)                         \
  X(LogThreshold, "log_threshold", Log)                         \
  X(TimestampMissing, "timestamp_missing", Timestamp)           \
  X(TimestampInvalid, "timestamp_invalid", Timestamp)           \
  X(TimestampUntrusted, "timestamp_untrusted", Timestamp)       \
  X(TimestampThreshold, "timestamp_threshold", Timestamp)       \
  X(TimeUnproven, "time_unproven", Time)                        \
  X(CertificateUsage, "certificate_usage", Certificate)         \
  X(CertificateUntrusted, "certificate_untrusted", Certificate) \
  X(CertificateTime, "certificate_time", Certificate)           \
  X(SctMissing, "sct_missing", Sct)                             \
  X(SctInvalid, "sct_invalid", Sct)                             \
  X(SctThreshold, "sct_threshold", Sct)                         \
  X(Internal, "internal", Form)
