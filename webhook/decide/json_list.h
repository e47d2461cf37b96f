// Splits a JSON list into the texts of its elements, so that each can be read by the engine's strict reader as it was sent.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "rules/base/result.h"

namespace writ::server {

// Returns the elements' texts, as views into `text`. Only strings, brackets and commas are looked at, with no limit on depth: whether
// an element is JSON is for its reader to say, so that one bad element does not spoil the others.
//   [{"n": 1e400}, {"a":}, 1 2]   three elements; what their reader says of them is its affair
//   [1, , 2]    [{]}]    [1    [1] x   no list
// Errors: kInvalidArgument (not one list; "byte 17: …"), kTooLarge (more than `max_items`). O(text).
Result<std::vector<std::string_view>> SplitJsonList(std::string_view text, std::size_t max_items);

}  // namespace writ::server
