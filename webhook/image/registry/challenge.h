// WWW-Authenticate: what a registry wants to see. The header is the attacker's, so it is parsed as a grammar.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"

namespace writ::image {

struct Challenge {
  std::string scheme;                             // small letters: "bearer", "basic"
  std::map<std::string, std::string> parameters;  // names in small letters, values unquoted
};

// Reads one header value: several challenges, quoted commas, empty list elements (RFC 9110 §11.6.1).
//   Bearer realm="https://auth.example/token",service="r",scope="repository:a:pull,push", Basic realm="r"
// Errors (kInvalidArgument): anything outside the grammar, a parameter twice, more than 8 challenges or 16 parameters.
Result<std::vector<Challenge>> ParseChallenges(std::string_view header);

}  // namespace writ::image
