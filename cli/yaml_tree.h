// One YAML document as a tree, read by libyaml, from which the YAML library of Kubernetes was translated.
//
// What Kubernetes reads is read; what only some of the readers in use take so is refused: a merge that would change a key given before
// it, an alias as a key, the tag `!`, more text behind the end of the document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/limits.h"
#include "rules/base/result.h"

namespace writ::cli {

// Ceilings for one file of documents. All positive.
struct ManifestLimits {
  std::size_t max_document_bytes = JsonLimits{}.max_bytes;  // as JSON, after aliases were written out
  std::uint32_t max_depth = JsonLimits{}.max_depth;
  std::uint32_t max_documents = 10'000;  // in one file
  std::uint32_t max_nodes = 1'000'000;   // in one file, before aliases were written out
};

struct YamlNode;
using YamlNodePtr = std::shared_ptr<const YamlNode>;

struct YamlNode {
  enum class Kind { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  bool is_whole_float = false;                               // kScalar: see ScalarValue
  std::string json;                                          // kScalar
  std::vector<YamlNodePtr> items;                            // kList
  std::vector<std::pair<std::string, YamlNodePtr>> members;  // kMap
  std::uint32_t depth = 1;                                   // levels from here down
};

// Returns the member of a map, or null. O(members).
const YamlNode* FindMember(const YamlNode& map, std::string_view name);

struct YamlDocument {
  YamlNodePtr root;        // null when there is no content
  std::uint32_t line = 1;  // 1-based, of the first content
  // Why this document must not be read as data or as a request ("fleet.yaml:3:5: …"), "" when nothing stands against it.
  std::string surprise;
};

// A part of a file that holds one document. All views are borrowed.
struct YamlPart {
  std::string_view file;
  std::string_view text;
  std::uint32_t first_line = 0;  // lines of the file before `text`
};

// Reads one document and adds its values to `nodes`, which limits.max_nodes bounds.
// Errors: kInvalidArgument and kTooLarge, each with the place. O(size), and O(members) of merged maps.
Result<YamlDocument> ReadYamlDocument(const YamlPart& part, const ManifestLimits& limits, std::uint32_t& nodes);

// How numbers are written: as they arrive in the cluster (`1.0` is 1), or as what they look like.
enum class YamlNumbers { kAsInCluster, kAsWritten };

// Appends `node` as JSON; false when `out` has grown beyond max_bytes. Aliases are written out.
bool AppendYamlNode(const YamlNode& node, YamlNumbers numbers, std::size_t max_bytes, std::string& out);

}  // namespace writ::cli
