// Documents as people write them (YAML as Kubernetes reads it, JSON) turned into JSON texts for the engine.
//
//   Result<std::vector<Document>> documents = ParseDocuments("fleet.yaml", text);
//   for (const Document& d : *documents) engine.DecideJson(d.json, context);
//
// YAML scalars resolve as in Kubernetes (sigs.k8s.io/yaml): plain yes/no/on/off/y/n are booleans, 0644 and 0o644 octal,
// 1_000 an integer, dates stay strings, quoted text stays text, merge keys (`<<`) are merged, keys become strings.
// JSON texts are passed on byte for byte, so that the engine's strict reader sees what the user wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
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

// One document of a file.
struct Document {
  std::string file;
  std::uint32_t line = 1;       // 1-based, where it begins
  bool is_json = false;         // written as JSON: `json` is the text as it stood
  std::size_t byte_offset = 0;  // is_json: where `json` begins in the file
  std::string json;
};

// Returns the documents of `text`. A text whose first character is '{' or '[' is read as JSON: documents one after another;
// the items of a list on top are documents of their own. Anything else is YAML; documents that are empty are left out.
// Errors: kInvalidArgument ("fleet.yaml:3:5: …": not UTF-8, binary, empty, not YAML, duplicate key, unknown anchor, number
// out of range, tab), kTooLarge. O(size of the output).
Result<std::vector<Document>> ParseDocuments(std::string_view file, std::string_view text, const ManifestLimits& limits = {});

// Returns the one document of `text`, lists on top left whole, as JSON; for policy data. JSON is passed on as it is.
// Errors: as ParseDocuments, and for several documents.
Result<std::string> ReadWholeAsJson(std::string_view file, std::string_view text, const ManifestLimits& limits = {});

}  // namespace writ::cli
