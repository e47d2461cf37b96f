// YAML by yaml-cpp's event interface: a document is built as a small tree in which aliases share nodes, and written out as
// JSON under a size limit, so that an "anchor bomb" costs what the limit allows and no more.
#include "cli/manifest.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <streambuf>
#include <unordered_set>
#include <utility>

#include "cli/json_split.h"
#include "cli/text.h"
#include "cli/yaml_scalar.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Node {
  enum class Kind { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  std::string json;                                      // kScalar
  std::vector<NodePtr> items;                            // kList
  std::vector<std::pair<std::string, NodePtr>> members;  // kMap
  std::uint32_t depth = 1;                               // levels from here down
};

// A fault at a place of the text. Thrown through yaml-cpp, which knows no other way to stop; caught in ParseYaml.
struct Fault {
  YAML::Mark mark;
  std::string message;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

// A container that is not closed yet.
struct OpenNode {
  std::shared_ptr<Node> node;
  YAML::anchor_t anchor = 0;
  bool is_block = false;
  bool expects_value = false;  // kMap: a key was read
  std::string key;
  YAML::Mark key_mark;
  std::unordered_set<std::string> keys;
  std::vector<std::pair<YAML::Mark, NodePtr>> merges;  // values of `<<`
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const ManifestLimits& limits) : text_(text), limits_(limits) { FindLines(); }

