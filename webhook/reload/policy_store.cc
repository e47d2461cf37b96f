// The deciding policies.
#include "webhook/reload/policy_store.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

namespace writ::server {

namespace {

constexpr std::chrono::milliseconds kRetryAfter{30'000};

std::string FullName(const Program& program, const Policy& policy) {
  std::string name(program[policy.package]);
  if (!name.empty()) name += '.';
  return name.append(program[policy.name]);
}

}  // namespace

Result<std::unique_ptr<PolicyStore>> PolicyStore::Open(PolicySource source, const Clock& clock, const Options& options) {
  std::unique_ptr<PolicyStore> store(new PolicyStore(std::move(source), clock, options));
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

Result<LoadedPolicies> PolicyStore::Load() {
  Result<LoadedPolicies> loaded =
      threads_.Run<LoadedPolicies>("loading policies", [source = source_, data = data_] { return LoadPolicies(source, data); });
  if (!loaded) return loaded;
  // What a truncated file looks like. Admission allows what no policy speaks about: without any it would allow everything.
  if (loaded->policy_count == 0) return Error{ErrorCode::kInvalidArgument, "no policies in " + source_.paths.front()};
  WRIT_RETURN_IF_ERROR(CheckNoneMissed(*loaded));
  return loaded;
}

// A policy is missed when its file is gone and no other file has it. It may have moved, or be about to come back: only after a while is
// it taken for deleted.
Status PolicyStore::CheckNoneMissed(const LoadedPolicies& loaded) {
  const std::set<std::string_view> files(loaded.files.begin(), loaded.files.end());
  std::set<std::string> policies;
  const Program& program = loaded.policies->program();
  for (const Policy& policy : program.policies) policies.insert(FullName(program, policy));
  const UnixNanos now = clock_->Now();
  std::map<std::string, UnixNanos> gone;
  Status missed = OkStatus();
  for (const Home& home : homes_) {
    if (files.count(home.file) > 0 || policies.count(home.policy) > 0) continue;
    const auto known = gone_since_.find(home.file);
    const UnixNanos since = gone.emplace(home.file, known != gone_since_.end() ? known->second : now).first->second;
    if (!missed || now - since >= std::chrono::nanoseconds(options_.settle_gone).count()) continue;
    missed = Error{ErrorCode::kNotFound, home.file + ": is gone, and no other file has policy `" + home.policy + "` of it; in " +
                                             std::to_string(options_.settle_gone.count() / 1'000) + " s it counts as deleted"};
  }
  gone_since_ = std::move(gone);
  return missed;
}

std::optional<std::chrono::milliseconds> PolicyStore::again_in() const {
  const std::lock_guard one_at_a_time(reload_mutex_);
  if (last_error_ == ErrorCode::kUnreadable) return kRetryAfter;
  if (last_error_ != ErrorCode::kNotFound || gone_since_.empty()) return std::nullopt;
  UnixNanos latest = 0;
  for (const auto& [file, since] : gone_since_) latest = std::max(latest, since);
  const std::chrono::nanoseconds left = std::chrono::nanoseconds(latest - clock_->Now()) + options_.settle_gone;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(1));
}

void PolicyStore::Swap(LoadedPolicies loaded) {
  // Calls that the old engine still decides count for the new one, too.
  ledger_ = ledger_ ? std::make_shared<MemoryLedger>(loaded.policies, clock_->Now(), *ledger_)
                    : std::make_shared<MemoryLedger>(loaded.policies, clock_->Now());
  auto next = std::make_shared<const Engine>(loaded.policies, *clock_, ledger_);
  State state{.digest = std::string(loaded.policies->digest()),
              .policy_count = loaded.policy_count,
              .loaded_at = clock_->Now(),
              .warnings = std::move(loaded.warnings)};
  data_ = std::move(loaded.data);
  for (PolicySet::Data& data : data_) data.json = {};  // only names and files are compared
  homes_.clear();
  gone_since_.clear();
  const Program& program = loaded.policies->program();
  if (!loaded.from_bundle) {
    for (const Policy& policy : program.policies)
      homes_.push_back({std::string(program[program[policy.location.file].name]), FullName(program, policy)});
  }
  const std::lock_guard lock(mutex_);
  deciding_ = {std::move(next), std::move(loaded.signers)};
  state_ = std::move(state);
}

Status PolicyStore::Reload() {
  const std::lock_guard one_at_a_time(reload_mutex_);
  Result<LoadedPolicies> loaded = Load();
  last_error_ = loaded ? std::nullopt : std::optional(loaded.error().code);
  if (!loaded) {
    const std::lock_guard lock(mutex_);
    state_.fault = ReloadFault{clock_->Now(), loaded.error().message};
    return loaded.error();
  }
  Swap(std::move(*loaded));
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

}  // namespace writ::server
