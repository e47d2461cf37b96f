// Images signed in the process, in a registry in memory, and programs that demand signers: for tests of what gathers facts.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/build/build.h"
#include "tests/support/memory_registry.h"
#include "tests/unit/image/test_pki.h"
#include "webhook/image/facts/image_judge.h"
#include "webhook/image/facts/signer_set.h"

namespace writ::test {

// One repository, "r.test/app", and verbs that put images and what is attached to them into it.
class SignedImages {
 public:
  // Returns the digest of a new image, or an index over `platforms` (digest and "os/architecture").
  std::string AddImage(std::string_view tag, std::string_view content);
  std::string AddIndex(std::string_view tag, const std::vector<std::pair<std::string, std::string>>& platforms);
  // Attaches, beside what is there: a signature by key; an attestation by key.
  void Sign(const std::string& digest, const TestKey& key, std::string_view prefix = "");
  void Attest(const std::string& digest, const TestKey& key, std::string_view type, std::string_view predicate);

  MemoryRepository repository;

 private:
  void Attach(const std::string& tag, const std::string& layer);
  std::map<std::string, std::vector<std::string>> layers_;  // by tag
};

// An ImageSource that lends another: what openers hand out.
class LentSource final : public image::ImageSource {
 public:
  explicit LentSource(const image::ImageSource& lender) : lender_(lender) {}
  Result<image::Fetched> GetManifest(std::string_view reference) const override { return lender_.GetManifest(reference); }
  Result<image::Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override {
    return lender_.GetBlob(digest, max_bytes);
  }
  Result<image::Referrers> GetReferrers(std::string_view digest) const override { return lender_.GetReferrers(digest); }

 private:
  const image::ImageSource& lender_;
};

// A program in which one rule demands all of `signers`.
draft::Program ProgramDemanding(std::vector<draft::Signer> signers);
// A signer by the key file `name`.pub.
draft::Signer KeySigner(const std::string& name);

// Reads from a map instead of the disk.
std::function<Result<std::string>(const std::string&)> ReadFrom(const std::map<std::string, std::string>& files);

}  // namespace writ::test
