// The header `Link`, by which a registry says where the next page of a listing is (RFC 8288).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/base/result.h"

namespace writ::image {

// Returns the target of the first link with the relation `next`; empty when there is none:
//   </v2/acme/app/referrers/sha256:…?last=3>; rel="next"
// Errors (kInvalidArgument): outside the grammar. A page that is lost in silence would be a signature lost in silence.
Result<std::optional<std::string>> FindNextLink(std::string_view header);

}  // namespace writ::image
