// Patterns and JSON pointers that look as if they were written in another dialect: regular expressions, shells' braces and classes,
// route and URI templates, JSONPath. Here those characters stand for themselves, so such a pattern matches nothing that exists.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/model/target.h"

namespace writ::dsl {

struct ForeignPart {
  std::string what;  // "`?`", "`{id}`"
  std::string help;  // how it is written here
};

// Returns the first part of a name pattern (Selector syntax) of `target` that another dialect gives a meaning, or nothing. What is
// escaped is meant, but for letters (`\d`): they need no escape. In URIs a query (`?name=`) and an IPv6 address are nothing foreign.
std::optional<ForeignPart> FindForeignPart(std::string_view pattern, Target target);

// The same for a JSON pointer of `redact`, where `*` is any element.
std::optional<ForeignPart> FindForeignPointerPart(std::string_view pointer);

}  // namespace writ::dsl
