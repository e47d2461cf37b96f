// Which digests of an image have to be signed: of an image for several platforms its index, each platform's manifest, or both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/facts/signer_set.h"
#include "webhook/image/gather/collector.h"

namespace writ::image {

// Returns the digests that must be signed for the rule: each once, the index first, never an empty list, which anybody would have signed.
// Platforms that nothing runs on by the index's own word (BuildKit's `unknown/unknown`) are left out.
// Errors: kInvalidArgument for an index that lists nothing that runs, or another index; kTooLarge for more than `max_platforms`.
Result<std::vector<std::string>> DigestsToJudge(const ResolvedImage& image, PlatformRule rule, std::uint32_t max_platforms);

}  // namespace writ::image
