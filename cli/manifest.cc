// A file is cut into documents the way kubectl's loader does it, before anything is parsed. A YAML parser that finds `---` by itself
// agrees but for corners (text behind `---`, a document that goes on behind `...`), and in those the loader silently drops text: they are
// refused. Source: YAMLOrJSONDecoder of k8s.io/apimachinery/pkg/util/yaml.
#include "cli/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/json_split.h"
#include "cli/text.h"

namespace writ::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Error Refuse(std::string_view file, std::string_view text, std::size_t at, std::string_view message) {
  return {ErrorCode::kInvalidArgument, PlaceOf(file, text, at).append(": ").append(message)};
}

// One clear sentence for what is no text at all.
std::optional<Error> RefuseBinary(std::string_view file, std::string_view text) {
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(file) + ": is a binary file (a zero byte at offset " + std::to_string(zero) + ")"};
  }
  if (const std::optional<std::size_t> offset = FindInvalidUtf8(text)) {
    return Refuse(file, text, *offset, "the text is not valid UTF-8 at byte " + std::to_string(*offset));
  }
  return std::nullopt;
}

// YAML 1.1 ends a line at each of these, YAML 1.2 at CR only, and editors show none of them.
std::optional<Error> RefuseOddLineEnds(std::string_view file, std::string_view text, std::size_t begin) {
  struct Separator {
    std::string_view bytes, name;
  };
  static constexpr Separator kSeparators[] = {{"\xC2\x85", "U+0085"}, {"\xE2\x80\xA8", "U+2028"}, {"\xE2\x80\xA9", "U+2029"}};
  for (const auto& [bytes, name] : kSeparators) {
    if (const std::size_t at = text.find(bytes, begin); at != std::string_view::npos) {
      return Refuse(file, text, at,
                    "found the line separator " + std::string(name) + ", which ends a line for Kubernetes and not for others: write `\\u" +
                        std::string(name.substr(2)) + "` in double quotes");
    }
  }
  if (const std::size_t at = text.find(kByteOrderMark, begin); at != std::string_view::npos)
    return Refuse(file, text, at, "found a byte-order mark inside the text");
  for (std::size_t at = text.find('\r', begin); at != std::string_view::npos; at = text.find('\r', at + 1)) {
    if (at + 1 == text.size() || text[at + 1] != '\n') {
      return Refuse(file, text, at, "found a carriage return without a line feed, which ends a line for some readers and not for others");
    }
  }
  return std::nullopt;
}

// Returns where the text begins after blanks, or why it cannot be read.
Result<std::size_t> FindStart(std::string_view file, std::string_view text) {
  if (std::optional<Error> refusal = RefuseBinary(file, text)) return *refusal;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Error{ErrorCode::kInvalidArgument, std::string(file) + ": is empty"};
  return first;
}

// Cuts YAML text at its lines of `---`. A separator that opens a part belongs to it.
class PartReader {
 public:
  PartReader(std::string_view file, std::string_view text, std::size_t begin) : file_(file), text_(text), at_(begin) {
    line_ = static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
  }

  // Returns the next part, or nothing at the end; in error() why it cannot be cut.
  std::optional<YamlPart> Next() {
    if (at_ >= text_.size()) return std::nullopt;
    YamlPart part{file_, {}, line_};
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const std::size_t line_begin = at_;
      const std::string_view line = text_.substr(at_, text_.find('\n', at_) - at_);
      at_ += std::min(line.size() + 1, text_.size() - at_);
      ++line_;
      if (!line.starts_with("---")) continue;
      const std::size_t rest = line.find_first_not_of(" \t\r", 3);
      if (rest != std::string_view::npos && line[rest] != '#') {
        error_ = Refuse(file_, text_, line_begin + rest, "found text behind `---`, which kubectl does not read: put it on the next line");
        return std::nullopt;
      }
      if (line_begin == begin) continue;
      part.text = text_.substr(begin, line_begin - begin);
      return part;
    }
    part.text = text_.substr(begin);
    // The last line always ends for kubectl, also where the file ends without a line feed.
    if (!part.text.ends_with('\n')) {
      last_ = std::string(part.text) + "\n";
      part.text = last_;
    }
    return part;
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::string_view file_;
  std::string_view text_;
  std::size_t at_;
  std::uint32_t line_;
  std::string last_;
  std::optional<Error> error_;
};

