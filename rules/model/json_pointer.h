// JSON pointers (RFC 6901) as `redact` takes them: `/rows/*/card`, where `*` is any element.
#pragma once

#include <string_view>

namespace writ {

// Returns what is wrong with a pointer, as one sentence for its author, or "". "" is a pointer: the
// whole document. O(size).
std::string_view JsonPointerFault(std::string_view pointer);

}  // namespace writ
