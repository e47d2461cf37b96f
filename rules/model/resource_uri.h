// URIs of resources: which have one spelling, and what servers make of the others.
//
// A rule compares texts; a server parses, decodes and resolves. Two classes of spellings lie between them:
//   1. What a serializer of RFC 3986 or of the WHATWG URL standard would rewrite or drop: refused (UriFault). A URI that passes is
//      what either serializer would write, so no other spelling of it passes.
//   2. What both leave alone and servers resolve alike (user information, empty segments, encoded reserved characters, the case of
//      hosts of other schemes): folded (FoldUri). Patterns are folded in the same way (FoldPattern).
// In: `https://api.example/a%2Fb?q=1`, `file:///srv/caf%C3%A9`, `urn:isbn:1`. Out: `HTTPS://api.example/`, `file:///srv/./a`,
// `file:///srv/%61`, `file:///srv/..%2Fa`, `no-scheme`. All functions are O(size).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace writ {

// Returns "" for an absolute URI in normal form, else what is wrong: "has a scheme in capitals". Static text. Never allocates.
std::string_view UriFault(std::string_view uri);

// Returns the normal form of a URI that UriFault refuses, or "" where none is known.
std::string NormalUri(std::string_view uri);

// Writes the folded form of `uri` to `out`, which has room for uri.size() bytes, and returns its size: without user information,
// scheme and host in lower case, everything decoded until nothing is left to decode, `\` as `/`, runs of `/` in the path as one. Of
// `file` URIs only the path stays: servers look at nothing else. Requires: UriFault(uri) is "".
std::size_t FoldUri(std::string_view uri, char* out);

// Returns a URI pattern (rules/index/index.h, GlobMatches) folded as FoldUri folds what it matches; stars stay.
std::string FoldPattern(std::string_view pattern);

// Returns a folded URI or pattern without the `/` at its end: what a denial compares, for a server opens `/a/` as `/a`.
std::string_view WithoutSlashAtEnd(std::string_view folded);

}  // namespace writ
