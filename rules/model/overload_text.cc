// "no matching overload: …": the operation as it stands in a policy, with types for operands, and what would cure it.
#include "rules/model/overload_text.h"

#include <algorithm>

namespace writ {
namespace {

// As policies spell it.
std::string_view ShortName(Kind kind) {
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kTimestamp: return "timestamp";
    case Kind::kDuration: return "duration";
    case Kind::kOptional: return "optional";
    case Kind::kAbsent:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kType:
    case Kind::kError:
    case Kind::kUnknown: return TypeName(kind);
  }
  return {};
}

bool IsNumber(Kind kind) { return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble; }

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsArithmetic(std::string_view name) { return IsOneOf(name, {"_+_", "_-_", "_*_", "_/_", "_%_"}); }
bool IsOrdering(std::string_view name) { return IsOneOf(name, {"_<_", "_<=_", "_>_", "_>=_"}); }

// Methods of strings; the other functions of one argument are conversions, which name what they take by their name.
bool IsStringMethod(std::string_view name) { return IsOneOf(name, {"contains", "startsWith", "endsWith", "matches"}); }

// The conversion that brings two operands of an operator to one type, "" when none does.
std::string_view Conversion(std::string_view name, Kind first, Kind second) {
  const auto either = [&](Kind kind) { return first == kind || second == kind; };
  if (IsNumber(first) && IsNumber(second) && first != second) {
    if (name == "_%_" || !either(Kind::kDouble)) return "int";
    return "double";
  }
  if (name == "_%_" && either(Kind::kDouble)) return "int";
  const bool is_time = either(Kind::kTimestamp) || either(Kind::kDuration);
  if (is_time && (IsNumber(first) || IsNumber(second))) return name == "_+_" || name == "_-_" ? "duration" : "";
  if (!either(Kind::kString)) return "";
  const Kind other = first == Kind::kString ? second : first;
  if (other == Kind::kTimestamp || other == Kind::kDuration) return name == "_-_" || name == "_+_" ? "duration" : ShortName(other);
  if (IsNumber(other)) return name == "_+_" ? "string" : ShortName(other);
  return name == "_+_" && other == Kind::kBool ? "string" : other == Kind::kBytes ? "bytes" : "";
}

// What to write instead, as far as the types tell; "" = nothing to say.
std::string Cure(std::string_view name, Kind first, Kind second) {
  const auto either = [&](Kind kind) { return first == kind || second == kind; };
  if (either(Kind::kOptional) && !IsOneOf(name, {"or", "orValue", "value", "hasValue"})) return "give a default with orValue(…)";
  if (either(Kind::kNull)) return "compare with null first";
  if (name == "@in") return second == Kind::kString ? "use contains(…)" : "";
  if (IsStringMethod(name) && second != Kind::kAbsent) {
    const bool is_member = name == "contains" && (first == Kind::kList || first == Kind::kMap);
    return is_member ? "use in" : first == Kind::kList || second == Kind::kList ? "use exists(…)" : "convert with string(…)";
  }
  if (!IsArithmetic(name) && !IsOrdering(name)) return "";
  const std::string_view conversion = Conversion(name, first, second);
  return conversion.empty() ? "" : "convert with " + std::string(conversion) + "(…)";
}

// "double + int", "-string", "map[int]", "int.startsWith(string)", "size(int)".
std::string Operation(std::string_view name, Kind first, Kind second) {
  const std::string a(ShortName(first)), b(second == Kind::kAbsent ? "" : ShortName(second));
  if (name == "@in") return a + " in " + b;
  if (name == "_[_]") return a + "[" + b + "]";
  if (name == "_[?_]") return a + "[?" + b + "]";
  if (name.size() >= 3 && name.front() == '_' && name.back() == '_')
    return a + " " + std::string(name.substr(1, name.size() - 2)) + " " + b;
  if (name == "-_" || name == "!_") return std::string(name.substr(0, 1)) + a;
  const bool is_method = IsStringMethod(name) || name.starts_with("get") || IsOneOf(name, {"hasValue", "value", "or", "orValue"});
  if (is_method) return a + "." + std::string(name) + "(" + b + ")";
  return std::string(name) + "(" + a + (b.empty() ? "" : ", " + b) + ")";
}

}  // namespace

std::string OverloadText(const Value& error) {
  const Kind first = error.first_operand(), second = error.second_operand();
  if (first == Kind::kAbsent) return std::string(error.string());
  const std::string cure = Cure(error.string(), first, second);
  return Operation(error.string(), first, second) + (cure.empty() ? "" : ": " + cure);
}

}  // namespace writ
