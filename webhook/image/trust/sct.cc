#include "webhook/image/trust/sct.h"

#include <algorithm>
#include <optional>

#include "webhook/image/trust/der.h"
#include "webhook/image/trust/encoding.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxScts = 16;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::uint8_t kTlsSha256 = 4;
constexpr std::uint8_t kTlsRsa = 1;
constexpr std::uint8_t kTlsEcdsa = 3;

Error Invalid(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

// Big-endian fields of TLS structures. A read beyond the end makes the reader fail for good.
class TlsReader {
 public:
  explicit TlsReader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t Number(std::size_t bytes) {
    std::uint64_t number = 0;
    for (const char byte : Bytes(bytes)) number = (number << 8) | static_cast<std::uint8_t>(byte);
    return number;
  }
  std::string_view Bytes(std::size_t count) {
    if (rest_.size() < count) failed_ = true;
    if (failed_) return {};
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::string_view Vector16() { return Bytes(static_cast<std::size_t>(Number(2))); }
  bool ok() const { return !failed_; }
  bool done() const { return ok() && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Sct {
  std::string_view log_id;
  std::uint64_t timestamp_ms = 0;
  std::string_view extensions;
  std::uint8_t hash = 0;
  std::uint8_t algorithm = 0;
  std::string_view signature;
};

std::optional<Sct> ReadSct(std::string_view bytes) {
  TlsReader reader(bytes);
  const std::uint64_t version = reader.Number(1);
  Sct sct;
  sct.log_id = reader.Bytes(32);
  sct.timestamp_ms = reader.Number(8);
  sct.extensions = reader.Vector16();
  sct.hash = static_cast<std::uint8_t>(reader.Number(1));
  sct.algorithm = static_cast<std::uint8_t>(reader.Number(1));
  sct.signature = reader.Vector16();
  if (!reader.done() || version != 0) return std::nullopt;
  return sct;
}

std::optional<std::vector<Sct>> ReadSctList(std::string_view list) {
  TlsReader outer(list);
  TlsReader reader(outer.Vector16());
  if (!outer.done()) return std::nullopt;
  std::vector<Sct> scts;
  while (!reader.done()) {
    const std::optional<Sct> sct = ReadSct(reader.Vector16());
    if (!reader.ok() || !sct || scts.size() >= kMaxScts) return std::nullopt;
    scts.push_back(*sct);
  }
  return scts;
}

void AppendBigEndian(std::uint64_t number, std::size_t bytes, std::string& out) {
  for (std::size_t i = bytes; i > 0; --i) out.push_back(static_cast<char>((number >> (8 * (i - 1))) & 0xFF));
}

// TBSCertificate without the SCT extension, as the log saw it: the three lengths around the extension are written anew.
std::string PrecertificateTbs(const Certificate& leaf) {
  const std::string_view body = ReadWholeDer(leaf.tbs, kDerSequence)->content;
  // The extensions are the last member: [3] { SEQUENCE { … } }. SAFETY: Certificate::Parse read them in this very form.
  DerReader members(body);
  std::size_t before = 0;
  while (members.peek() != DerContext(3)) before += members.Next()->whole.size();
  const std::string_view list = ReadWholeDer(members.Next()->content, kDerSequence)->content;
  const auto cut = static_cast<std::size_t>(leaf.sct_extension.data() - list.data());
  std::string kept(list.substr(0, cut));
  kept += list.substr(cut + leaf.sct_extension.size());
  std::string tbs(body.substr(0, before));
  if (!kept.empty()) tbs += EncodeDer(DerContext(3), EncodeDer(kDerSequence, kept));
  return EncodeDer(kDerSequence, tbs);
}

std::string SignedBytes(const Sct& sct, std::string_view issuer_key_hash, std::string_view tbs) {
  std::string out;
  out.reserve(tbs.size() + sct.extensions.size() + 64);
  AppendBigEndian(0, 1, out);  // version
  AppendBigEndian(0, 1, out);  // certificate_timestamp
  AppendBigEndian(sct.timestamp_ms, 8, out);
  AppendBigEndian(1, 2, out);  // precert_entry
  out += issuer_key_hash;
  AppendBigEndian(tbs.size(), 3, out);
  out += tbs;
  AppendBigEndian(sct.extensions.size(), 2, out);
  out += sct.extensions;
  return out;
}

Status CheckSct(const Sct& sct, const TransparencyLog& log, std::string_view issuer_key_hash, std::string_view tbs) {
  const auto time = static_cast<UnixNanos>(std::min<std::uint64_t>(sct.timestamp_ms, INT64_MAX / kNanosPerMilli)) * kNanosPerMilli;
  if (!log.window.Contains(time))
    return Invalid("CT log " + Quoted(log.base_url) + " is trusted " + WindowText(log.window) + ", the SCT is of " + TimeText(time));
  const std::uint8_t expected = log.key.kind() == KeyKind::kRsa ? kTlsRsa : kTlsEcdsa;
  if (sct.hash != kTlsSha256 || sct.algorithm != expected || log.key.kind() == KeyKind::kEd25519)
    return Invalid("the SCT names a signature algorithm that is not that of CT log " + Quoted(log.base_url));
  if (!log.key.Verify(SignedBytes(sct, issuer_key_hash, tbs), sct.signature, {.hash = HashAlgorithm::kSha256}))
    return Invalid("the SCT's signature is not by CT log " + Quoted(log.base_url));
  return OkStatus();
}

// The entry of the log that vouches for the SCT.
Result<const TransparencyLog*> FindSctLog(const Sct& sct, std::span<const TransparencyLog> logs, std::string_view issuer_key_hash,
                                          std::string_view tbs) {
  Error problem = Invalid("the SCT is by CT log " + EncodeHex(sct.log_id).substr(0, 16) + "…, which the trust root does not hold");
  for (const TransparencyLog& log : logs) {
    if (log.id != sct.log_id) continue;
    const Status checked = CheckSct(sct, log, issuer_key_hash, tbs);
    if (checked) return &log;
    problem = checked.error();
  }
  return problem;
}

}  // namespace

Result<std::vector<const TransparencyLog*>> VerifyScts(const Certificate& leaf, const Certificate& issuer,
                                                       std::span<const TransparencyLog> logs) {
  if (!leaf.sct_list) return Error{ErrorCode::kNotFound, "the certificate carries no SCT, so no CT log vouches for it"};
  const std::optional<std::vector<Sct>> scts = ReadSctList(*leaf.sct_list);
  if (!scts || scts->empty()) return Invalid("the certificate's SCT list is malformed");
  const std::string tbs = PrecertificateTbs(leaf);
  std::vector<const TransparencyLog*> good;
  std::string problem;
  for (const Sct& sct : *scts) {
    Result<const TransparencyLog*> log = FindSctLog(sct, logs, issuer.key.id(), tbs);
    if (!log) {
      problem = log.error().message;
      continue;
    }
    const auto is_same = [&](const TransparencyLog* each) { return each->Party() == (*log)->Party(); };
    if (std::none_of(good.begin(), good.end(), is_same)) good.push_back(*log);
  }
  if (good.empty()) return Invalid(problem);
  return good;
}

}  // namespace writ::image
