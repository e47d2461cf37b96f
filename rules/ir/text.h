// Expressions of a program as CEL text: compiled again in the same environment, the text gives the
// same node. So no program stores texts, and what is shown is what is evaluated.
//
//   in:  groups.exists(g, (g == "sre")) && size(args.text) > 1024 * 2
//   out: groups.exists(x, x == "sre") && size(args.text) > 2048
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rules/ir/program.h"

namespace writ {

// Longest text that is ever written: nodes may share parts, so that a small program can have huge
// expressions.
inline constexpr std::size_t kMaxNodeTextBytes = std::size_t{64} * 1024;

// Writes expressions of one program, which is borrowed. Not thread-safe.
class NodeTexts {
 public:
  explicit NodeTexts(const Program& program);
  ~NodeTexts();
  NodeTexts(const NodeTexts&) = delete;
  NodeTexts& operator=(const NodeTexts&) = delete;

  // TryNodeText and ShownNodeText; the first call of each costs O(slots + lets).
  std::optional<std::string> TryText(NodeId node, std::size_t max_bytes = kMaxNodeTextBytes);
  std::string ShownText(NodeId node, std::size_t max_bytes = kMaxNodeTextBytes);

  // Returns the name of the `let` that ShownText shows the node by, "" when there is none. The view
  // points into the program.
  std::string_view LetName(NodeId node);

  // ShownText, but for a node that a `let` named: what the name stands for, where other names stay.
  std::string ShownBody(NodeId node, std::size_t max_bytes = kMaxNodeTextBytes);

  struct Names;

 private:
  const Names& all_names();

  const Program& program_;
  std::unique_ptr<const Names> roots_, all_;
};

// Returns the expression with the fewest parentheses, lets and fns inlined; nothing when it is
// longer than `max_bytes`. Variables of macros are named x, y, z, … past the names of roots.
// Requires: a closed node of a verified program. O(max_bytes + slots).
std::optional<std::string> TryNodeText(const Program& program, NodeId node, std::size_t max_bytes = kMaxNodeTextBytes);

// The same for people: what a `let` named is shown by its name, and a long text is cut with "…".
std::string ShownNodeText(const Program& program, NodeId node, std::size_t max_bytes = kMaxNodeTextBytes);

// Returns a constant as CEL text: `"acme"`, `5u`, `["a", "b"]`, `duration("90s")`; an error, which
// no policy has, as `<error: …>`.
std::string ConstantText(const Program& program, ConstantId constant);

}  // namespace writ
