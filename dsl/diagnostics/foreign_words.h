// Words that people bring from other languages (Rego, Cedar, Kyverno, ValidatingAdmissionPolicy, SQL, Python, Go) and what to write here
// instead. One table of data: whoever finds a word that it does not know asks here for its help.
//
//   TryFindForeignWord(ForeignPlace::kType, "boolean")->help  ==  "write `bool`"
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace writ::dsl {

// Where the word stands. One word may mean different things in different places: `if` before a rule, after one, in an expression.
enum class ForeignPlace : std::uint8_t {
  kDeclaration,  // where a declaration begins
  kRule,         // where a rule begins
  kClause,       // where a clause may stand
  kStep,         // where a line of a test begins
  kOutcome,      // after the arrow of a test
  kOperator,     // behind an operand
  kType,         // where a type stands; letters in any case
  kColumn,       // behind the type of a column
  kName,         // a variable that does not exist
  kFunction,     // a function or method that does not exist
  kNamespace,    // `math` in `math.greatest(1, 2)`
};

struct ForeignWord {
  ForeignPlace place;
  std::string_view word;
  // What is meant, when it can be read as if it stood there: a verb, a clause, a macro, an outcome. Names: the variable that `help`
  // speaks of, whose absence makes the help wrong. "" = nothing.
  std::string_view meant;
  // Of functions, {0} is the receiver or first argument and {1} the arguments after it.
  std::string_view help;
};

// Returns the row of a word, or nullptr. O(size of the table): for text that is wrong already.
const ForeignWord* TryFindForeignWord(ForeignPlace place, std::string_view word);

// Returns the first row of a name (ForeignPlace::kName) whose `meant` is a variable there, or nullptr.
const ForeignWord* TryFindForeignName(std::string_view name, const std::function<bool(std::string_view)>& is_variable);

// Returns the row's help, with the texts of operands filled in; "…" stands for those that are missing.
std::string ForeignHelp(const ForeignWord& word, std::span<const std::string> operands = {});

}  // namespace writ::dsl
