// A registry in memory: what an ImageSource answers when nothing goes wrong, and chosen failures on request.
//
//   MemoryRegistry registry;
//   registry.Repository("acme/app").AddManifest(text, "1.0");
//   GatherMaterial(registry.Repository("acme/app"), digest, {});
//
// Reads the `registry.json` of the cosign vectors. Referrers are derived from the manifests' `subject`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/mutex.h"
#include "webhook/image/gather/image_source.h"

namespace writ::test {

enum class ReferrersApi { kAbsent, kPresent };

// One repository. Thread-safe once it is filled.
class MemoryRepository final : public image::ImageSource {
 public:
  // Returns the digest. A non-empty `tag` points to it.
  std::string AddManifest(std::string_view bytes, std::string_view tag = "");
  std::string AddBlob(std::string_view bytes);
  void SetTag(const std::string& tag, const std::string& digest) { tags_[tag] = digest; }
  void SetReferrersApi(ReferrersApi api) { api_ = api; }
  // The blob or manifest answers "not found" from now on.
  void Lose(const std::string& digest) { gone_.insert(digest); }
  // The request ("manifest <reference>", "blob <digest>", "referrers <digest>") fails with `error` from now on.
  void Fail(const std::string& request, Error error) { failures_.insert_or_assign(request, std::move(error)); }
  // Requests so far, sorted, each as often as it was made.
  std::vector<std::string> Requests() const;

  Result<image::Fetched> GetManifest(std::string_view reference) const override;
  Result<image::Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override;
  Result<image::Referrers> GetReferrers(std::string_view digest) const override;

 private:
  const Error* Record(const std::string& request) const;

  std::map<std::string, std::string, std::less<>> manifests_, blobs_, tags_;
  std::vector<std::string> manifest_order_;
  std::set<std::string, std::less<>> gone_;
  std::map<std::string, Error> failures_;
  ReferrersApi api_ = ReferrersApi::kAbsent;
  mutable Mutex mutex_;
  mutable std::vector<std::string> requests_ WRIT_GUARDED_BY(mutex_);
};

class MemoryRegistry {
 public:
  // Reads a `registry.json`. Errors: kUnreadable, kInvalidArgument.
  static Result<MemoryRegistry> Load(const std::string& path);

  // The repository of that name, made empty when there is none.
  MemoryRepository& Repository(const std::string& name);
  void SetReferrersApi(ReferrersApi api);

 private:
  std::map<std::string, std::unique_ptr<MemoryRepository>> repositories_;
};

}  // namespace writ::test