Result<std::vector<YamlDocument>> ReadParts(std::string_view file, std::string_view text, std::size_t begin, const ManifestLimits& limits) {
  if (std::optional<Error> refusal = RefuseOddLineEnds(file, text, begin)) return *refusal;
  std::vector<YamlDocument> documents;
  std::uint32_t nodes = 0;
  PartReader parts(file, text, begin);
  while (const std::optional<YamlPart> part = parts.Next()) {
    Result<YamlDocument> document = ReadYamlDocument(*part, limits, nodes);
    if (!document) return document.error();
    if (document->root == nullptr) continue;
    if (documents.size() >= limits.max_documents) {
      return Error{ErrorCode::kTooLarge,
                   std::string(file) + ":" + std::to_string(document->line) + ":1: more than " + Counted(limits.max_documents, "document")};
    }
    documents.push_back(std::move(*document));
  }
  if (parts.error()) return *parts.error();
  return documents;
}

bool IsObject(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kMap && FindMember(node, "apiVersion") != nullptr && FindMember(node, "kind") != nullptr;
}

enum class Lists { kSplit, kWhole };

// Adds one document, or for a list on top one for each item.
Status AddDocuments(std::string_view file, const YamlDocument& yaml, Lists lists, const ManifestLimits& limits,
                    std::vector<Document>& documents) {
  std::vector<const YamlNode*> nodes;
  if (yaml.root->kind == YamlNode::Kind::kList && lists == Lists::kSplit) {
    for (const YamlNodePtr& item : yaml.root->items) nodes.push_back(item.get());
  } else {
    nodes.push_back(yaml.root.get());
  }
  for (const YamlNode* node : nodes) {
    const bool is_object = lists == Lists::kSplit && IsObject(*node);
    Document document;
    document.file = file;
    document.line = yaml.line;
    document.is_object = is_object;
    if (!is_object) document.surprise = yaml.surprise;
    const YamlNumbers numbers = is_object ? YamlNumbers::kAsInCluster : YamlNumbers::kAsWritten;
    if (!AppendYamlNode(*node, numbers, limits.max_document_bytes, document.json) || document.json.size() > limits.max_document_bytes) {
      return Error{ErrorCode::kTooLarge, document.file + ":" + std::to_string(yaml.line) + ":1: the document is larger than " +
                                             std::to_string(limits.max_document_bytes) + " bytes as JSON"};
    }
    documents.push_back(std::move(document));
  }
  return OkStatus();
}

Status AddYaml(std::string_view file, std::string_view text, std::size_t begin, Lists lists, const ManifestLimits& limits,
               std::vector<Document>& documents) {
  const Result<std::vector<YamlDocument>> read = ReadParts(file, text, begin, limits);
  if (!read) return read.error();
  for (const YamlDocument& yaml : *read) WRIT_RETURN_IF_ERROR(AddDocuments(file, yaml, lists, limits, documents));
  return OkStatus();
}

