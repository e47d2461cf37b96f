// The tree is built from libyaml's events: aliases share nodes, and the JSON is written under a size limit, so that an "anchor bomb" costs
// what the limit allows and no more. libyaml is C: every step returns whether it may go on, and the first fault is kept.
#include "cli/yaml_tree.h"

#include <yaml.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "cli/text.h"
#include "cli/yaml_scalar.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";
constexpr std::string_view kMergeNeedsMaps = "`<<` takes a mapping or a list of mappings";

std::string_view View(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

std::string Place(std::string_view file, std::size_t line, std::size_t column) {
  return std::string(file) + ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": ";
}

// A list or a map that is not closed yet.
struct OpenNode {
  std::shared_ptr<YamlNode> node;
  std::string anchor;
  yaml_mark_t mark{};
  bool expects_value = false;  // kMap: a key was read
  bool is_merge = false;       // the key was `<<`
  std::string key;
  // kMap: where each key stands in node->members, and whether `<<` brought it.
  struct Slot {
    std::size_t index = 0;
    bool is_merged = false;
  };
  std::unordered_map<std::string, Slot> slots;
  bool has_merge = false;
};

class TreeBuilder {
 public:
  TreeBuilder(const YamlPart& part, const ManifestLimits& limits, std::uint32_t& nodes) : part_(part), limits_(limits), nodes_(nodes) {}

  // Takes one event; false when there is a fault.
  bool Take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_END_EVENT: return true;
      case YAML_DOCUMENT_START_EVENT:
        return ++documents_ == 1 ||
               Fail(event.start_mark, "found more text after the end of the document, expected `---` on a line of its own");
      case YAML_SCALAR_EVENT: return OnScalar(event.start_mark, event.data.scalar);
      case YAML_ALIAS_EVENT: return OnAlias(event.start_mark, std::string(View(event.data.alias.anchor)));
      case YAML_SEQUENCE_START_EVENT: return Open(event.start_mark, YamlNode::Kind::kList, View(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT: return Open(event.start_mark, YamlNode::Kind::kMap, View(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: return Close();
    }
    return false;
  }

  YamlDocument Finish() {
    if (root_ != nullptr && root_->kind == YamlNode::Kind::kScalar && root_->json == "null") root_ = nullptr;
    return {std::move(root_), part_.first_line + static_cast<std::uint32_t>(first_line_) + 1, std::move(surprise_)};
  }
  const Error& error() const { return error_; }

 private:
  bool Fail(const yaml_mark_t& mark, std::string_view message, ErrorCode code = ErrorCode::kInvalidArgument) {
    error_ = {code, PlaceAt(mark).append(message)};
    return false;
  }
  std::string PlaceAt(const yaml_mark_t& mark) const { return Place(part_.file, part_.first_line + mark.line, mark.column); }

  bool CountNode(const yaml_mark_t& mark) {
    if (++nodes_ <= limits_.max_nodes) return true;
    return Fail(mark, "more than " + Counted(limits_.max_nodes, "value"), ErrorCode::kTooLarge);
  }
  bool Begin(const yaml_mark_t& mark) {
    if (!has_content_) first_line_ = mark.line;
    has_content_ = true;
    return CountNode(mark);
  }
  bool ExpectsKey() const { return !open_.empty() && open_.back().node->kind == YamlNode::Kind::kMap && !open_.back().expects_value; }

  // Keeps the first one.
  void NoteSurprise(const yaml_mark_t& mark, const YamlScalar& scalar, std::string (*surprise_of)(const YamlScalar&)) {
    if (!surprise_.empty()) return;
    if (const std::string text = surprise_of(scalar); !text.empty()) surprise_ = PlaceAt(mark) + text;
  }

  using ScalarEvent = decltype(yaml_event_t{}.data.scalar);
  bool OnScalar(const yaml_mark_t& mark, const ScalarEvent& event) {
    if (!Begin(mark)) return false;
    const YamlScalar scalar{
        {reinterpret_cast<const char*>(event.value), event.length}, View(event.tag), event.style == YAML_PLAIN_SCALAR_STYLE};
    // Kubernetes resolves `! "true"` as if it were plain, and `! <<` is a merge; the standard says that both are text.
    if (scalar.tag == "!") return Fail(mark, "the tag `!` is not read alike everywhere: leave it out");
    const std::string anchor(View(event.anchor));
    if (ExpectsKey()) return SetKey(mark, scalar, anchor);
    Result<ScalarValue> value = ResolveScalar(scalar);
    if (!value) return Fail(mark, value.error().message);
    NoteSurprise(mark, scalar, ValueSurprise);
    auto node = std::make_shared<YamlNode>();
    node->json = std::move(value->json);
    node->is_whole_float = value->is_whole_float;
    if (!anchor.empty()) anchors_[anchor] = node;
    return Add(mark, std::move(node), Source::kWritten);
  }

  bool SetKey(const yaml_mark_t& mark, const YamlScalar& scalar, const std::string& anchor) {
    OpenNode& open = open_.back();
    if (!anchor.empty()) return Fail(mark, "a key has an anchor");
    open.expects_value = true;
    open.is_merge = scalar.text == "<<" && (scalar.tag == kMergeTag || (scalar.tag.empty() && scalar.is_plain));
    if (open.is_merge) return !std::exchange(open.has_merge, true) || Fail(mark, "duplicate key `<<`");
    Result<std::string> key = ResolveKey(scalar);
    if (!key)
      return Fail(mark, scalar.text.empty() ? std::string_view("a key is missing before `:`") : std::string_view(key.error().message));
    NoteSurprise(mark, scalar, KeySurprise);
    open.key = std::move(*key);
    const auto [slot, is_new] = open.slots.try_emplace(open.key, OpenNode::Slot{open.node->members.size(), false});
    if (is_new) {
      open.node->members.emplace_back(open.key, nullptr);
    } else if (!std::exchange(slot->second.is_merged, false)) {
      return Fail(mark, "duplicate key `" + OneLine(open.key, 60) + "`");
    }
    return true;
  }

  bool OnAlias(const yaml_mark_t& mark, const std::string& anchor) {
    if (!Begin(mark)) return false;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Fail(mark, "the anchor `" + OneLine(anchor, 60) + "` is not defined before this place");
    if (found->second == nullptr) return Fail(mark, "an anchor refers to itself");
    if (ExpectsKey()) return Fail(mark, "an alias is used as a key");
    return Add(mark, found->second, Source::kAlias);
  }

  bool Open(const yaml_mark_t& mark, YamlNode::Kind kind, std::string_view anchor) {
    if (!Begin(mark)) return false;
    if (ExpectsKey()) return Fail(mark, "a list or a mapping is used as a key");
    if (open_.size() >= limits_.max_depth) return FailTooDeep(mark);
    OpenNode open;
    open.node = std::make_shared<YamlNode>();
    open.node->kind = kind;
    open.anchor = anchor;
    open.mark = mark;
    if (!anchor.empty()) anchors_[open.anchor] = nullptr;  // until it is closed
    open_.push_back(std::move(open));
    return true;
  }
  bool Close() {
    const OpenNode open = std::move(open_.back());
    open_.pop_back();
    // An anchor of the same name inside this node is the later one.
    if (const auto anchor = anchors_.find(open.anchor); anchor != anchors_.end() && anchor->second == nullptr) anchor->second = open.node;
    return Add(open.mark, open.node, Source::kWritten);
  }

  enum class Source { kWritten, kAlias };

  // Puts a finished node where it belongs.
  bool Add(const yaml_mark_t& mark, YamlNodePtr node, Source source) {
    if (open_.empty()) {
      root_ = std::move(node);
      return true;
    }
    OpenNode& open = open_.back();
    open.node->depth = std::max(open.node->depth, node->depth + 1);
    if (open.node->depth + open_.size() - 1 > limits_.max_depth) return FailTooDeep(mark);
    if (open.node->kind == YamlNode::Kind::kList) {
      open.node->items.push_back(std::move(node));
      return true;
    }
    open.expects_value = false;
    if (open.is_merge) return Merge(mark, *node, source);
    open.node->members[open.slots.at(open.key).index].second = std::move(node);
    return true;
  }

  // Adds the members of the value of `<<`; of several maps the first that has a key counts.
  bool Merge(const yaml_mark_t& mark, const YamlNode& value, Source source) {
    if (value.kind == YamlNode::Kind::kMap) return MergeMap(mark, value);
    if (value.kind == YamlNode::Kind::kScalar || source == Source::kAlias) return Fail(mark, kMergeNeedsMaps);
    for (const YamlNodePtr& item : value.items) {
      if (item->kind != YamlNode::Kind::kMap) return Fail(mark, kMergeNeedsMaps);
      if (!MergeMap(mark, *item)) return false;
    }
    return true;
  }
  bool MergeMap(const yaml_mark_t& mark, const YamlNode& map) {
    OpenNode& open = open_.back();
    for (const auto& [key, member] : map.members) {
      if (!CountNode(mark)) return false;
      const auto [slot, is_new] = open.slots.try_emplace(key, OpenNode::Slot{open.node->members.size(), true});
      if (is_new) {
        open.node->members.emplace_back(key, member);
      } else if (!slot->second.is_merged) {
        return Fail(mark, "`<<` holds `" + OneLine(key, 60) +
                              "`, which stands before it: Kubernetes lets `<<` win, others do not; write `<<` first");
      }
    }
    return true;
  }

  bool FailTooDeep(const yaml_mark_t& mark) {
    return Fail(mark, "nested more than " + Counted(limits_.max_depth, "level") + " deep", ErrorCode::kTooLarge);
  }

  const YamlPart& part_;
  const ManifestLimits& limits_;
  std::uint32_t& nodes_;
  std::unordered_map<std::string, YamlNodePtr> anchors_;  // null while the anchored node is open
  std::vector<OpenNode> open_;
  YamlNodePtr root_;
  std::uint32_t documents_ = 0;
  std::size_t first_line_ = 0;  // 0-based, inside the part
  bool has_content_ = false;
  std::string surprise_;
  Error error_;
};

// The character at a mark, whose column counts code points; 0 at the end.
char CharAt(std::string_view text, const yaml_mark_t& mark) {
  std::size_t at = 0;
  for (std::size_t line = 0; line < mark.line && at < text.size(); ++line) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  for (std::size_t column = 0; column < mark.column && at < text.size(); ++column) at += std::max<std::size_t>(1, Utf8Length(text, at));
  return at < text.size() ? text[at] : '\0';
}

// Says what is likely meant where libyaml's own words are about its insides.
std::string Explain(std::string_view problem, char found) {
  const auto says = [&](std::string_view words) { return problem.find(words) != std::string_view::npos; };
  if (found == '\t' && says("cannot start any token")) return "a tab is used for indentation, expected blanks";
  if (says("expected <document start>") || says("did not find expected '-' indicator"))
    return "found more text after the end of the document or list, expected `---` on a line of its own";
  if (says("did not find expected node content") && found == ',') return "found nothing between two commas";
  if (says("did not find expected key") && found == ':') return "a key is missing before `:`";
  if (says("mapping values are not allowed"))
    return "found `:` where no key may stand: write the value in quotes, or indent the line as its neighbours";
  return "not YAML: " + std::string(problem);
}

// Frees what libyaml allocated.
struct Parser {
  Parser() { is_ready = yaml_parser_initialize(&parser) != 0; }
  ~Parser() {
    if (is_ready) yaml_parser_delete(&parser);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  yaml_parser_t parser{};
  bool is_ready = false;
};

Error ParserError(const YamlPart& part, const yaml_parser_t& parser) {
  const std::string_view problem = parser.problem == nullptr ? "out of memory" : parser.problem;
  if (parser.error == YAML_READER_ERROR) {
    const std::size_t offset = std::min(parser.problem_offset, part.text.size());
    const auto line =
        static_cast<std::size_t>(std::count(part.text.begin(), part.text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    return {ErrorCode::kInvalidArgument, Place(part.file, part.first_line + line, 0) + "not YAML: " + std::string(problem)};
  }
  if (part.text.starts_with('%'))
    return {ErrorCode::kInvalidArgument,
            Place(part.file, part.first_line, 0) + "kubectl reads no directives such as `%YAML`: leave the line out"};
  // What was begun and not finished is told by where it begins.
  const auto begun = [&](std::string_view message) {
    return Error{ErrorCode::kInvalidArgument,
                 Place(part.file, part.first_line + parser.context_mark.line, parser.context_mark.column).append(message)};
  };
  if (problem == "could not find expected ':'") return begun("found a line without `:`, expected `key: value`");
  if (problem == "found unexpected end of stream" && std::string_view(parser.context) == "while scanning a quoted scalar")
    return begun("this quoted text is not closed");
  const yaml_mark_t& mark = parser.problem_mark;
  return {ErrorCode::kInvalidArgument,
          Place(part.file, part.first_line + mark.line, mark.column) + Explain(problem, CharAt(part.text, mark))};
}

}  // namespace

const YamlNode* FindMember(const YamlNode& map, std::string_view name) {
  for (const auto& [key, value] : map.members) {
    if (key == name) return value.get();
  }
  return nullptr;
}

Result<YamlDocument> ReadYamlDocument(const YamlPart& part, const ManifestLimits& limits, std::uint32_t& nodes) {
  Parser parser;
  if (!parser.is_ready) return Error{ErrorCode::kTooLarge, std::string(part.file) + ": out of memory"};
  yaml_parser_set_encoding(&parser.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser.parser, reinterpret_cast<const unsigned char*>(part.text.data()), part.text.size());
  TreeBuilder builder(part, limits, nodes);
  for (bool at_end = false; !at_end;) {
    yaml_event_t event;
    if (yaml_parser_parse(&parser.parser, &event) == 0) return ParserError(part, parser.parser);
    at_end = event.type == YAML_STREAM_END_EVENT;
    const bool is_taken = builder.Take(event);
    yaml_event_delete(&event);
    if (!is_taken) return builder.error();
  }
  return builder.Finish();
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= ManifestLimits::max_depth, which TreeBuilder enforced
bool AppendYamlNode(const YamlNode& node, YamlNumbers numbers, std::size_t max_bytes, std::string& out) {
  if (out.size() > max_bytes) return false;
  switch (node.kind) {
    case YamlNode::Kind::kScalar:
      out += node.json;
      if (node.is_whole_float && numbers == YamlNumbers::kAsWritten) out += ".0";
      return true;
    case YamlNode::Kind::kList:
      out += '[';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ',';
        if (!AppendYamlNode(*node.items[i], numbers, max_bytes, out)) return false;
      }
      out += ']';
      return true;
    case YamlNode::Kind::kMap:
      out += '{';
      for (std::size_t i = 0; i < node.members.size(); ++i) {
        if (i > 0) out += ',';
        AppendJsonString(node.members[i].first, out);
        out += ':';
        if (!AppendYamlNode(*node.members[i].second, numbers, max_bytes, out)) return false;
      }
      out += '}';
      return true;
  }
  return false;
}

}  // namespace writ::cli
