// Documents as people write them (YAML as Kubernetes reads it, JSON) turned into JSON texts for the engine.
//
//   Result<std::vector<Document>> documents = ParseDocuments("fleet.yaml", text);
//   for (const Document& d : *documents) engine.DecideJson(d.json, context);
//
// Files are read as kubectl reads them (k8s.io/cli-runtime, sigs.k8s.io/yaml): a file is cut at lines of `---`, plain yes/no/on/off/y/n
// are booleans, 0644 and 0o644 octal, dates stay strings, merge keys (`<<`) are merged, keys become strings. What only some of the
// readers in use take so is refused. `./dev test --loader` compares both.
// JSON texts are passed on byte for byte, so that the engine's strict reader sees what the user wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/yaml_tree.h"
#include "rules/base/result.h"

namespace writ::cli {

// One document of a file.
struct Document {
  std::string file;
  std::uint32_t line = 1;       // 1-based, where it begins
  bool is_json = false;         // written as JSON: `json` is the text as it stood
  bool is_object = false;       // YAML with `apiVersion` and `kind`: a Kubernetes object
  std::size_t byte_offset = 0;  // is_json: where `json` begins in the file
  std::string json;
  // Of a YAML document that is not a Kubernetes object: why it must not be read as data or as a request, with the place
  // ("f.yaml:2:6: `off` is false to some readers …"); "" when it may be.
  std::string surprise;
};

// Returns `text` in UTF-8 and without the byte-order mark that it may begin with; UTF-16 is known by its mark.
// Errors: kInvalidArgument for UTF-16 that is not well-formed.
Result<std::string> DecodeText(std::string_view file, std::string text);

// Returns the documents of `text`, which DecodeText has decoded. A text that begins with '{' or '[' and is JSON is read as JSON:
// documents one after another, up to a line of `---`; the items of a list on top are documents of their own. Anything else is YAML;
// documents that are empty are left out. Broken JSON is YAML only in a file of that name and of Kubernetes objects, as for kubectl: in a
// request `tru` is a mistake and not a text.
// Errors: kInvalidArgument ("fleet.yaml:3:5: …": not UTF-8, binary, empty, not YAML, duplicate key, unknown anchor, number
// out of range, tab, line separators that only some readers know), kTooLarge. O(size of the output).
Result<std::vector<Document>> ParseDocuments(std::string_view file, std::string_view text, const ManifestLimits& limits = {});

// Returns the one document of `text`, lists on top left whole, as JSON; for policy data. JSON is passed on as it is.
// Errors: as ParseDocuments, for several documents, and for surprises (ValueSurprise).
Result<std::string> ReadWholeAsJson(std::string_view file, std::string_view text, const ManifestLimits& limits = {});

}  // namespace writ::cli
