// A registry in memory.
#include "tests/support/memory_registry.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include "rules/base/digest.h"

namespace writ::test {
namespace {

using image::Descriptor;
using image::Fetched;
using image::ImageManifest;
using image::Referrers;

std::string Decode(const std::string& base64) {
  std::string out(base64.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  const auto padding =
      std::count(base64.end() - std::min<std::ptrdiff_t>(2, static_cast<std::ptrdiff_t>(base64.size())), base64.end(), '=');
  out.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, size - padding)));
  return out;
}

std::string MediaTypeOf(const std::string& manifest) {
  const auto json = nlohmann::json::parse(manifest, nullptr, false);
  if (!json.is_object()) return "application/octet-stream";
  const auto named = json.find("mediaType");
  return named != json.end() && named->is_string() ? named->get<std::string>() : std::string(image::kOciManifestType);
}

// What `content` holds under that digest; false when nothing. Throws when it holds something else: nobody would notice what got lost.
bool TryContent(const nlohmann::json& content, const std::string& digest, std::string& to) {
  const auto found = content.find(digest);
  if (found == content.end()) return false;
  to = found->contains("text") ? found->at("text").get<std::string>() : Decode(found->at("base64").get<std::string>());
  if (DigestOf(to) != digest) throw std::invalid_argument("content of " + digest + " has digest " + DigestOf(to));
  return true;
}

// The digests of a manifest's config and layers, as far as it is one: broken ones belong to what is tested.
std::vector<std::string> BlobsOf(const std::string& bytes) {
  std::vector<std::string> blobs;
  const auto manifest = nlohmann::json::parse(bytes, nullptr, false);
  const auto add = [&](const nlohmann::json& descriptor) {
    const auto digest = descriptor.is_object() ? descriptor.find("digest") : descriptor.end();
    if (digest != descriptor.end() && digest->is_string()) blobs.push_back(*digest);
  };
  if (manifest.contains("config")) add(manifest["config"]);
  if (!manifest.contains("layers") || !manifest["layers"].is_array()) return blobs;
  for (const auto& layer : manifest["layers"]) add(layer);
  return blobs;
}

void FillRepository(const nlohmann::json& from, const nlohmann::json& content, MemoryRepository& to) {
  for (const auto& digest : from.at("manifests")) {
    std::string bytes;
    if (!TryContent(content, digest, bytes)) continue;
    to.AddManifest(bytes);
    for (const std::string& blob : BlobsOf(bytes)) {
      if (TryContent(content, blob, bytes)) to.AddBlob(bytes);
    }
  }
  for (const auto& [tag, digest] : from.at("tags").items()) to.SetTag(tag, digest);
  for (const auto& digest : from.value("gone", nlohmann::json::array())) to.Lose(digest);
}

}  // namespace

std::string MemoryRepository::AddManifest(std::string_view bytes, std::string_view tag) {
  const std::string digest = DigestOf(bytes);
  if (manifests_.emplace(digest, bytes).second) manifest_order_.push_back(digest);
  if (!tag.empty()) tags_[std::string(tag)] = digest;
  return digest;
}

std::string MemoryRepository::AddBlob(std::string_view bytes) {
  const std::string digest = DigestOf(bytes);
  blobs_.emplace(digest, bytes);
  return digest;
}

const Error* MemoryRepository::Record(const std::string& request) const {
  {
    const MutexLock lock(mutex_);
    requests_.push_back(request);
  }
  const auto failure = failures_.find(request);
  return failure == failures_.end() ? nullptr : &failure->second;
}

std::vector<std::string> MemoryRepository::Requests() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> sorted = requests_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

Result<Fetched> MemoryRepository::GetManifest(std::string_view reference) const {
  if (const Error* error = Record("manifest " + std::string(reference))) return *error;
  const auto tag = tags_.find(reference);
  const std::string digest = tag == tags_.end() ? std::string(reference) : tag->second;
  const auto found = manifests_.find(digest);
  if (found == manifests_.end() || gone_.contains(digest)) return Fetched{};
  return Fetched{.found = true, .bytes = found->second, .media_type = MediaTypeOf(found->second)};
}

Result<Fetched> MemoryRepository::GetBlob(std::string_view digest, std::size_t max_bytes) const {
  if (const Error* error = Record("blob " + std::string(digest))) return *error;
  const auto found = blobs_.find(digest);
  if (found == blobs_.end() || gone_.contains(digest)) return Fetched{};
  if (found->second.size() > max_bytes) return Error{ErrorCode::kTooLarge, "larger than " + std::to_string(max_bytes) + " bytes"};
  return Fetched{.found = true, .bytes = found->second, .media_type = "application/octet-stream"};
}

Result<Referrers> MemoryRepository::GetReferrers(std::string_view digest) const {
  if (const Error* error = Record("referrers " + std::string(digest))) return *error;
  if (api_ == ReferrersApi::kAbsent) return Referrers{};
  Referrers out{.found = true};
  for (const std::string& name : manifest_order_) {
    const std::string& bytes = manifests_.at(name);
    const Result<ImageManifest> manifest = image::ReadImageManifest(bytes, MediaTypeOf(bytes), {});
    if (!manifest || !manifest->subject || manifest->subject->digest != digest) continue;
    const std::string& type = manifest->artifact_type.empty() ? manifest->config.media_type : manifest->artifact_type;
    out.manifests.push_back({.media_type = manifest->media_type, .digest = name, .size = bytes.size(), .artifact_type = type});
  }
  return out;
}

Result<MemoryRegistry> MemoryRegistry::Load(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || json.value("schema", 0) != 1) return Error{ErrorCode::kInvalidArgument, path + ": no registry dump of schema 1"};
  MemoryRegistry out;
  try {
    for (const auto& [name, repository] : json.at("repos").items()) FillRepository(repository, json.at("content"), out.Repository(name));
  } catch (const std::exception& failure) { return Error{ErrorCode::kInvalidArgument, path + ": " + failure.what()}; }
  return out;
}

MemoryRepository& MemoryRegistry::Repository(const std::string& name) {
  std::unique_ptr<MemoryRepository>& repository = repositories_[name];
  if (!repository) repository = std::make_unique<MemoryRepository>();
  return *repository;
}

void MemoryRegistry::SetReferrersApi(ReferrersApi api) {
  for (auto& [name, repository] : repositories_) repository->SetReferrersApi(api);
}

}  // namespace writ::test
