// Checkpoints, inclusion proofs and signed entry timestamps of a private log.
#include <gtest/gtest.h>

#include "tests/unit/image/test_pki.h"
#include "webhook/image/log/checkpoint.h"
#include "webhook/image/log/log_entry.h"
#include "webhook/image/log/merkle.h"
#include "webhook/image/trust/encoding.h"

namespace writ::image {
namespace {

using test::kSignedAt;
using test::kSignedAtSeconds;
using test::TestKey;

// The root of `leaves`, and the audit path of each, straight from the definition (RFC 6962 §2.1).
// NOLINTNEXTLINE(misc-no-recursion): depth <= log of 33
std::string NaiveRoot(const std::vector<std::string>& leaves, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return LeafHash(leaves[begin]);
  std::size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  return Sha256("\x01" + NaiveRoot(leaves, begin, begin + split), NaiveRoot(leaves, begin + split, end));
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= log of 33
std::vector<std::string> NaivePath(const std::vector<std::string>& leaves, std::size_t index, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return {};
  std::size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  const bool is_left = index < begin + split;
  std::vector<std::string> path = is_left ? NaivePath(leaves, index, begin, begin + split) : NaivePath(leaves, index, begin + split, end);
  path.push_back(is_left ? NaiveRoot(leaves, begin + split, end) : NaiveRoot(leaves, begin, begin + split));
  return path;
}

TEST(Merkle, AgreesWithTheDefinition) {
  std::vector<std::string> leaves;
  for (std::size_t size = 1; size <= 33; ++size) {
    leaves.push_back("leaf " + std::to_string(size));
    const std::string root = NaiveRoot(leaves, 0, size);
    for (std::size_t index = 0; index < size; ++index) {
      std::vector<std::string> path = NaivePath(leaves, index, 0, size);
      const Result<std::string> found = RootOfInclusionProof(index, size, LeafHash(leaves[index]), path);
      ASSERT_TRUE(found);
      EXPECT_EQ(*found, root);
      path.push_back(root);
      EXPECT_FALSE(RootOfInclusionProof(index, size, LeafHash(leaves[index]), path)) << "one hash too many";
    }
  }
}

TEST(Merkle, RefusesWhatDoesNotFit) {
  const std::string hash(32, 'h');
  EXPECT_FALSE(RootOfInclusionProof(0, 0, hash, {}));
  EXPECT_FALSE(RootOfInclusionProof(3, 3, hash, std::vector<std::string>{hash}));
  EXPECT_FALSE(RootOfInclusionProof(0, 2, hash, {}));
  EXPECT_FALSE(RootOfInclusionProof(0, 2, hash, std::vector<std::string>{"short"}));
  EXPECT_FALSE(RootOfInclusionProof(~0ULL, ~0ULL, hash, {}));
  EXPECT_TRUE(RootOfInclusionProof(0, 1, hash, {}));
}

class LogTest : public testing::Test {
 protected:
  TransparencyLog Log() {
    const std::string id = Sha256(key_.Spki());
    return {"https://log.test", "log.test", id, id.substr(0, 4), key_.Public(), {0, std::nullopt}};
  }
  std::string Line(const TestKey& key, const std::string& body, const std::string& name = "log.test") {
    return "— " + name + " " + EncodeBase64(Log().key_hint + key.Sign(body)) + "\n";
  }
  // "" when it verifies, else the error.
  std::string CheckpointError(const std::string& envelope) {
    const Result<Checkpoint> checkpoint = VerifyCheckpoint(envelope, Log());
    return checkpoint ? "" : checkpoint.error().message;
  }
  std::string Signed(const std::string& body) { return body + "\n" + Line(key_, body); }

  TestKey key_{"P-256"};
  TestKey other_{"P-256"};
  std::string root_ = EncodeBase64(std::string(32, 'r'));
};

TEST_F(LogTest, ReadsCheckpoints) {
  const std::string body = "log.test\n7\n" + root_ + "\n";
  const Result<Checkpoint> checkpoint = VerifyCheckpoint(Signed(body), Log());
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->size, 7U);
  EXPECT_EQ(checkpoint->root, std::string(32, 'r'));
  EXPECT_EQ(CheckpointError(Signed("log.test - 123\n7\n" + root_ + "\n")), "") << "Rekor v1's origin";
  EXPECT_EQ(CheckpointError(Signed("log.test\n7\n" + root_ + "\nTimestamp: 1\n")), "") << "extension line";
  EXPECT_EQ(CheckpointError(body + "\n" + Line(other_, body, "witness.test") + Line(key_, body)), "") << "witness first";
}

TEST_F(LogTest, RefusesCheckpointsOfOthers) {
  const std::string body = "log.test\n7\n" + root_ + "\n";
  const std::string no_line = "no signature of the checkpoint is by log `https://log.test`";
  EXPECT_EQ(CheckpointError(body + "\n" + Line(other_, body)), no_line) << "right name and hint, other key";
  EXPECT_EQ(CheckpointError(body + "\n" + Line(key_, body, "witness.test")), no_line) << "only under another name";
  EXPECT_EQ(CheckpointError(body + "\n"), no_line);
  EXPECT_EQ(CheckpointError(body + "\n" + Line(key_, "log.test\n8\n")), no_line) << "other text";
  for (const std::string origin : {"xlog.test", "log.test.evil", "log.test - 1x", "log.test - ", "log.tes", ""})
    EXPECT_EQ(CheckpointError(Signed(origin + "\n7\n" + root_ + "\n")),
              "the checkpoint is by origin `" + origin + "`, the log is `log.test`");
}

TEST_F(LogTest, RefusesMalformedCheckpoints) {
  const std::string body = "log.test\n7\n" + root_ + "\n";
  EXPECT_NE(CheckpointError(""), "");
  EXPECT_NE(CheckpointError(body), "");
  EXPECT_NE(CheckpointError(Signed("7\n" + root_ + "\n")), "") << "no origin";
  EXPECT_NE(CheckpointError(Signed("log.test\n" + root_ + "\n")), "") << "no size";
  EXPECT_NE(CheckpointError(Signed("log.test\n7\n")), "") << "no root";
  for (const std::string size : {"-1", "07", "+7", "7 ", "99999999999999999999", ""})
    EXPECT_NE(CheckpointError(Signed("log.test\n" + size + "\n" + root_ + "\n")), "") << size;
  EXPECT_NE(CheckpointError(Signed("log.test\n7\n" + root_.substr(4) + "\n")), "") << "short root";
  std::string many = body + "\n";
  for (int i = 0; i < 101; ++i) many += Line(other_, body, "witness.test");
  EXPECT_EQ(CheckpointError(many + Line(key_, body)), "the checkpoint is malformed: more than 100 signatures");
  const std::string good = Signed(body);
  EXPECT_NE(CheckpointError(good + "— log.test !\n"), "") << "a line that is none";
}

TEST_F(LogTest, PromisesProveTheirTime) {
  LogEntry entry{.log_index = 5, .log_id = Log().id, .integrated_time = kSignedAtSeconds, .body = "{}"};
  entry.promise = key_.Sign(R"({"body":"e30=","integratedTime":1795168800,"logID":")" + EncodeHex(entry.log_id) + R"(","logIndex":5})");
  const Result<UnixNanos> time = VerifyPromise(entry, Log());
  ASSERT_TRUE(time);
  EXPECT_EQ(*time, kSignedAt);
  LogEntry altered = entry;
  altered.integrated_time += 1;
  EXPECT_FALSE(VerifyPromise(altered, Log()));
  altered = entry;
  altered.log_index = 6;
  EXPECT_FALSE(VerifyPromise(altered, Log()));
  altered = entry;
  altered.body = "{ }";
  EXPECT_FALSE(VerifyPromise(altered, Log()));
  TransparencyLog ended = Log();
  ended.window.end = kSignedAt - 1;
  EXPECT_FALSE(VerifyPromise(entry, ended));
  ended.window.end = kSignedAt;
  EXPECT_TRUE(VerifyPromise(entry, ended)) << "the end belongs to it";
}

TEST(LogBody, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ParseLogBody("").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(ParseLogBody(R"({"kind":"rpm","apiVersion":"0.0.1","spec":{}})").error().code, ErrorCode::kVersionUnknown);
  EXPECT_EQ(ParseLogBody(R"({"kind":"dsse","apiVersion":"0.0.2","spec":{}})").error().code, ErrorCode::kVersionUnknown);
  for (const std::string kind : {"hashedrekord", "dsse", "intoto"})
    EXPECT_EQ(ParseLogBody(R"({"kind":")" + kind + R"(","apiVersion":"0.0.1","spec":{}})").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace writ::image
