// Names that have one spelling: of servers, tools, prompts, actions, types and tables.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace writ {

inline constexpr std::size_t kMaxNameBytes = 256;

// Returns "", or what a name has that makes it look like another one: "ends with a blank", "holds the invisible character U+200B".
//
// A server trims names, drops what cannot be seen, or shows two names alike; a rule compares bytes. So a name holds no control,
// bidirectional, zero-width or tag character (Unicode's Default_Ignorable_Code_Point, and separators of lines), no blank at either
// end, is valid UTF-8 and has at most kMaxNameBytes. In: `search`, `Create Share`, `größe`. Out: `search `, `sea\u200brch`.
// O(name); allocates only when there is something to say.
std::string CanonicalNameFault(std::string_view name);

}  // namespace writ
