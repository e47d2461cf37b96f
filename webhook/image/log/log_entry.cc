#include "webhook/image/log/log_entry.h"

#include <algorithm>

#include "webhook/image/log/checkpoint.h"
#include "webhook/image/log/merkle.h"
#include "webhook/image/trust/encoding.h"

namespace writ::image {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = INT64_MAX / kNanosPerSecond;

Error Invalid(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

}  // namespace

Result<std::vector<const TransparencyLog*>> FindLogs(const LogEntry& entry, std::span<const TransparencyLog> logs) {
  std::vector<const TransparencyLog*> found;
  for (const TransparencyLog& log : logs) {
    if (log.id == entry.log_id) found.push_back(&log);
  }
  if (!found.empty()) return found;
  return Error{ErrorCode::kNotFound,
               "the log entry is of log " + EncodeHex(entry.log_id).substr(0, 16) + "…, which the trust root does not hold"};
}

// Signed is RFC 8785 canonical JSON. Base64 and hex need no escapes, so the text can be written down directly.
Result<UnixNanos> VerifyPromise(const LogEntry& entry, const TransparencyLog& log) {
  if (entry.integrated_time <= 0 || entry.integrated_time >= kMaxSeconds)
    return Invalid("the log entry's time " + std::to_string(entry.integrated_time) + " is out of range");
  const UnixNanos time = entry.integrated_time * kNanosPerSecond;
  if (!log.window.Contains(time))
    return Invalid("log " + Quoted(log.base_url) + " is trusted " + WindowText(log.window) + ", its entry is of " + TimeText(time));
  std::string signed_text = R"({"body":")" + EncodeBase64(entry.body) + R"(","integratedTime":)" + std::to_string(entry.integrated_time);
  signed_text += R"(,"logID":")" + EncodeHex(entry.log_id) + R"(","logIndex":)" + std::to_string(entry.log_index) + "}";
  if (!log.key.Verify(signed_text, entry.promise, {.hash = log.key.natural_hash()}))
    return Invalid("the signed entry timestamp is not by log " + Quoted(log.base_url) + " over this entry");
  return time;
}

Status VerifyInclusion(const LogEntry& entry, const TransparencyLog& log) {
  const InclusionProof& proof = *entry.proof;
  if (entry.is_rekor_v2() && entry.log_index != proof.log_index)
    return Invalid("the entry's index " + std::to_string(entry.log_index) + " is not that of its inclusion proof, " +
                   std::to_string(proof.log_index));
  Result<Checkpoint> checkpoint = VerifyCheckpoint(proof.checkpoint, log);
  if (!checkpoint) return checkpoint.error();
  if (proof.log_index < 0 || proof.tree_size <= 0 || static_cast<std::uint64_t>(proof.tree_size) != checkpoint->size)
    return Invalid("the inclusion proof is for a tree of " + std::to_string(proof.tree_size) + " entries, its checkpoint for one of " +
                   std::to_string(checkpoint->size));
  if (proof.root != checkpoint->root) return Invalid("the inclusion proof's root is not that of its checkpoint");
  Result<std::string> root =
      RootOfInclusionProof(static_cast<std::uint64_t>(proof.log_index), checkpoint->size, LeafHash(entry.body), proof.hashes);
  if (!root) return root.error();
  if (*root != checkpoint->root) return Invalid("the inclusion proof does not lead from this entry to the checkpoint's root");
  return OkStatus();
}

}  // namespace writ::image
