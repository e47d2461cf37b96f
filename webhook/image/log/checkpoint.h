// Checkpoints: a log's signed statement of its size and root (C2SP signed note; sigstore.md §2.2).
//
//   rekor.example.com - 2605736670972794746      origin
//   23083062                                     size
//   dauhleYK4YyAdxwwDtR0l0KnSOWZdG2bwqHftlanvcI= root
//                                                (extension lines may come before this empty line)
//   — rekor.example.com wNI9ajBFAiBx…            name, key hint and signature; one line for each signer
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/result.h"
#include "webhook/image/trust/sct.h"

namespace writ::image {

struct Checkpoint {
  std::uint64_t size = 0;
  std::string root;  // 32 bytes
};

// Reads a checkpoint and checks that `log` signed it under its own name. Lines of other signers (witnesses) are skipped.
// Errors: kCorrupt when it is malformed; kInvalidArgument when its origin is not the log or no line by the log's key verifies.
Result<Checkpoint> VerifyCheckpoint(std::string_view envelope, const TransparencyLog& log);

}  // namespace writ::image
