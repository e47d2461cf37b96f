// What `eval` and `explain` decide: the documents of files, classified, with Kubernetes lists flattened.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/manifest.h"
#include "rules/base/result.h"

namespace writ::cli {

// One thing to decide, or why it is none.
struct Subject {
  enum class State {
    kRequest,  // `json` is a request, an AdmissionReview or a Kubernetes object
    kSkipped,  // a document about something else; `reason` says what was found
    kUnread,   // the file or the document is not what it should be; `reason` begins with the place
  };
  State state = State::kRequest;
  std::string file;
  std::uint32_t line = 0;  // 0: the whole file
  std::string json;
  std::string label;  // "MCPServer/grafana", "slack-mcp/search_messages", …; may be empty
  std::string reason;
  std::string kind, name;               // of a Kubernetes object or of a review's
  bool is_manifest = false;             // `json` is a Kubernetes object, to be wrapped by AdmissionRequestOf
  bool is_named = false;                // is_manifest: `name` is metadata.name and not a generateName
  std::string api_version, name_space;  // is_manifest: as written
  bool is_json = false;                 // `json` stands in the file at byte_offset
  std::size_t byte_offset = 0;
};

// Returns the subjects of all `paths` in order. Directories stand for the documents below them, "-" for stdin. Never fails:
// what cannot be read is a subject with State::kUnread.
//
// A document is a request when it is an AdmissionReview, a Kubernetes object (`apiVersion` and `kind`), a JSON object with any
// member of a request (or any at all on stdin), or a YAML mapping with the members of a request. Other mappings (Helm values,
// configuration files) are skipped.
std::vector<Subject> ReadSubjects(const std::vector<std::string>& paths, const Console& console);

}  // namespace writ::cli
