// The overload table: the signatures of rules/function/function_list.h, parsed into types of one
// TypeTable.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/function/function.h"
#include "rules/model/type.h"

namespace writ::dsl {

struct Overload {
  bool is_method = false;
  bool generic = false;            // mentions type parameters
  std::vector<TypeId> parameters;  // the receiver first
  TypeId result;
};

struct FunctionOverloads {
  Function function = Function::kSize;
  std::vector<Overload> all;
};

// Immutable after construction. Cost of construction: about 50 µs.
class OverloadTable {
 public:
  explicit OverloadTable(TypeTable& types);
  // Returns the overloads of a function or operator ("size", "_+_", "optional.of"), or nullptr. O(1).
  const FunctionOverloads* TryFind(std::string_view name) const;
  // Returns the names that people write, without operators; for suggestions.
  const std::vector<std::string_view>& names() const { return names_; }

 private:
  std::unordered_map<std::string_view, FunctionOverloads> functions_;
  std::vector<std::string_view> names_;
};

// Returns one signature of function_list.h: "list(A).(int)->A". Requires: well-formed.
Overload ParseOverload(std::string_view text, TypeTable& types);

}  // namespace writ::dsl
