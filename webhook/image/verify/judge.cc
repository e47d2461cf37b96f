#include "webhook/image/verify/judge.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "rules/base/digest.h"
#include "rules/index/index.h"
#include "webhook/image/trust/certificate.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/oids.h"
#include "webhook/image/verify/envelope.h"

namespace writ::image {
namespace {

// What a check found: nothing when it passed.
struct Fault {
  Reason reason = Reason::kInternal;
  std::string message;
};
using Finding = std::optional<Fault>;

Finding Fail(Reason reason, std::string message) { return Fault{reason, std::move(message)}; }

Finding FailFrom(Reason reason, const Error& error) {
  return Fault{error.code == ErrorCode::kTooLarge ? Reason::kLimitExceeded : reason, error.message};
}

// A digest, cut for messages; it may be hostile text.
std::string ShortOf(std::string_view digest) { return Shown(ShortDigest(digest), 80); }

class Judge {
 public:
  Judge(const Evidence& evidence, const Question& question, MaterialReport& report)
      : evidence_(evidence), question_(question), signer_(question.signer), options_(question.signer.options), report_(report) {}

  bool Run();
  std::optional<VerifiedStatement> TakeStatement();

 private:
  bool is_keyless() const { return signer_.identity.has_value(); }
  bool reads_log() const { return options_.log == LogRule::kDefault ? is_keyless() : options_.log == LogRule::kRequired; }
  bool reads_timestamps() const { return is_keyless() || options_.timestamp == Demand::kRequired; }
  const PublicKey& key() const { return signer_.key ? *signer_.key : leaf_->key; }

  Finding CheckForm();
  Finding CheckSigner();
  Finding CheckContent();
  Finding CheckDigest();
  Finding CheckClaims();
  Finding CheckIdentity();
  Finding CheckLogContent();
  Finding CheckSignature();
  Finding CheckLog();
  Finding CheckTimestamps();
  Finding CheckTime();
  Finding CheckCertificate();
  Finding CheckScts();

  Finding CheckStatementContent();
  Finding CheckSubject() const;
  Finding CheckEntryContent(const LogEntry& entry) const;
  Finding CheckEntryDigests(const LogBody& body) const;
  std::optional<std::string> ContentHash(HashAlgorithm algorithm) const;
  Finding CheckEntryBy(const LogEntry& entry, const TransparencyLog& log, std::optional<UnixNanos>& time) const;
  Finding CheckEntry(const LogEntry& entry, std::set<std::string_view>& parties);
  Status VerifyWith(SignatureScheme scheme) const;
  Finding CheckWindowsOfLogs() const;
  void DescribeSigner();

  const Evidence& evidence_;
  const Question& question_;
  const ExpectedSigner& signer_;
  const SignerOptions& options_;
  MaterialReport& report_;

