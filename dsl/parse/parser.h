// The parser: policy text in, syntax tree out. Hand-written, recursive descent, precedence climbing for expressions.
// It reports every fault it finds and resynchronises at clauses, rules, test lines and declarations. No bytes crash it: nesting is
// bounded by SourceLimits::max_expression_depth, nodes by max_expression_nodes, text by max_file_bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dsl/diagnostics/diagnostic.h"
#include "dsl/syntax/tree.h"
#include "rules/base/limits.h"
#include "rules/base/source.h"

namespace writ::dsl {

// How a token stands to its neighbours; what the formatter needs to know beyond the text. A set of bits.
enum LayoutFlag : std::uint16_t {
  kGlueBefore = 1,  // no space before it
  kGlueAfter = 2,   // no space after it
  kOpens = 4,       // opens a bracket of an expression, type or list
  kCloses = 8,
  kBlockOpens = 16,  // opens or closes the braces of a declaration
  kBlockCloses = 32,
  kStarts = 64,         // first token of a declaration, rule or test line: always starts a line
  kStartsSoftly = 128,  // first token of a column or signer member, or the first after attributes: may start a line
  kClause = 256,        // first token of a clause of a rule, or the arrow of a test line
};

// One token of the file, in order; comments are in the gaps between them.
struct LayoutToken {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint16_t flags = 0;
};

// Parses one policy file. `file` must outlive the tree. When `sink.error_count()` grew, the tree holds what could be read and must
// not be lowered (clauses that did not parse are missing from it). `layout`, when given, receives all tokens of a file without
// errors. Never throws on user text. Linear in the text.
FileTree ParseFile(const SourceFile& file, FileId id, DiagnosticSink& sink, const SourceLimits& limits = {},
                   std::vector<LayoutToken>* layout = nullptr);

// Parses a file that is one CEL expression into `tree` (appending to its nodes). Nothing when it does not parse: `sink` has the faults.
std::optional<ExprId> ParseExpressionOnly(const SourceFile& file, FileId id, FileTree& tree, DiagnosticSink& sink,
                                          const SourceLimits& limits = {});

// Parses a file that is what `signed by` takes: "release or 2 of (a, b, c)". Nothing when it does not parse: `sink` has the faults.
std::optional<SignerExpr> ParseSignersOnly(const SourceFile& file, FileId id, DiagnosticSink& sink, const SourceLimits& limits = {});

}  // namespace writ::dsl
