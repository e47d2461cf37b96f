// Ids of the expression language's functions and operators; see function_list.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "rules/model/function_list.h"

namespace writ {

enum class Function : std::uint16_t {
#define WRIT_ENUM(id, name, library, signatures) k##id,
  WRIT_FUNCTIONS(WRIT_ENUM)
#undef WRIT_ENUM
};

#define WRIT_COUNT(id, name, library, signatures) +1
inline constexpr std::uint16_t kFunctionCount = 0 WRIT_FUNCTIONS(WRIT_COUNT);
#undef WRIT_COUNT

struct FunctionInfo {
  std::string_view name;
  std::string_view library;
  std::string_view signatures;
};

inline constexpr FunctionInfo kFunctionInfo[] = {
#define WRIT_INFO(id, name, library, signatures) {name, library, signatures},
    WRIT_FUNCTIONS(WRIT_INFO)
#undef WRIT_INFO
};

// Returns the row of function_list.h. O(1).
constexpr const FunctionInfo& InfoOf(Function function) { return kFunctionInfo[static_cast<std::uint16_t>(function)]; }

}  // namespace writ
