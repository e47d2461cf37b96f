// Compiles each pattern once, to find out.
#include "rules/function/regex_checker.h"

#include "rules/function/regex.h"

namespace writ {

const std::string& RegexChecker::ErrorOf(std::string_view pattern) {
  const auto [known, is_new] = errors_.emplace(pattern, "");
  std::string& error = known->second;
  if (!is_new) return error;
  if (instructions_ > max_instructions_) {
    error = "the regular expressions are too large together: at most " + std::to_string(max_instructions_) + " instructions";
    return error;
  }
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), RegexOptions());
  if (!regex.ok()) error = regex.error();
  const bool is_too_large = regex.error_code() == RE2::ErrorPatternTooLarge;
  instructions_ += regex.ok() ? regex.ProgramSize() : is_too_large ? kRefusedRegexInstructions : 0;
  return error;
}

}  // namespace writ