  struct Tree {
    NodePtr root;
    std::uint32_t line = 1;
  };
  // The document that was just read; empty for a document without content.
  Tree Take() { return {std::move(root_), static_cast<std::uint32_t>(first_line_ + 1)}; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_ > 0 && !HasMarkerBetween(document_line_, mark.line)) {
      throw Fault{mark, "found more text after the end of the document, expected `---`"};
    }
    ++documents_;
    if (documents_ > limits_.max_documents)
      throw Fault{mark, "more than " + Counted(limits_.max_documents, "document"), ErrorCode::kTooLarge};
    document_line_ = first_line_ = mark.line;
    anchors_.clear();
    open_.clear();
    root_ = nullptr;
    has_content_ = false;
  }
  void OnDocumentEnd() override {
    if (root_ != nullptr && root_->kind == Node::Kind::kScalar && root_->json == "null") root_ = nullptr;
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Place(mark);
    if (IsKeyWithoutColon()) throw Fault{open_.back().key_mark, "found a line without `:`, expected `key: value`"};
    if (ExpectsKey()) throw Fault{mark, "a key is missing before `:`"};
    if (IsInFlowList()) throw Fault{mark, "found nothing between the commas of a list"};
    AddScalar(mark, anchor, "null");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    Place(mark);
    if (ExpectsKey()) return SetKey(mark, tag, value);
    Result<std::string> json = ResolveScalar(tag, value);
    if (!json) throw Fault{mark, json.error().message};
    AddScalar(mark, anchor, std::move(*json));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Place(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Fault{mark, "an anchor refers to itself"};
    if (ExpectsKey()) throw Fault{mark, "an alias is used as a key"};
    Add(mark, found->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    Open(mark, anchor, Node::Kind::kList, style);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    Open(mark, anchor, Node::Kind::kMap, style);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override {
    for (const auto& [mark, value] : open_.back().merges) Merge(mark, *value);
    Close();
  }

 private:
  void FindLines() {
    for (std::size_t begin = 0, line = 0; begin <= text_.size(); ++line) {
      line_begins_.push_back(begin);
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      const std::string_view content = text_.substr(begin, end - begin);
      const bool is_marker = content.starts_with("---") || content.starts_with("...");
      if (is_marker && (content.size() == 3 || content[3] == ' ' || content[3] == '\t' || content[3] == '\r')) {
        marker_lines_.insert(static_cast<int>(line));
      }
      begin = end + 1;
    }
  }
  // yaml-cpp starts a new document where a mapping follows a sequence, say; YAML wants `---` or `...` there.
  bool HasMarkerBetween(int after_line, int up_to_line) const {
    const auto next = marker_lines_.upper_bound(after_line);
    return next != marker_lines_.end() && *next <= up_to_line;
  }

  void Place(const YAML::Mark& mark) {
    if (!has_content_) first_line_ = mark.line;
    has_content_ = true;
    if (++nodes_ > limits_.max_nodes) throw Fault{mark, "more than " + Counted(limits_.max_nodes, "value"), ErrorCode::kTooLarge};
  }

  bool ExpectsKey() const { return !open_.empty() && open_.back().node->kind == Node::Kind::kMap && !open_.back().expects_value; }

  // yaml-cpp reads `[,]` as `[null]`.
  bool IsInFlowList() const { return !open_.empty() && open_.back().node->kind == Node::Kind::kList && !open_.back().is_block; }

  // yaml-cpp reads a stray line inside a block mapping as a key with nothing after it; YAML (and Kubernetes) refuse it.
  bool IsKeyWithoutColon() const {
    if (open_.empty() || !open_.back().expects_value || !open_.back().is_block) return false;
    const YAML::Mark& mark = open_.back().key_mark;
    const std::size_t begin = line_begins_[static_cast<std::size_t>(mark.line)];
    const std::string_view line = text_.substr(begin, text_.find('\n', begin) - begin);
    const std::size_t first = line.find_first_not_of(" -");
    if (first != std::string_view::npos && line[first] == '?') return false;
    return line.find(':') == std::string_view::npos;
  }

  void SetKey(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    OpenNode& open = open_.back();
    Result<std::string> key = ResolveKey(tag, text);
    if (!key) throw Fault{mark, key.error().message};
    const bool is_merge = text == "<<" && (tag.empty() || tag == "?");
    if (!open.keys.insert(is_merge ? std::string("<<\n") : *key).second) throw Fault{mark, "duplicate key `" + Printed(*key) + "`"};
    open.key = is_merge ? std::string("<<\n") : std::move(*key);  // a key with a line feed cannot be plain text
    open.key_mark = mark;
    open.expects_value = true;
  }
  static std::string Printed(const std::string& key) { return OneLine(key, 60); }

  void AddScalar(const YAML::Mark& mark, YAML::anchor_t anchor, std::string json) {
    auto node = std::make_shared<Node>();
    node->json = std::move(json);
    if (anchor != 0) anchors_[anchor] = node;
    Add(mark, std::move(node));
  }

  // Puts a finished node where it belongs.
  void Add(const YAML::Mark& mark, NodePtr node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& open = open_.back();
    open.node->depth = std::max(open.node->depth, node->depth + 1);
    if (open.node->depth + open_.size() - 1 > limits_.max_depth) ThrowTooDeep(mark);
    if (open.node->kind == Node::Kind::kList) {
      open.node->items.push_back(std::move(node));
      return;
    }
    if (!open.expects_value) throw Fault{mark, "a list or a mapping is used as a key"};
    open.expects_value = false;
    if (open.key == "<<\n") {
      open.merges.emplace_back(mark, std::move(node));
    } else {
      open.node->members.emplace_back(std::move(open.key), std::move(node));
    }
  }

  // Adds the members of a `<<` value that are not there yet: explicit keys win, then earlier maps.
  void Merge(const YAML::Mark& mark, const Node& value) {
    if (value.kind == Node::Kind::kScalar) throw Fault{mark, "`<<` takes a mapping or a list of mappings"};
    std::vector<const Node*> sources;
    if (value.kind == Node::Kind::kMap) sources.push_back(&value);
    for (const NodePtr& item : value.items) sources.push_back(item.get());
    OpenNode& open = open_.back();
    for (const Node* source : sources) {
      if (source->kind != Node::Kind::kMap) throw Fault{mark, "`<<` takes a mapping or a list of mappings"};
      for (const auto& [key, member] : source->members) {
        if (++nodes_ > limits_.max_nodes) throw Fault{mark, "more than " + Counted(limits_.max_nodes, "value"), ErrorCode::kTooLarge};
        if (open.keys.insert(key).second) open.node->members.emplace_back(key, member);
      }
    }
  }

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind, YAML::EmitterStyle::value style) {
    Place(mark);
    if (ExpectsKey()) throw Fault{mark, "a list or a mapping is used as a key"};
    if (open_.size() >= limits_.max_depth) ThrowTooDeep(mark);
    OpenNode open;
    open.node = std::make_shared<Node>();
    open.node->kind = kind;
    open.anchor = anchor;
    open.is_block = style == YAML::EmitterStyle::Block;
    open.key_mark = mark;
    open_.push_back(std::move(open));
  }
  void Close() {
    const OpenNode open = std::move(open_.back());
    open_.pop_back();
    if (open.anchor != 0) anchors_[open.anchor] = open.node;
    Add(open.key_mark, open.node);
  }
  [[noreturn]] void ThrowTooDeep(const YAML::Mark& mark) const {
    throw Fault{mark, "nested more than " + Counted(limits_.max_depth, "level") + " deep", ErrorCode::kTooLarge};
  }

  std::string_view text_;
  const ManifestLimits& limits_;
  std::vector<std::size_t> line_begins_;
  std::set<int> marker_lines_;  // lines (0-based) that hold `---` or `...`
  std::map<YAML::anchor_t, NodePtr> anchors_;
  std::vector<OpenNode> open_;
  NodePtr root_;
  std::uint32_t documents_ = 0;
  std::uint32_t nodes_ = 0;
  int document_line_ = 0;  // 0-based, of `---` or the first content
  int first_line_ = 0;     // 0-based, of the first content
  bool has_content_ = false;
};

// Appends `node` as JSON; false when `out` has grown beyond the limit.
// NOLINTNEXTLINE(misc-no-recursion): depth <= ManifestLimits::max_depth, which TreeBuilder enforced
bool AppendNode(const Node& node, std::size_t max_bytes, std::string& out) {
  if (out.size() > max_bytes) return false;
  switch (node.kind) {
    case Node::Kind::kScalar: out += node.json; return true;
    case Node::Kind::kList:
      out += '[';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ',';
        if (!AppendNode(*node.items[i], max_bytes, out)) return false;
      }
      out += ']';
      return true;
    case Node::Kind::kMap:
      out += '{';
      for (std::size_t i = 0; i < node.members.size(); ++i) {
        if (i > 0) out += ',';
        AppendJsonString(node.members[i].first, out);
        out += ':';
        if (!AppendNode(*node.members[i].second, max_bytes, out)) return false;
      }
      out += '}';
      return true;
  }
  return false;
}

