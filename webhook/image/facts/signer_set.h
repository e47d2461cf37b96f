// The signers that a program demands, ready to judge: keys, trust roots and options, read from the files that the policies name.
//
//   Result<SignerSet> signers = SignerSet::Load(policies->program(), {.read = ReadFile});
//   const LoadedSigner* release = signers->TryFind("release");
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "rules/ir/program.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/verify/signer.h"

namespace writ::image {

// What must be signed of an image for several platforms.
enum class PlatformRule : std::uint8_t {
  kNamed,  // what the reference names: the index
  kEach,   // the manifest of every platform
  kBoth,
};

// Immutable; copies share keys and trust roots.
struct LoadedSigner {
  ExpectedSigner signer;  // asks for a signature; who wants attestations sets `options.wanted` in a copy
  PlatformRule platforms = PlatformRule::kNamed;
  std::optional<ImageReference> repository;  // where the signatures are; empty: with the image
  std::string tag_prefix;
  // "sha256:<hex>" over everything that a verdict hangs on: key or identity, trust root, options. Not over the name: two signers of one
  // fingerprint are the same to a cache.
  std::string fingerprint;
};

// How the files that signers name are found and read.
struct SignerFiles {
  std::optional<std::string> folder;                                 // of all relative paths; empty: each policy file's own
  std::function<Result<std::string>(const std::string& path)> read;  // the whole file; its errors name the path
};

// Immutable after loading; shared between threads.
class SignerSet {
 public:
  SignerSet() = default;  // knows nobody

  // Loads the signers that some rule demands; the others' files are not looked at. Each file is read once, and signers that name one
  // trust root share it.
  // Errors: those of `read`; kInvalidArgument for a file that is not what its place wants, a trust root whose digest is not the one that
  // is pinned, an option that makes no sense, two signers of one key (or identity) that a rule wants both. The message names signer, policy
  // file and line, file, what was found and what expected.
  static Result<SignerSet> Load(const Program& program, const SignerFiles& files);
  // The same for the signers that `terms` name, whether or not a rule demands them.
  static Result<SignerSet> Load(const Program& program, std::span<const SignerTerm> terms, const SignerFiles& files);

  // The signer, or nullptr when no rule demands it. O(1). Valid while the set lives.
  const LoadedSigner* TryFind(SignerId id) const;
  // The same by name, of which a program has each once. O(log signers).
  const LoadedSigner* TryFind(std::string_view name) const;
  // True when no rule demands a signature: then nothing has to be gathered.
  bool empty() const { return loaded_ == 0; }
  std::size_t size() const { return loaded_; }

 private:
  static Result<SignerSet> LoadMarked(const Program& program, const std::vector<bool>& wanted, const SignerFiles& files);

  std::vector<std::optional<LoadedSigner>> signers_;      // by SignerId
  std::map<std::string, SignerId, std::less<>> by_name_;  // of those that are there
  std::size_t loaded_ = 0;                                // INVARIANT: how many of them are there
};

}  // namespace writ::image
