// size, contains, startsWith, endsWith, matches.
#include <re2/re2.h>

#include <cstring>

#include "rules/base/utf8.h"
#include "rules/function/context.h"
#include "rules/function/regex.h"

namespace writ {
namespace {

bool BothStrings(std::span<const Value> arguments) { return arguments[0].is(Kind::kString) && arguments[1].is(Kind::kString); }

}  // namespace

Value CallSize(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  if (value.is(Kind::kString)) {
    if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
    return Value::Int(static_cast<std::int64_t>(CountCodePoints(value.string())));
  }
  if (value.is(Kind::kBytes) || value.is(Kind::kList)) return Value::Int(value.size);
  if (value.is(Kind::kMap) && value.map != nullptr) return Value::Int(value.map->size);
  return NoOverload(Function::kSize, arguments);
}

Value CallContains(std::span<const Value> arguments, FunctionContext& context) {
  if (!BothStrings(arguments)) return NoOverload(Function::kContains, arguments);
  const std::string_view text = arguments[0].string();
  const std::string_view part = arguments[1].string();
  if (part.empty()) return Value::Bool(true);
  if (!Charge(context, ScanSteps(text.size() + part.size()))) return OutOfBudget(context);
  // memmem and not find(): the latter is quadratic on texts like "aaa…ab".
  return Value::Bool(!text.empty() && memmem(text.data(), text.size(), part.data(), part.size()) != nullptr);
}

Value CallStartsWith(std::span<const Value> arguments, FunctionContext& context) {
  if (!BothStrings(arguments)) return NoOverload(Function::kStartsWith, arguments);
  if (!Charge(context, ScanSteps(arguments[1].size))) return OutOfBudget(context);
  return Value::Bool(arguments[0].string().starts_with(arguments[1].string()));
}

Value CallEndsWith(std::span<const Value> arguments, FunctionContext& context) {
  if (!BothStrings(arguments)) return NoOverload(Function::kEndsWith, arguments);
  if (!Charge(context, ScanSteps(arguments[1].size))) return OutOfBudget(context);
  return Value::Bool(arguments[0].string().ends_with(arguments[1].string()));
}

// Constant patterns are compiled once, by engine/emit (Opcode::kMatchesRegex); this is for the
// others.
Value CallMatches(std::span<const Value> arguments, FunctionContext& context) {
  if (!BothStrings(arguments)) return NoOverload(Function::kMatches, arguments);
  const std::string_view pattern = arguments[1].string();
  // A few bytes can name a large program: `\pL` has hundreds of instructions, and a count in braces
  // multiplies them. What it may become is charged before it is made.
  const std::uint64_t by_length = std::min(1000 + 500 * std::uint64_t{pattern.size()}, kDynamicRegexSteps);
  const std::uint64_t steps = pattern.find('{') == std::string_view::npos ? by_length : kDynamicRegexSteps;
  if (!Charge(context, steps + 50 * std::uint64_t{pattern.size()})) return OutOfBudget(context);
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), RegexOptions(kDynamicRegexMaxMemory));
  if (!regex.ok()) return MakeError(ValueError::kInvalidRegex, DetailText(Value::String(regex.error())), context);
  const std::uint32_t program_size = RegexProgramSize(regex);
  if (!Charge(context, program_size)) return OutOfBudget(context);
  return MatchRegex(regex, program_size, arguments[0], context);
}

}  // namespace writ