std::string Place(std::string_view file, int line, int column) {
  return std::string(file) + ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": ";
}

// Says what is likely meant where yaml-cpp's own words are about its insides.
std::string Explain(const YAML::Exception& exception, std::string_view text) {
  std::size_t begin = 0;
  for (int line = 0; line < exception.mark.line && begin < text.size(); ++line)
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  const std::string_view line = text.substr(std::min(begin, text.size()));
  const std::size_t first = line.find_first_not_of(' ');
  if (first != std::string_view::npos && line[first] == '\t') return "a tab is used for indentation, expected blanks";
  return "not YAML: " + exception.msg;
}

enum class Lists { kSplit, kWhole };

// Adds one document, or for a list on top one for each item. False when one is larger than the limit.
bool AddDocuments(const Document& place, const Node& root, Lists lists, std::size_t max_bytes, std::vector<Document>& documents) {
  std::vector<const Node*> nodes;
  if (root.kind == Node::Kind::kList && lists == Lists::kSplit) {
    for (const NodePtr& item : root.items) nodes.push_back(item.get());
  } else {
    nodes.push_back(&root);
  }
  for (const Node* node : nodes) {
    Document document = place;
    if (!AppendNode(*node, max_bytes, document.json) || document.json.size() > max_bytes) return false;
    documents.push_back(std::move(document));
  }
  return true;
}

