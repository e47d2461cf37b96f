// Facts by kind and key; see fact_table.h.
#include "engine/fact/fact_table.h"

namespace writ {

bool FactTable::Add(std::string_view kind, std::string_view key, const Value& value, FactSource source) {
  const auto [known, is_new] = facts_.try_emplace({kind, key}, Known{value, source});
  if (is_new) return true;
  if (known->second.source == FactSource::kRequest) return false;
  known->second = {value, source};
  return true;
}

const Value* FactTable::TryFind(std::string_view kind, std::string_view key) const {
  const auto found = facts_.find({kind, key});
  return found == facts_.end() ? nullptr : &found->second.value;
}

bool FactTable::IsOfRequest(std::string_view kind, std::string_view key) const {
  const auto found = facts_.find({kind, key});
  return found != facts_.end() && found->second.source == FactSource::kRequest;
}

}  // namespace writ
