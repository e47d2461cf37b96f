// The expression language's functions and operators: their ids, and the table of what their rows
// say (function_list.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "rules/function/function_list.h"
#include "rules/model/type.h"
#include "rules/model/value.h"

namespace writ {

enum class Function : std::uint16_t {
#define WRIT_ENUM(id, name, library, since, signatures, fuel, fold) k##id,
  WRIT_FUNCTIONS(WRIT_ENUM)
#undef WRIT_ENUM
};

#define WRIT_COUNT(id, name, library, since, signatures, fuel, fold) +1
inline constexpr std::uint16_t kFunctionCount = 0 WRIT_FUNCTIONS(WRIT_COUNT);
#undef WRIT_COUNT

// The most that one call costs, in steps: constant + per_block for each 32 bytes of text in the
// arguments + per_item for each value in them, nested ones included. An upper bound for estimates:
// what a call really takes is charged where the work is done.
struct Fuel {
  std::uint32_t constant = 0;
  std::uint32_t per_block = 0;
  std::uint32_t per_item = 0;

  static constexpr Fuel AtMost(std::uint32_t steps) { return {steps, 0, 0}; }
  constexpr Fuel PerBlock(std::uint32_t steps) const { return {constant, steps, per_item}; }
  constexpr Fuel PerItem(std::uint32_t steps) const { return {constant, per_block, steps}; }
};

// Whether a call of constants may be computed when a policy is compiled. `never` says why not, and
// is empty when it may.
struct Fold {
  std::string_view never;

  static constexpr Fold Always() { return {}; }
  static constexpr Fold Never(std::string_view reason) { return {reason}; }
  constexpr bool is_allowed() const { return never.empty(); }
};

struct FunctionContext;

// What a function computes. Requires: as many arguments as one of the row's signatures takes
// (receivers first), and no fault among them (call.h). Kinds that fit no signature give
// NoMatchingOverload.
using FunctionBody = Value (*)(std::span<const Value> arguments, FunctionContext& context);

#define WRIT_DECLARE(id, name, library, since, signatures, fuel, fold) \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context);
WRIT_FUNCTIONS(WRIT_DECLARE)
#undef WRIT_DECLARE

// Returns a bit for each number of arguments that a signature takes, receivers counted: "(A)->B;
// A.(B)->C" gives 0b110.
constexpr std::uint32_t ArgumentCounts(std::string_view signatures) {
  std::uint32_t counts = 0;
  std::uint32_t count = 0;    // arguments of the overload being read
  int depth = 0;              // of parentheses
  bool in_arguments = false;  // inside the argument list, not inside a receiver's or an argument's type
  char previous = ';';        // last character that is no blank
  for (const char c : signatures) {
    if (c == ' ') continue;
    if (c == '(' && depth++ == 0 && (previous == ';' || previous == '.')) {
      in_arguments = true;
      count = previous == '.' ? 1 : 0;
    } else if (c == ')' && --depth == 0 && in_arguments) {
      counts |= 1U << count;
      in_arguments = false;
    } else if (in_arguments && depth == 1 && (previous == '(' || c == ',')) {
      ++count;
    }
    previous = c;
  }
  return counts;
}
static_assert(ArgumentCounts("()->A") == 0b1);
static_assert(ArgumentCounts("(A,list(A))->bool; map(A,B).()->int") == 0b110);

// Returns a bit for each TypeKind that a signature's result can have; all of them when one is a
// type parameter or dyn. What is checked is only the kind: "list(A)" is kList.
constexpr std::uint32_t ResultKinds(std::string_view signatures) {
  constexpr auto bit = [](TypeKind kind) { return 1U << static_cast<unsigned>(kind); };
  std::uint32_t kinds = 0;
  while (!signatures.empty()) {
    const std::string_view signature = signatures.substr(0, signatures.find(';'));
    signatures.remove_prefix(std::min(signature.size() + 1, signatures.size()));
    std::string_view result = signature.substr(signature.find("->") + 2);
    result = result.substr(0, result.find_first_of("( "));
    std::uint32_t known = result == "opt" ? bit(TypeKind::kOptional) : 0;
#define WRIT_KIND(id, name, type_name, wanted, found) \
  if (result == name) known = bit(TypeKind::k##id);
    WRIT_VALUE_KINDS(WRIT_KIND)
#undef WRIT_KIND
    if (result.size() == 1 || result == "dyn") known = ~0U;
    kinds |= known != 0 ? known : bit(TypeKind::kOpaque);
  }
  return kinds;
}
static_assert(ResultKinds("(A)->bool; A.(B)->bool") == 1U << static_cast<unsigned>(TypeKind::kBool));
static_assert(ResultKinds("(list(A))->A; (A)->int") == ~0U);

struct FunctionInfo {
  std::string_view name;
  std::string_view library;
  std::uint32_t since;  // version of the library
  std::string_view signatures;
  std::uint32_t argument_counts;  // bit n: a signature takes n
  std::uint32_t result_kinds;     // bit of each TypeKind that a result can have
  FunctionBody body;
  Fuel fuel;
  Fold fold;

  constexpr bool takes(std::size_t count) const { return count < 32 && (argument_counts >> count & 1U) != 0; }
  // May a call have a static type of this kind? It may always be dyn.
  constexpr bool gives(TypeKind kind) const { return kind == TypeKind::kDyn || (result_kinds >> static_cast<unsigned>(kind) & 1U) != 0; }
  constexpr bool gives_only_bools() const { return result_kinds == 1U << static_cast<unsigned>(TypeKind::kBool); }
  // False for functions that are methods only: x.value() is never a call of value(x).
  constexpr bool has_global_form() const { return signatures.starts_with('(') || signatures.find("; (") != std::string_view::npos; }
  // Nobody writes an operator's name.
  constexpr bool is_operator() const { return name.starts_with('_') || name.ends_with('_') || name.starts_with('@'); }
};

inline constexpr FunctionInfo kFunctionInfo[] = {
#define WRIT_INFO(id, name, library, since, signatures, fuel, fold) \
  {name, library, since, signatures, ArgumentCounts(signatures), ResultKinds(signatures), &Call##id, fuel, fold},
    WRIT_FUNCTIONS(WRIT_INFO)
#undef WRIT_INFO
};

// Returns the row of function_list.h. O(1).
constexpr const FunctionInfo& InfoOf(Function function) { return kFunctionInfo[static_cast<std::uint16_t>(function)]; }

}  // namespace writ
