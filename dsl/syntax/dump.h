// The syntax tree as text: stable, one line per declaration, rule and test line, expressions as S-expressions. For tests, bug
// reports and `writ dump`.
#pragma once

#include <string>

#include "dsl/syntax/tree.h"

namespace writ::dsl {

// Returns the whole file's tree. Spans are left out.
std::string DumpTree(const FileTree& tree);

// Returns one expression: `(_==_ (. (id row) tenant) "acme")`. Depth is bounded by SourceLimits::max_expression_depth.
std::string DumpExpr(const FileTree& tree, ExprId id);

}  // namespace writ::dsl
