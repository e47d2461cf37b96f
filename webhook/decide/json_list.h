// Splits a JSON list into the texts of its elements, so that each can be read by the engine's strict reader as it was sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"

namespace writ {

// Returns the elements' texts: parts of `padded`, which must stay as it is while they are used.
// Errors: kInvalidArgument (not one JSON list), kTooLarge (more than `max_items`).
struct JsonList {
  std::string storage;                  // a copy of the text with room behind it
  std::vector<std::string_view> items;  // into `storage`
  JsonList() = default;
  JsonList(const JsonList&) = delete;  // the views would keep pointing into the original
  JsonList& operator=(const JsonList&) = delete;
};

// Fills `list`. The text's syntax is checked as a whole; duplicate keys and number ranges are left to the reader of the items.
Status SplitJsonList(std::string_view text, std::size_t max_items, JsonList& list);

}  // namespace writ