bool HasYamlName(std::string_view file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

bool MayBeJson(char first) { return first == '{' || first == '['; }

// Whether the document that begins at `begin` is JSON to its end. A flow mapping (`{a: b}`) is not.
bool IsJson(const Result<std::vector<Document>>& split) { return split && (split->empty() || nlohmann::json::accept(split->front().json)); }

// JSON up to a line of `---`, YAML from there on. kubectl goes over to YAML behind one JSON document, not behind several.
Result<std::vector<Document>> ParseJson(std::string_view file, std::string_view text, std::size_t first, const ManifestLimits& limits) {
  std::size_t end = text.size();
  Result<std::vector<Document>> documents = SplitJson(file, text, first, limits, end);
  if (!IsJson(documents)) {
    std::vector<Document> yaml;
    const bool is_yaml = AddYaml(file, text, 0, Lists::kSplit, limits, yaml) && !yaml.empty() &&
                         (HasYamlName(file) || std::all_of(yaml.begin(), yaml.end(), [](const Document& d) { return d.is_object; }));
    if (is_yaml) return yaml;
    return documents;  // what is wrong with it as JSON says more
  }
  if (end == text.size()) return documents;
  if (documents->size() > 1)
    return Refuse(file, text, end, "found `---` behind several JSON documents, where kubectl stops: put `---` between them all");
  WRIT_RETURN_IF_ERROR(AddYaml(file, text, end, Lists::kSplit, limits, *documents));
  return documents;
}

Error NoDocuments(std::string_view file) { return {ErrorCode::kInvalidArgument, std::string(file) + ": holds no documents"}; }

void AppendUtf8(std::uint32_t code_point, std::string& out) {
  const auto put = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0U | code_point >> 6U);
  } else if (code_point < 0x10000) {
    put(0xE0U | code_point >> 12U);
    put(0x80U | (code_point >> 6U & 0x3FU));
  } else {
    put(0xF0U | code_point >> 18U);
    put(0x80U | (code_point >> 12U & 0x3FU));
    put(0x80U | (code_point >> 6U & 0x3FU));
  }
  put(0x80U | (code_point & 0x3FU));
}

}  // namespace

Result<std::string> DecodeText(std::string_view file, std::string text) {
  if (text.starts_with(kByteOrderMark)) return text.substr(kByteOrderMark.size());
  const bool is_little = text.starts_with("\xFF\xFE");
  if (!is_little && !text.starts_with("\xFE\xFF")) return text;
  const Error malformed{ErrorCode::kInvalidArgument, std::string(file) + ": begins with the byte-order mark of UTF-16 and is not UTF-16"};
  if (text.size() % 2 != 0) return malformed;
  const auto unit = [&](std::size_t i) {
    const std::uint32_t first = static_cast<unsigned char>(text[i]), second = static_cast<unsigned char>(text[i + 1]);
    return is_little ? second << 8U | first : first << 8U | second;
  };
  std::string out;
  for (std::size_t i = 2; i < text.size(); i += 2) {
    std::uint32_t code_point = unit(i);
    if (code_point >= 0xD800 && code_point < 0xE000) {
      const std::uint32_t low = i + 2 < text.size() ? unit(i + 2) : 0;
      if (code_point >= 0xDC00 || low < 0xDC00 || low >= 0xE000) return malformed;
      code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
      i += 2;
    }
    AppendUtf8(code_point, out);
  }
  return out;
}

Result<std::vector<Document>> ParseDocuments(std::string_view file, std::string_view text, const ManifestLimits& limits) {
  const Result<std::size_t> first = FindStart(file, text);
  if (!first) return first.error();
  if (MayBeJson(text[*first])) return ParseJson(file, text, *first, limits);
  std::vector<Document> documents;
  WRIT_RETURN_IF_ERROR(AddYaml(file, text, 0, Lists::kSplit, limits, documents));
  if (documents.empty()) return NoDocuments(file);
  return documents;
}

Result<std::string> ReadWholeAsJson(std::string_view file, std::string_view text, const ManifestLimits& limits) {
  const Result<std::size_t> first = FindStart(file, text);
  if (!first) return first.error();
  if (MayBeJson(text[*first]) && (!HasYamlName(file) || nlohmann::json::accept(text.substr(*first))))
    return std::string(text.substr(*first));
  std::vector<Document> documents;
  WRIT_RETURN_IF_ERROR(AddYaml(file, text, 0, Lists::kWhole, limits, documents));
  if (documents.empty()) return NoDocuments(file);
  if (documents.size() > 1) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(file) + ":" + std::to_string(documents[1].line) + ":1: found a second document, expected one"};
  }
  if (!documents.front().surprise.empty()) return Error{ErrorCode::kInvalidArgument, std::move(documents.front().surprise)};
  return std::move(documents.front().json);
}

}  // namespace writ::cli
