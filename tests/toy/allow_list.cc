// The toy front end; see allow_list.h. Lines to conditions in a graph, then rules in a draft.
#include "tests/toy/allow_list.h"

#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/build/build.h"
#include "rules/model/target_types.h"
#include "rules/opt/graph.h"
#include "rules/opt/program_nodes.h"

namespace writ::toy {
namespace {

constexpr std::pair<std::string_view, Function> kOperators[] = {{"==", Function::kEqual},       {"!=", Function::kNotEqual},
                                                                {"<", Function::kLess},         {">", Function::kGreater},
                                                                {"<=", Function::kLessOrEqual}, {">=", Function::kGreaterOrEqual}};

// The words of one line: names, patterns, operators, texts in quotes; "," and ":" stand alone.
std::vector<std::string> WordsOf(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size() && line[at] != '#';) {
    const char c = line[at];
    std::size_t end = at + 1;
    if (c == '"') {
      end = std::min(line.find('"', end), line.size() - 1) + 1;
    } else if (c != ',' && c != ':' && c != ' ') {
      end = std::min(line.find_first_of(" ,:\"", at), line.size());
    }
    if (c != ' ') words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

class Compiler {
 public:
  Compiler(std::string_view name, std::string_view file) : file_(file) {
    draft_.files.emplace_back(file);
    draft_.policies.push_back({.name = std::string(name), .location = {FileId(0), 1, 1}, .combining = kSkippingCombining});
  }

  Result<Program> Compile(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      words_ = WordsOf(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      next_ = 0;
      ++line_;
      if (words_.empty()) continue;
      if (!ReadLine()) return Error{ErrorCode::kInvalidArgument, file_ + ":" + std::to_string(line_) + ": " + fault_};
    }
    WriteNodes();
    return BuildProgram(draft_);
  }

 private:
  // ---- lines ------------------------------------------------------------------------------------

  bool ReadLine() {
    if (!Expect("server")) return false;
    std::vector<draft::Selector> tools;
    const std::string server = Next();
    if (!Expect(":")) return false;
    do {
      if (At().empty()) return Fail("a tool");
      tools.push_back({server, Next()});
    } while (Take(","));
    NodeId condition;
    const bool is_exception = At() == "unless";
    if (is_exception || At() == "if") {
      Next();
      condition = ReadCondition();
      if (!condition.valid()) return false;
    }
    if (!At().empty()) return Fail("the end of the line");
    AddRule(Verb::kAllow, tools, is_exception ? NodeId() : condition);
    if (is_exception) AddRule(Verb::kDeny, tools, condition);
    return true;
  }

  NodeId ReadCondition() {
    std::vector<NodeId> parts;
    do {
      parts.push_back(ReadComparison());
      if (!parts.back().valid()) return {};
    } while (Take("and"));
    return parts.size() == 1 ? parts[0] : graph_.Make(NodeKind::kAnd, parts, 0, SimpleType(TypeKind::kBool));
  }

  NodeId ReadComparison() {
    const NodeId path = PathOf(Next());
    const std::string name = Next();
    for (const auto& [spelling, function] : kOperators) {
      if (name != spelling) continue;
      const std::optional<NodeId> literal = TryLiteral(At());
      if (!literal) return Fail("a text in quotes, an integer, true or false"), NodeId();
      Next();
      const NodeId args[] = {path, *literal};
      return graph_.Call(function, args, SimpleType(TypeKind::kBool));
    }
    --next_;
    return Fail("a comparison"), NodeId();
  }

  std::optional<NodeId> TryLiteral(std::string_view word) {
    if (word.size() >= 2 && word.front() == '"' && word.back() == '"') {
      return graph_.Constant(Value::String(word.substr(1, word.size() - 2)));
    }
    if (word == "true" || word == "false") return graph_.Constant(Value::Bool(word == "true"));
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (word.empty() || fault != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return graph_.Constant(Value::Int(number));
  }

  // "args.repo": a slot for each step. Members of the target have its types, others none.
  NodeId PathOf(std::string_view path) {
    SlotId slot;
    for (std::size_t begin = 0, end = 0; end < path.size(); begin = end + 1) {
      end = std::min(path.find('.', begin), path.size());
      const std::string_view key = path.substr(begin, end - begin);
      slot = slot.valid() ? graph_.Child(slot, key) : graph_.Root(key);
      const TargetInfo& tools = InfoOf(Target::kTools);
      if (const Member* member = TryFindMember(tools, path.substr(0, end)))
        graph_.slots[slot.index].type = TypeOfMember(types_, tools, *member, {});
    }
    return graph_.Leaf(NodeKind::kSlot, slot.index, 0, graph_.slots[slot.index].type);
  }

  // ---- words ------------------------------------------------------------------------------------

  std::string At() const { return next_ < words_.size() ? words_[next_] : ""; }
  std::string Next() { return next_ < words_.size() ? words_[next_++] : ""; }
  bool Take(std::string_view word) {
    if (At() != word) return false;
    ++next_;
    return true;
  }
  bool Expect(std::string_view word) { return Take(word) || Fail("`" + std::string(word) + "`"); }
  bool Fail(const std::string& expected) {
    fault_ = "found " + (At().empty() ? "the end of the line" : "`" + At() + "`") + ", expected " + expected;
    return false;
  }

  // ---- the program ------------------------------------------------------------------------------

  void AddRule(Verb verb, const std::vector<draft::Selector>& tools, NodeId condition) {
    draft::Rule& rule = draft_.rules.emplace_back();
    rule.policy = PolicyId(std::size_t{0});
    rule.verb = verb;
    rule.id = "r" + std::to_string(draft_.rules.size());
    rule.line = line_;
    rule.column = 1;
    rule.selectors = tools;
    rule.guard = condition;  // of the graph, until WriteNodes
  }

  // All conditions together, so that what they share is found.
  void WriteNodes() {
    std::vector<NodeId> roots;
    for (const draft::Rule& rule : draft_.rules) {
      if (rule.guard.valid()) roots.push_back(rule.guard);
    }
    ProgramNodes nodes(graph_, types_, draft_, roots, Sharing::kYes);
    for (draft::Rule& rule : draft_.rules) {
      if (rule.guard.valid()) rule.guard = nodes.Write(rule.guard);
    }
  }

  const std::string file_;
  std::vector<std::string> words_;  // of the line
  std::size_t next_ = 0;
  std::uint32_t line_ = 0;
  std::string fault_;
  TypeTable types_;
  Graph graph_{true};
  draft::Program draft_;
};

}  // namespace

Result<Program> CompileAllowList(std::string_view name, std::string_view file, std::string_view text) {
  return Compiler(name, file).Compile(text);
}

}  // namespace writ::toy
