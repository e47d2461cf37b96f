// Names and layouts of stored columns; see column_option.h.
#include "rules/model/column_option.h"

#include <algorithm>
#include <span>

#include "rules/model/canonical_name.h"

namespace writ {
namespace {

constexpr std::size_t kMaxStoredNameBytes = 128;  // SQL Server's; the others have less, and say so themselves

bool IsOneOf(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<SqlDialect> TryFindSqlDialect(std::string_view name) {
  for (std::size_t i = 1; i < kSqlDialectCount; ++i) {
    if (kSqlDialectNames[i] == name) return static_cast<SqlDialect>(i);
  }
  return std::nullopt;
}

bool IsColumnLayout(std::string_view layout) {
  return IsOneOf(kListLayouts, layout) || IsOneOf(kMapLayouts, layout) || IsOneOf(kTimestampLayouts, layout);
}

std::string StoredNameFault(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxStoredNameBytes)
    return "has " + std::to_string(name.size()) + " bytes, the limit is " + std::to_string(kMaxStoredNameBytes);
  return CanonicalNameFault(name);
}

}  // namespace writ
