// Checkpoints and inclusion proofs: bytes as they are, and edits of a good checkpoint; then the bytes as index, size and hashes of a proof.
// A checkpoint that verifies has the good one's signed text. A proof leads to a root or says why not. Inputs are capped at 8 KB: a
// checkpoint with 100 signature lines.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/log/checkpoint.h"
#include "webhook/image/log/log_entry.h"
#include "webhook/image/log/merkle.h"

namespace {

struct World {
  writ::test::TestSigstore sigstore;
  std::string root = std::string(32, 'r');
  std::string good = sigstore.CheckpointText("log.test - 17", 7, root, sigstore.log_key());
  const writ::image::TransparencyLog& log = sigstore.root()->logs.front();
};

void TryCheckpoint(std::string_view text, const World& world) {
  const auto checkpoint = VerifyCheckpoint(text, world.log);
  if (!checkpoint) {
    WRIT_CHECK(!checkpoint.error().message.empty());
    return;
  }
  WRIT_CHECK(checkpoint->size == 7 && checkpoint->root == world.root);
  WRIT_CHECK(text.substr(0, text.find("\n\n")) == world.good.substr(0, world.good.find("\n\n")));
}

void TryProof(std::string_view bytes) {
  if (bytes.size() < 17) return;
  std::uint64_t numbers[2] = {};
  for (std::size_t i = 0; i < 16; ++i) numbers[i / 8] = numbers[i / 8] << 8 | static_cast<std::uint8_t>(bytes[i]);
  // Small trees are as interesting as large ones.
  const auto bits = static_cast<std::uint8_t>(bytes[16]) % 64;
  const std::uint64_t size = numbers[1] >> bits, index = numbers[0] >> bits;
  std::vector<std::string> hashes;
  for (std::string_view rest = bytes.substr(17); !rest.empty(); rest.remove_prefix(std::min<std::size_t>(32, rest.size())))
    hashes.emplace_back(rest.substr(0, 32));
  const auto root = writ::image::RootOfInclusionProof(index, size, writ::image::LeafHash("leaf"), hashes);
  if (!root) {
    WRIT_CHECK(!root.error().message.empty());
    return;
  }
  WRIT_CHECK(root->size() == 32 && index < size && hashes.size() <= 64);
  // Another leaf never leads to the same root.
  WRIT_CHECK(*writ::image::RootOfInclusionProof(index, size, writ::image::LeafHash("another"), hashes) != *root);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{8} * 1024) return 0;
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  TryCheckpoint(input, world);
  TryCheckpoint(writ::test::ApplyEdits(world.good, input), world);
  TryProof(input);
  if (const auto body = writ::image::ParseLogBody(input)) WRIT_CHECK(!body->verifier.empty() || body->data || body->payload);
  return 0;
}