  // Filled as checks pass.
  Claims claims_;
  Statement statement_;
  CertificatePtr leaf_;
  CertificatePtr issuer_;
  std::vector<UnixNanos> times_;
  // For each entry that vouches for no time: the log that holds it, once for each period that fits so far.
  std::vector<std::vector<const TransparencyLog*>> timeless_;
};

bool Judge::Run() {
  struct Step {
    Check check;
    Finding (Judge::*run)();
    bool is_due;
  };
  const bool is_keyless_signer = is_keyless();
  // A key needs no time; where one is proven, the log must have been trusted then.
  const bool has_time = is_keyless_signer || (reads_log() && reads_timestamps());
  const std::array<Step, 13> steps = {{{Check::kForm, &Judge::CheckForm, true},
                                       {Check::kSigner, &Judge::CheckSigner, true},
                                       {Check::kContent, &Judge::CheckContent, true},
                                       {Check::kDigest, &Judge::CheckDigest, true},
                                       {Check::kClaims, &Judge::CheckClaims, true},
                                       {Check::kIdentity, &Judge::CheckIdentity, is_keyless_signer},
                                       {Check::kLogContent, &Judge::CheckLogContent, reads_log()},
                                       {Check::kSignature, &Judge::CheckSignature, true},
                                       {Check::kLog, &Judge::CheckLog, reads_log()},
                                       {Check::kTimestamp, &Judge::CheckTimestamps, reads_timestamps()},
                                       {Check::kTime, &Judge::CheckTime, has_time},
                                       {Check::kCertificate, &Judge::CheckCertificate, is_keyless_signer},
                                       {Check::kSct, &Judge::CheckScts, is_keyless_signer && options_.sct == Demand::kRequired}}};
  for (const Step& step : steps) {
    if (!step.is_due) {
      report_.checks.push_back({step.check, CheckOutcome::kSkipped, Reason::kNone, ""});
      continue;
    }
    const Finding finding = (this->*step.run)();
    if (finding) {
      AddFailure(finding->reason, finding->message, report_);
      return false;
    }
    report_.checks.push_back({step.check, CheckOutcome::kPassed, Reason::kNone, ""});
  }
  DescribeSigner();
  report_.is_verified = true;
  return true;
}

// ---- form, signer, content ------------------------------------------------------------------------------------------

Finding Judge::CheckForm() {
  if (!reads_log()) return std::nullopt;
  std::set<std::pair<std::string_view, std::int64_t>> seen;
  for (const LogEntry& entry : evidence_.entries) {
    if (!seen.emplace(entry.log_id, entry.log_index).second)
      return Fail(Reason::kDuplicateLogEntry, "the same log entry is there twice (index " + std::to_string(entry.log_index) + ")");
    const bool has_checkpoint = entry.proof && !entry.proof->checkpoint.empty();
    if (evidence_.needs_promise && entry.promise.empty())
      return Fail(Reason::kProofMissing, "a log entry has no signed entry timestamp, which this form demands");
    if (evidence_.needs_proof && !has_checkpoint)
      return Fail(Reason::kProofMissing, "a log entry has no inclusion proof with a checkpoint, which this version demands");
  }
  return std::nullopt;
}

Finding Judge::CheckSigner() {
  if (signer_.key) {
    if (evidence_.certificate.empty()) return std::nullopt;
    return Fail(Reason::kKeyExpected, "it is signed with a certificate, the policy names a key");
  }
  if (evidence_.certificate.empty())
    return Fail(Reason::kCertificateExpected, "it carries no certificate, the policy names the identity of one");
  Result<CertificatePtr> leaf = Certificate::Parse(evidence_.certificate);
  if (!leaf) return FailFrom(Reason::kMalformed, leaf.error());
  leaf_ = *leaf;
  if (evidence_.is_classic) return std::nullopt;  // there the chain holds the root by custom, and is but a hint
  for (const std::string& der : evidence_.chain) {
    Result<CertificatePtr> certificate = Certificate::Parse(der);
    if (!certificate) return FailFrom(Reason::kMalformed, certificate.error());
    if ((*certificate)->is_self_issued())
      return Fail(Reason::kSelfSigned, "the bundle's chain holds a self-signed certificate; roots come from the trust root alone");
  }
  return std::nullopt;
}

Finding Judge::CheckContent() {
  if (evidence_.content == ContentKind::kStatement) return CheckStatementContent();
  if (options_.wanted == Wanted::kAttestation || !options_.predicate_type.empty())
    return Fail(Reason::kNotAnAttestation, "it is a signature, an attestation is asked for");
  if (evidence_.content == ContentKind::kMessage) return std::nullopt;
  Result<Claims> claims = ReadClaims(evidence_.payload, question_.limits);
  if (!claims) return FailFrom(Reason::kContentInvalid, claims.error());
  claims_ = std::move(*claims);
  return std::nullopt;
}

Finding Judge::CheckStatementContent() {
  if (evidence_.payload_type != kInTotoPayloadType)
    return Fail(Reason::kPayloadType,
                "the envelope's payload type is " + Quoted(evidence_.payload_type) + ", expected " + Quoted(kInTotoPayloadType));
  Result<Statement> statement = ReadStatement(evidence_.payload, question_.digest.substr(question_.digest.find(':') + 1), question_.limits);
  if (!statement) return FailFrom(Reason::kContentInvalid, statement.error());
  statement_ = std::move(*statement);
  const std::string& found = statement_.predicate_type;
  if (options_.wanted == Wanted::kSignature && found != kCosignSignPredicate)
    return Fail(Reason::kNotASignature, "it is an attestation of type " + Quoted(found) + ", which is no signature");
  if (options_.wanted != Wanted::kSignature && !options_.predicate_type.empty() && found != options_.predicate_type)
    return Fail(Reason::kPredicateType, "it is an attestation of type " + Quoted(found) + ", expected " + Quoted(options_.predicate_type));
  return std::nullopt;
}

Finding Judge::CheckDigest() {
  switch (evidence_.content) {
    case ContentKind::kClaims:
      if (claims_.digest == question_.digest) return std::nullopt;
      return Fail(Reason::kDigestMismatch, "it is about image " + ShortOf(claims_.digest) + ", asked for is " + ShortOf(question_.digest));
    case ContentKind::kStatement:
      if (statement_.has_subject) return std::nullopt;
      return Fail(Reason::kDigestMismatch, "its statement is about " +
                                               (statement_.subjects.empty() ? "no SHA-256 digest" : statement_.subjects) +
                                               ", asked for is " + ShortOf(question_.digest));
    case ContentKind::kMessage: break;
  }
  if (!evidence_.stated_digest) return std::nullopt;
  const std::optional<std::string> computed = ContentHash(evidence_.stated_digest->algorithm);
  if (!computed) return std::nullopt;  // the signature check says what is missing
  if (*computed == evidence_.stated_digest->value) return std::nullopt;
  return Fail(Reason::kDigestMismatch, "it states another digest than that of the artifact, " + ShortOf(question_.digest));
}

Finding Judge::CheckClaims() {
  if (options_.docker_reference) {
    if (evidence_.content != ContentKind::kClaims || claims_.docker_reference != *options_.docker_reference)
      return Fail(Reason::kReferenceMismatch,
                  "it was signed for reference " + Quoted(claims_.docker_reference) + ", expected " + Quoted(*options_.docker_reference));
  }
  const std::map<std::string, std::string>& found =
      evidence_.content == ContentKind::kStatement ? statement_.annotations : claims_.annotations;
  for (const auto& [name, value] : options_.annotations) {
    const auto claim = found.find(name);
    if (claim == found.end())
      return Fail(Reason::kClaimMismatch, "it carries no signed claim " + Quoted(name) + ", expected " + Quoted(value));
    if (claim->second != value)
      return Fail(Reason::kClaimMismatch, "its claim " + Quoted(name) + " is " + Quoted(claim->second) + ", expected " + Quoted(value));
  }
  return std::nullopt;
}

// ---- identity -------------------------------------------------------------------------------------------------------

// Whether a name is of the form its type has, so that one type cannot pass for another, by a pattern's end or beginning neither: a URI has
// a scheme, and an `@` only behind `//`; an address has a single `@`, no scheme, and no `!` in its domain; a user name has a domain behind
// its last `!`. In: "release@acme.example" for `*@acme.example`; out: the URI "mailto:evil@acme.example".
bool HasFormOfItsKind(const SubjectName& name) {
  const std::string_view value = name.value;
  if (value.empty() || value.find('\0') != std::string_view::npos) return false;
  constexpr auto kNone = std::string_view::npos;
  const std::size_t colon = value.find(':');
  const std::size_t at = value.find('@');
  const std::size_t mark = value.rfind('!');
  const bool has_scheme = value.find("://") != kNone;
  switch (name.kind) {
    case NameKind::kUri: return colon != kNone && colon != 0 && (has_scheme || (at == kNone && mark == kNone));
    case NameKind::kEmail:
      return std::count(value.begin(), value.end(), '@') == 1 && !has_scheme && colon == kNone && (mark == kNone || mark < at);
    case NameKind::kOtherName: return mark != kNone && !has_scheme && value.find('@', mark) == kNone;
    case NameKind::kOther: return false;
  }
  return false;
}

bool MatchesIdentity(const SubjectName& name, const Identity& identity) {
  if (!HasFormOfItsKind(name)) return false;
  return identity.subject_is_glob ? SubjectGlobMatches(identity.subject, name.value) : name.value == identity.subject;
}

std::string NamesText(const Certificate& leaf) {
  std::string out;
  for (const SubjectName& name : leaf.names)
    out += (out.empty() ? "" : ", ") + std::string(NameKindName(name.kind)) + " name " + Quoted(name.value);
  return out.empty() ? "no name" : out;
}

// Why a name that a `*` seems to match is not matched, or "".
std::string WhyNarrow(const Certificate& leaf, const Identity& wanted) {
  if (!wanted.subject_is_glob) return {};
  std::string loose;  // every `*` across `/`
  for (const char c : wanted.subject) {
    if (c == '*' && loose.ends_with("**")) continue;
    loose += c == '*' ? "**" : std::string(1, c);
  }
  const bool seems =
      std::any_of(leaf.names.begin(), leaf.names.end(), [&](const SubjectName& name) { return GlobMatches(loose, name.value); });
  return seems ? " (a `*` stops at `/`)" : "";
}

Finding Judge::CheckIdentity() {
  const Identity& wanted = *signer_.identity;
  const bool is_match =
      std::any_of(leaf_->names.begin(), leaf_->names.end(), [&](const SubjectName& name) { return MatchesIdentity(name, wanted); });
  if (!is_match)
    return Fail(Reason::kSubjectMismatch,
                "the certificate has " + NamesText(*leaf_) + ", expected " + Quoted(wanted.subject) + WhyNarrow(*leaf_, wanted));
  if (leaf_->issuers_disagree())
    return Fail(Reason::kIssuerMismatch,
                "the certificate names two issuers, " + Quoted(leaf_->fulcio[8]) + " and " + Quoted(leaf_->fulcio[1]));
  const std::string issuer = leaf_->oidc_issuer();
  if (!wanted.issuer.empty() && issuer != wanted.issuer)
    return Fail(Reason::kIssuerMismatch,
                "the identity was vouched for by issuer " + Quoted(issuer) + ", expected " + Quoted(wanted.issuer));
  for (const auto& [name, value] : options_.certificate_extensions) {
    const std::optional<std::size_t> number = FulcioExtensionNumber(name);
    const std::string found = number ? leaf_->fulcio[*number] : "";
    if (found.empty() || found != value)
      return Fail(Reason::kExtensionMismatch, "the certificate's " + Quoted(name) + " is " + (found.empty() ? "not there" : Quoted(found)) +
                                                  ", expected " + Quoted(value));
  }
  return std::nullopt;
}

// ---- the log's view of it -------------------------------------------------------------------------------------------

// The hash of what a hashedrekord is about; empty when it cannot be known from a digest alone.
std::optional<std::string> Judge::ContentHash(HashAlgorithm algorithm) const {
  if (evidence_.content != ContentKind::kMessage) return Hash(algorithm, evidence_.signed_bytes);
  if (question_.bytes) return Hash(algorithm, *question_.bytes);
  if (algorithm == HashAlgorithm::kSha256) return ParseSha256Digest(question_.digest);
  return std::nullopt;
}

Finding Judge::CheckEntryDigests(const LogBody& body) const {
  const bool is_record = body.kind == "hashedrekord";
  // A statement stands in a v1 log as dsse or intoto, in a v2 log as hashedrekord over its PAE.
  const bool fits = is_record ? evidence_.content != ContentKind::kStatement || body.version == "0.0.2"
                              : evidence_.content == ContentKind::kStatement && (body.signature || evidence_.is_classic);
  if (!fits) return Fail(Reason::kLogKind, "a log entry of kind " + body.kind + " " + body.version + " cannot be about this");
  const auto mismatch = [](std::string_view what) {
    return Fail(Reason::kLogDigest, "the log entry is about another " + std::string(what));
  };
  if (is_record) {
    const std::optional<std::string> hash = ContentHash(body.data->algorithm);
    if (!hash)
      return Fail(Reason::kDigestUnknown, "the log entry states another kind of digest than SHA-256; the artifact's bytes are needed");
    return *hash == body.data->value ? std::nullopt : mismatch("digest");
  }
  if (body.payload && Hash(body.payload->algorithm, evidence_.payload) != body.payload->value) return mismatch("payload");
  if (!evidence_.is_classic) return std::nullopt;
  if (!body.envelope || Hash(body.envelope->algorithm, evidence_.envelope) != body.envelope->value) return mismatch("envelope");
  return std::nullopt;
}

Finding Judge::CheckEntryContent(const LogEntry& entry) const {
  Result<LogBody> body = ParseLogBody(entry.body);
  if (!body) return FailFrom(body.error().code == ErrorCode::kVersionUnknown ? Reason::kLogKind : Reason::kLogBodyInvalid, body.error());
  if (!entry.kind.empty() && (entry.kind != body->kind || entry.version != body->version))
    return Fail(Reason::kLogKind, "the log entry is said to be " + Quoted(entry.kind + " " + entry.version) + ", its body is " +
                                      Quoted(body->kind + " " + body->version));
  if (evidence_.is_classic && body->kind == "hashedrekord" && body->version == "0.0.2")
    return Fail(Reason::kLogKind, "an entry of a Rekor v2 log cannot come with a signed entry timestamp");
  if (body->signature && *body->signature != evidence_.signature)
    return Fail(Reason::kLogSignature, "the log entry is of another signature");
  const std::string& verifier = signer_.key ? signer_.key->spki() : evidence_.certificate;
  if (body->verifier_is_certificate == signer_.key.has_value() || body->verifier != verifier)
    return Fail(Reason::kLogKey, "the log entry is by another " + std::string(signer_.key ? "key" : "certificate"));
  return CheckEntryDigests(*body);
}

Finding Judge::CheckLogContent() {
  for (const LogEntry& entry : evidence_.entries) {
    if (Finding finding = CheckEntryContent(entry)) return finding;
  }
  return std::nullopt;
}

// ---- signatures, log, time ------------------------------------------------------------------------------------------

Status Judge::VerifyWith(SignatureScheme scheme) const {
  if (evidence_.content != ContentKind::kMessage) return key().Verify(evidence_.signed_bytes, evidence_.signature, scheme);
  if (question_.bytes) return key().Verify(*question_.bytes, evidence_.signature, scheme);
  if (key().kind() == KeyKind::kEd25519)
    return Error{ErrorCode::kNotFound, "an Ed25519 signature cannot be checked from a digest; the artifact's bytes are needed"};
  if (scheme.hash != HashAlgorithm::kSha256)
    return Error{ErrorCode::kNotFound,
                 "the signature is over a " + std::string(HashName(scheme.hash)) + " digest; the artifact's bytes are needed to check it"};
  const std::optional<std::string> digest = ParseSha256Digest(question_.digest);
  return key().VerifyDigest(digest.value_or(""), evidence_.signature, scheme);
}

Finding Judge::CheckSignature() {
  SignatureScheme scheme{.hash = options_.signature_hash.value_or(key().natural_hash()), .padding = options_.rsa_padding};
  Status good = VerifyWith(scheme);
  // cosign up to 2.4 signed with SHA-256 whatever the curve.
  const bool has_second_hash = evidence_.is_classic && !options_.signature_hash && scheme.hash != HashAlgorithm::kSha256;
  if (!good && has_second_hash) {
    scheme.hash = HashAlgorithm::kSha256;
    if (VerifyWith(scheme)) return std::nullopt;
  }
  if (good) return std::nullopt;
  return Fail(good.error().code == ErrorCode::kNotFound ? Reason::kDigestUnknown : Reason::kSignatureInvalid, good.error().message);
}

// What the log under this entry of the trust root proves; sets `time` when it proves one.
Finding Judge::CheckEntryBy(const LogEntry& entry, const TransparencyLog& log, std::optional<UnixNanos>& time) const {
  if (!entry.promise.empty()) {
    const Result<UnixNanos> promised = VerifyPromise(entry, log);
    if (!promised) return FailFrom(Reason::kLogPromise, promised.error());
    time = *promised;
  }
  if (entry.proof && !entry.proof->checkpoint.empty()) {
    const Status included = VerifyInclusion(entry, log);
    if (!included) return FailFrom(Reason::kLogInclusion, included.error());
  } else if (entry.promise.empty()) {
    return Fail(Reason::kProofMissing, "the log entry proves nothing: neither a signed entry timestamp nor an inclusion proof");
  }
  return std::nullopt;
}

// A trust root may list a log once for each of its periods: the entry whose period fits decides.
Finding Judge::CheckEntry(const LogEntry& entry, std::set<std::string_view>& parties) {
  const Result<std::vector<const TransparencyLog*>> logs = FindLogs(entry, signer_.trust_root->logs);
  if (!logs) return FailFrom(Reason::kLogUnknown, logs.error());
  std::vector<const TransparencyLog*> good;
  std::optional<UnixNanos> time;
  Finding problem;
  for (const TransparencyLog* log : *logs) {
    Finding finding = CheckEntryBy(entry, *log, time);
    if (!finding) good.push_back(log);
    if (finding) problem = std::move(finding);
  }
  if (good.empty()) return problem;
  if (entry.promise.empty())
    timeless_.push_back(good);
  else
    times_.push_back(*time);
  parties.insert(good.front()->Party());
  return std::nullopt;
}

Finding Judge::CheckLog() {
  if (evidence_.entries.empty()) return Fail(Reason::kLogMissing, "it comes with no log entry, which the policy requires");
  std::set<std::string_view> parties;
  for (const LogEntry& entry : evidence_.entries) {
    if (Finding finding = CheckEntry(entry, parties)) return finding;
  }
  if (parties.size() >= options_.min_logs) return std::nullopt;
  return Fail(Reason::kLogThreshold, std::to_string(parties.size()) + " logs hold it, expected " + std::to_string(options_.min_logs));
}

Finding Judge::CheckTimestamps() {
  // By who runs it, or else by what signs: a trust root may list one authority once for each of its periods.
  std::set<std::string_view> authorities;
  for (const std::string& token : evidence_.timestamps) {
    Result<VerifiedTimestamp> stamp = VerifyTimestamp(token, evidence_.stamped, signer_.trust_root->timestamp_authorities);
    if (!stamp)
      return FailFrom(stamp.error().code == ErrorCode::kNotFound ? Reason::kTimestampUntrusted : Reason::kTimestampInvalid, stamp.error());
    times_.push_back(stamp->time);
    const TimestampAuthority& authority = *stamp->authority;
    const std::string& key_id = (authority.signer ? authority.signer : authority.issuers->chain.front())->key.id();
    authorities.insert(authority.operator_name.empty() ? key_id : authority.operator_name);
  }
  if (options_.timestamp == Demand::kOptional) return std::nullopt;
  if (authorities.empty()) return Fail(Reason::kTimestampMissing, "it comes with no RFC 3161 timestamp, which the policy requires");
  if (authorities.size() >= options_.min_timestamps) return std::nullopt;
  return Fail(Reason::kTimestampThreshold,
              std::to_string(authorities.size()) + " authorities made its timestamps, expected " + std::to_string(options_.min_timestamps));
}

// Entries that prove no time of their own must be of a log whose key was valid when the timestamps were made.
Finding Judge::CheckWindowsOfLogs() const {
  for (const std::vector<const TransparencyLog*>& periods : timeless_) {
    const auto fits = [this](const TransparencyLog* log) {
      return std::all_of(times_.begin(), times_.end(), [log](UnixNanos time) { return log->window.Contains(time); });
    };
    if (std::any_of(periods.begin(), periods.end(), fits)) continue;
    const TransparencyLog& last = *periods.back();
    const auto outside = std::find_if_not(times_.begin(), times_.end(), [&](UnixNanos time) { return last.window.Contains(time); });
    return Fail(Reason::kLogInclusion, "log " + Quoted(last.base_url) + " is trusted " + WindowText(last.window) +
                                           ", the signature was made at " + TimeText(*outside));
  }
  return std::nullopt;
}

Finding Judge::CheckTime() {
  if (!times_.empty()) return CheckWindowsOfLogs();
  if (!signer_.trust_root->is_own_pki)
    return Fail(Reason::kTimeUnproven,
                "nothing proves when it was signed: neither a signed entry timestamp of a log nor an RFC 3161 timestamp");
  times_.push_back(question_.now);
  return std::nullopt;
}

Finding Judge::CheckCertificate() {
  // Companies' CAs rarely name usages; Fulcio always does.
  const UsageRule rule = signer_.trust_root->is_own_pki ? UsageRule::kMayBeAbsent : UsageRule::kMustBeNamed;
  Status usage = CheckLeaf(*leaf_, kOidCodeSigning, rule);
  if (!usage) return FailFrom(Reason::kCertificateUsage, usage.error());
  std::vector<CertificatePtr> hints;
  if (signer_.trust_root->is_own_pki) {
    for (const std::string& der : evidence_.chain) {
      if (Result<CertificatePtr> hint = Certificate::Parse(der)) hints.push_back(*hint);
    }
  }
  Result<CertificatePtr> issuer = FindIssuer(
      *leaf_, {.authorities = signer_.trust_root->certificate_authorities, .hints = hints, .times = times_, .purpose = kOidCodeSigning});
  if (!issuer)
    return FailFrom(issuer.error().code == ErrorCode::kNotFound ? Reason::kCertificateUntrusted : Reason::kCertificateTime, issuer.error());
  issuer_ = *issuer;
  return std::nullopt;
}

Finding Judge::CheckScts() {
  Result<std::vector<const TransparencyLog*>> logs = VerifyScts(*leaf_, *issuer_, signer_.trust_root->ct_logs);
  if (!logs) return FailFrom(logs.error().code == ErrorCode::kNotFound ? Reason::kSctMissing : Reason::kSctInvalid, logs.error());
  if (logs->size() >= options_.min_scts) return std::nullopt;
  return Fail(Reason::kSctThreshold,
              std::to_string(logs->size()) + " CT logs vouch for the certificate, expected " + std::to_string(options_.min_scts));
}

void Judge::DescribeSigner() {
  report_.signer.times = times_;
  if (leaf_ == nullptr) return;
  for (const SubjectName& name : leaf_->names) {
    if (MatchesIdentity(name, *signer_.identity)) report_.signer.subject = name.value;
  }
  report_.signer.oidc_issuer = leaf_->oidc_issuer();
#define WRIT_FULCIO_COPY(number, name) \
  if (!leaf_->fulcio[number].empty()) report_.signer.extensions.emplace(name, leaf_->fulcio[number]);
  WRIT_FULCIO_EXTENSIONS(WRIT_FULCIO_COPY)
#undef WRIT_FULCIO_COPY
}

std::optional<VerifiedStatement> Judge::TakeStatement() {
  if (evidence_.content != ContentKind::kStatement) return std::nullopt;
  return VerifiedStatement{report_.origin, statement_.predicate_type, std::move(statement_.predicate_json),
                           std::move(statement_.annotations), report_.signer};
}

}  // namespace

std::optional<VerifiedStatement> JudgeEvidence(const Evidence& evidence, const Question& question, MaterialReport& report) {
  Judge judge(evidence, question, report);
  if (!judge.Run()) return std::nullopt;
  return judge.TakeStatement();
}

void AddFailure(Reason reason, std::string message, MaterialReport& report) {
  report.checks.push_back({CheckOf(reason), CheckOutcome::kFailed, reason, std::move(message)});
}

std::optional<std::string> FindSignerFault(const ExpectedSigner& signer) {
  const SignerOptions& options = signer.options;
  if (signer.key.has_value() == signer.identity.has_value()) return "it needs either a key or an identity";
  if (signer.identity && signer.identity->subject.empty()) return "its subject is empty, which no certificate matches";
  if (signer.identity && !signer.trust_root) return "an identity needs a trust root";
  if (signer.identity && signer.identity->issuer.empty() && !signer.trust_root->is_own_pki)
    return "its issuer is empty; name the OIDC issuer that vouches for the identity";
  const bool needs_root = options.log == LogRule::kRequired || options.timestamp == Demand::kRequired;
  if (needs_root && !signer.trust_root) return "a required log entry or timestamp needs a trust root";
  if (options.wanted == Wanted::kAttestation && options.predicate_type.empty()) return "an attestation needs a predicate type";
  if (options.wanted == Wanted::kSignature && !options.predicate_type.empty()) return "a signature has no predicate type";
  for (const auto& [name, value] : options.certificate_extensions) {
    if (!FulcioExtensionNumber(name)) return "there is no certificate extension " + Quoted(name);
    if (signer.key) return "a key has no certificate extensions";
  }
  return std::nullopt;
}

}  // namespace writ::image
