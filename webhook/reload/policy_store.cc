// The deciding policies.
#include "webhook/reload/policy_store.h"

#include <filesystem>
#include <utility>

namespace writ {

Result<std::unique_ptr<PolicyStore>> PolicyStore::Open(PolicySource source, const Clock& clock) {
  std::unique_ptr<PolicyStore> store(new PolicyStore(std::move(source), clock));
  WRIT_RETURN_IF_ERROR(store->Reload());
  return store;
}

PolicyStore::Deciding PolicyStore::deciding() const {
  const std::lock_guard lock(mutex_);
  return deciding_;
}

PolicyStore::State PolicyStore::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Status PolicyStore::Reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  Result<LoadedPolicies> loaded = LoadPolicies(source_, data_);
  // What a truncated file looks like. Admission allows what no policy speaks about: without any it would allow everything.
  if (loaded && loaded->policy_count == 0) loaded = Error{ErrorCode::kInvalidArgument, "no policies in " + source_.paths.front()};
  if (!loaded) {
    const std::lock_guard lock(mutex_);
    state_.fault = ReloadFault{clock_->Now(), loaded.error().message};
    return loaded.error();
  }
  const std::shared_ptr<const Engine> before = engine();
  std::shared_ptr<const Engine> next = before ? std::make_shared<const Engine>(loaded->policies, *clock_, *before)
                                              : std::make_shared<const Engine>(loaded->policies, *clock_);
  State state{.digest = std::string(loaded->policies->digest()),
              .policy_count = loaded->policy_count,
              .loaded_at = clock_->Now(),
              .warnings = std::move(loaded->warnings)};
  data_ = std::move(loaded->data);
  for (PolicySet::Data& data : data_) data.json = {};  // only names and files are compared
  const std::lock_guard lock(mutex_);
  deciding_ = {std::move(next), std::move(loaded->signers)};
  state_ = std::move(state);
  return OkStatus();
}

std::vector<WatchRoot> WatchRoots(const PolicySource& source) {
  std::vector<WatchRoot> roots;
  for (const std::string& path : source.paths) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      roots.push_back({path, WatchRoot::Kind::kTree});
      continue;
    }
    // Data may appear beside a file that is given by name.
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    roots.push_back({path, WatchRoot::Kind::kFile});
    roots.push_back({folder.empty() ? "." : folder.string(), WatchRoot::Kind::kFolder});
  }
  for (const DataFile& data : source.data) roots.push_back({data.file, WatchRoot::Kind::kFile});
  return roots;
}

}  // namespace writ
