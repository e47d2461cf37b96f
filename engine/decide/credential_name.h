// Which members hold credentials, by their names: explanations show neither them nor what is below them.
#pragma once

#include <string_view>

namespace writ {

// Returns whether a member of that name is taken for a credential. Case and separators do not matter ("API-Key", "apiKey", "api_key").
// Telling words (token, secret, password, …) hide wherever they stand in the name; short ones (auth, pass, pwd, pin, …) only as a word
// of their own, so that `author`, `passenger` and `shipping` are shown. In doubt it says yes: `session_count` is hidden. O(name).
bool IsCredentialName(std::string_view name);

}  // namespace writ