// Gives yaml-cpp the text without copying it, and an end-of-document marker behind the last line: without one, a quoted scalar that
// is still open there would be taken as closed.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) : rest_(text.ends_with('\n') ? "...\n" : "") { Show(text); }

 protected:
  int_type underflow() override {
    if (rest_.empty()) return traits_type::eof();
    Show(std::exchange(rest_, {}));
    return traits_type::to_int_type(*gptr());
  }

 private:
  void Show(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): a get area is only read
    setg(begin, begin, begin + text.size());
  }

  std::string_view rest_;
};

Result<std::vector<Document>> ParseYaml(std::string_view file, std::string_view text, Lists lists, const ManifestLimits& limits) {
  std::vector<Document> documents;
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    TreeBuilder builder(text, limits);
    while (parser.HandleNextDocument(builder)) {
      const TreeBuilder::Tree tree = builder.Take();
      if (tree.root == nullptr) continue;
      if (!AddDocuments({std::string(file), tree.line, false, 0, {}}, *tree.root, lists, limits.max_document_bytes, documents)) {
        return Error{ErrorCode::kTooLarge, Place(file, static_cast<int>(tree.line) - 1, 0) + "the document is larger than " +
                                               std::to_string(limits.max_document_bytes) + " bytes as JSON"};
      }
    }
  } catch (const Fault& fault) {
    return Error{fault.code, Place(file, fault.mark.line, fault.mark.column) + fault.message};
  } catch (const YAML::Exception& exception) {
    return Error{ErrorCode::kInvalidArgument, Place(file, exception.mark.line, exception.mark.column) + Explain(exception, text)};
  }
  return documents;
}

// One clear sentence for what is no text at all.
std::optional<Error> RefuseBinary(std::string_view file, std::string_view text) {
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(file) + ": is a binary file (a zero byte at offset " + std::to_string(zero) + ")"};
  }
  if (const std::optional<std::size_t> offset = FindInvalidUtf8(text)) {
    return Error{ErrorCode::kInvalidArgument,
                 PlaceOf(file, text, *offset) + ": the text is not valid UTF-8 at byte " + std::to_string(*offset)};
  }
  return std::nullopt;
}

// Returns where the text begins after a byte order mark and blanks, or why it cannot be read.
Result<std::size_t> FindStart(std::string_view file, std::string_view text) {
  if (std::optional<Error> refusal = RefuseBinary(file, text)) return *refusal;
  const std::size_t first = text.find_first_not_of(" \t\r\n", text.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  if (first == std::string_view::npos) return Error{ErrorCode::kInvalidArgument, std::string(file) + ": is empty"};
  return first;
}

bool IsJson(char first) { return first == '{' || first == '['; }

Error NoDocuments(std::string_view file) { return {ErrorCode::kInvalidArgument, std::string(file) + ": holds no documents"}; }

}  // namespace

Result<std::vector<Document>> ParseDocuments(std::string_view file, std::string_view text, const ManifestLimits& limits) {
  const Result<std::size_t> first = FindStart(file, text);
  if (!first) return first.error();
  if (IsJson(text[*first])) return SplitJson(file, text, *first, limits);
  Result<std::vector<Document>> documents = ParseYaml(file, text, Lists::kSplit, limits);
  if (documents && documents->empty()) return NoDocuments(file);
  return documents;
}

Result<std::string> ReadWholeAsJson(std::string_view file, std::string_view text, const ManifestLimits& limits) {
  const Result<std::size_t> first = FindStart(file, text);
  if (!first) return first.error();
  if (IsJson(text[*first])) return std::string(text.substr(*first));
  Result<std::vector<Document>> documents = ParseYaml(file, text, Lists::kWhole, limits);
  if (!documents) return documents.error();
  if (documents->empty()) return NoDocuments(file);
  if (documents->size() > 1) {
    return Error{ErrorCode::kInvalidArgument,
                 Place(file, static_cast<int>((*documents)[1].line) - 1, 0) + "found a second document, expected one"};
  }
  return std::move(documents->front().json);
}

}  // namespace writ::cli
