// Reads the signature notation of rules/function/function_list.h.
#include "dsl/check/overloads.h"

#include <algorithm>
#include <string>

#include "rules/base/check.h"

namespace writ::dsl {
namespace {

// The text is ours: what does not fit is a bug.
bool Take(std::string_view& text, std::string_view token) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): depth of the table's own types, 3
bool IsGeneric(const TypeTable& types, TypeId id) {
  if (types[id].kind == TypeKind::kParameter) return true;
  for (const TypeId parameter : types[id].parameters) {
    if (IsGeneric(types, parameter)) return true;
  }
  return false;
}

}  // namespace

Overload ParseOverload(std::string_view text, TypeTable& types) {
  Overload overload;
  if (!Take(text, "(")) {
    overload.is_method = true;
    overload.parameters.push_back(ReadType(text, types));
    WRIT_CHECK(Take(text, ".("));
  }
  if (!Take(text, ")")) {
    do overload.parameters.push_back(ReadType(text, types));
    while (Take(text, ","));
    WRIT_CHECK(Take(text, ")"));
  }
  WRIT_CHECK(Take(text, "->"));
  overload.result = TypeOfText(text, types);
  const auto is_generic = [&](TypeId type) { return IsGeneric(types, type); };
  overload.generic = is_generic(overload.result) || std::any_of(overload.parameters.begin(), overload.parameters.end(), is_generic);
  return overload;
}

OverloadTable::OverloadTable(TypeTable& types) {
  for (std::uint16_t i = 0; i < kFunctionCount; ++i) {
    const Function function = static_cast<Function>(i);
    const FunctionInfo& info = InfoOf(function);
    FunctionOverloads& overloads = functions_[info.name];
    overloads.function = function;
    std::string_view rest = info.signatures;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      overloads.all.push_back(ParseOverload(rest.substr(0, end), types));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!info.is_operator()) names_.push_back(info.name);
  }
}

const FunctionOverloads* OverloadTable::TryFind(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

}  // namespace writ::dsl
