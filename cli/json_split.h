// Cuts a file of JSON texts into its documents without reading them: what is inside is left to the engine's strict reader.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "cli/manifest.h"
#include "rules/base/result.h"

namespace writ::cli {

// Returns the documents of `text` from byte `begin` on: objects one after another (JSON lines), each item of a list on top by itself.
// `end` is where they end: at a line of `---` or at the end of `text`. Requires: text[begin] is '{' or '['.
// Errors: kInvalidArgument with the place (a bracket that is not closed, text between documents), kTooLarge. O(size).
Result<std::vector<Document>> SplitJson(std::string_view file, std::string_view text, std::size_t begin, const ManifestLimits& limits,
                                        std::size_t& end);

}  // namespace writ::cli
