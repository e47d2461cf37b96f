// What is known beside a request, by kind and key: facts that the request brought, and those of the
// host. Any value can be a fact; what a kind wants of it is checked before it comes here.
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "rules/base/arena.h"
#include "rules/model/value.h"

namespace writ {

// Who told a fact. What the request brought itself is never replaced.
enum class FactSource : std::uint8_t { kRequest, kHost };

// Lives in a Context. Values and texts live in its arena, or wherever the caller says that they
// live as long. Not thread-safe.
class FactTable {
 public:
  // Forgets all. O(facts).
  void Clear() { facts_.clear(); }
  bool empty() const { return facts_.empty(); }

  // False when the request has told this fact before: then it stays. `kind`, `key` and `value` must
  // outlive the table's use. O(log facts).
  bool Add(std::string_view kind, std::string_view key, const Value& value, FactSource source);

  // Returns the fact, or nullptr. Valid until the next Add or Clear. O(log facts).
  const Value* TryFind(std::string_view kind, std::string_view key) const;
  // Whether the request brought it. O(log facts).
  bool IsOfRequest(std::string_view kind, std::string_view key) const;

 private:
  struct Known {
    Value value;
    FactSource source = FactSource::kHost;
  };
  std::map<std::pair<std::string_view, std::string_view>, Known> facts_;
};

}  // namespace writ
