// Paths of fields: which of them a request may set, and names for those that have no slot of their
// own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/base/result.h"
#include "writ/engine.h"

namespace writ {

struct RequestShapes;

using PathKeys = std::vector<std::string>;

// Paths that were asked for and have no slot. They are numbered in the order in which they came,
// and stay. Thread-safe: what is published neither changes nor moves, and reading takes no lock.
class FieldPaths {
 public:
  static constexpr std::size_t kMaxPaths = 4096;

  // Returns the number of the path, the same one each time; nothing when kMaxPaths others have
  // come.
  std::optional<std::size_t> Intern(const std::string& path, const PathKeys& keys);
  // Returns nullptr for a number that Intern has not returned.
  const PathKeys* Find(std::size_t number) const;

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> numbers_;  // guarded by mutex_
  std::vector<std::unique_ptr<const PathKeys>> owned_;    // guarded by mutex_
  std::array<std::atomic<const PathKeys*>, kMaxPaths> published_ = {};
};

// Returns the keys of a path such as `args.filter["a.b"]`, as SlotPath writes it. Nothing for one
// that is not written so.
std::optional<PathKeys> ParsePath(std::string_view path);

// As Engine::FindField and Engine::FieldFault say.
FieldId FindField(std::string_view path, const RequestShapes& shapes);
std::string FieldFault(std::string_view path, const RequestShapes& shapes);

// Returns the keys of what `field` names, or says why it names nothing here. `keys` views the
// program or the paths.
Status KeysOf(FieldId field, const RequestShapes& shapes, std::vector<std::string_view>& keys);

}  // namespace writ
