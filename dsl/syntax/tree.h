// The syntax tree: what the parser writes and the checker, the lowerer and the reference evaluator (tests) read.
// Expressions live in one vector and refer to each other by ExprId; declarations are plain structs. Macros (`all`, `exists`,
// `map`, …) stay macro nodes: nothing is expanded to generic comprehensions.
//
// Views point into the SourceFile's text or into the tree's arena; a tree must not outlive either.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/arena.h"
#include "rules/base/ids.h"
#include "rules/base/source.h"
#include "rules/ir/program.h"
#include "rules/model/target.h"
#include "rules/model/value.h"

namespace writ::dsl {

using ExprId = Id<struct ExprTag>;

enum class ExprKind : std::uint8_t {
  kLiteral,         // value
  kIdent,           // text; a leading dot is `rooted`
  kSelect,          // args[0] . text
  kOptionalSelect,  // args[0] .? text
  kHas,             // has(args[0] . text)
  kCall,            // text(args…); a method call has is_method and args[0] is the receiver. Qualified names (`optional.of`) are
                    // method calls on idents until the checker resolves them.
  kUnary,           // text is "-_" or "!_"; args[0]
  kBinary,          // text is the function name of function_list.h ("_+_", "_==_", "@in", "_[_]", "_[?_]", …); args[0], args[1]
  kAnd,             // args…, two or more, flattened
  kOr,              // args…, two or more, flattened
  kConditional,     // args[0] ? args[1] : args[2]
  kList,            // args…
  kMap,             // args: key, value, key, value, …
  kStruct,          // text{field: value, …}; names in `names`, values in args. Only well-formed; the checker refuses unknown types
  kMacro,           // macro; args[0] the range or receiver, then the macro's expressions; names: the iteration variables
};

// `e.all(x, p)` has args {e, p} and names {x}; `e.map(x, p, t)` args {e, p, t}; `o.optMap(x, t)` args {o, t}.
enum class Macro : std::uint8_t { kAll, kExists, kExistsOne, kMap, kFilter, kOptMap, kOptFlatMap };

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  Macro macro = Macro::kAll;
  bool is_method = false;  // kCall
  bool rooted = false;     // kIdent with a leading dot
  SourceSpan span;         // the whole expression
  SourceSpan name_span;    // the operator, member, function or variable name: what a diagnostic underlines
  std::string_view text;
  Value value;  // kLiteral; text lives in the tree's arena
  std::vector<ExprId> args;
  std::vector<std::string_view> names;
  std::vector<SourceSpan> name_spans;  // of `names`
  std::vector<bool> optional;          // kList, kMap, kStruct: entry i was written with `?`; empty = none
};

// Which operand an expression goes on with as a chain: `a + b + c`, `a.b.c`, `a[b][c]` and `a.f().g()` are chains of their first
// operand, `a ? b : c ? d : e` of its last. Chains may be longer than expressions may be nested, so whoever does much at every node
// walks them in a loop. kNoChain when it is none.
inline constexpr std::size_t kNoChain = ~std::size_t{0};
inline std::size_t ChainOperand(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kSelect:
    case ExprKind::kOptionalSelect:
    case ExprKind::kBinary:
    case ExprKind::kMacro: return 0;
    case ExprKind::kCall: return expr.is_method ? 0 : kNoChain;
    case ExprKind::kConditional: return 2;
    case ExprKind::kLiteral:
    case ExprKind::kIdent:
    case ExprKind::kHas:
    case ExprKind::kUnary:
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kList:
    case ExprKind::kMap:
    case ExprKind::kStruct: return kNoChain;
  }
  return kNoChain;
}

struct Name {
  std::string_view text;
  SourceSpan span;
};

// A decoded string literal; `span` covers the quotes.
struct StringLiteral {
  std::string_view value;
  SourceSpan span;
};

// A type as written: `int`, `list(string)`, `map(string, int)`, `string?`.
// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth
struct TypeExpr {
  std::string_view name;  // "int", "list", …
  std::vector<TypeExpr> parameters;
  bool optional = false;  // trailing '?'
  SourceSpan span;
};

struct Attribute {  // @severity(high), @id("x")
  Name name;
  std::string_view value;
  SourceSpan value_span;
};

// `because "text {expr}"`: literal pieces and expressions, in order. A piece is text when `expr` is not valid.
struct MessagePiece {
  std::string_view text;
  ExprId expr;
};
struct MessageText {
  SourceSpan span;
  std::vector<MessagePiece> pieces;  // empty = no message
};

// A pattern in tool position (`delete_*`, "quoted name"). `text` is in the Selector syntax of rules/ir/program.h: what was
// quoted has its '*' and '\' escaped when it was written to be literal (quoted patterns keep '*' as a wildcard).
struct Pattern {
  std::string_view text;
  SourceSpan span;
  bool has_wildcard = false;
};

// Returns the name that a pattern without wildcards stands for: the escapes taken away. For names in tests.
std::string LiteralName(const Pattern& pattern);

// `signed by a`, `a or b`, `a and b`, `2 of (a, b, c)`; parentheses allowed.
struct SignerExpr {
  enum class Kind : std::uint8_t { kSigner, kAtLeast };
  Kind kind = Kind::kSigner;
  Name signer;
  std::uint32_t needed = 0;  // kAtLeast: and = all, or = 1
  std::vector<SignerExpr> operands;
  SourceSpan span;
};

// `signed by a or b`, or `attested "TYPE" by a where CONDITION`.
struct DemandClause {
  std::optional<SignerExpr> signers;  // nothing: those of the rule's first demand
  StringLiteral predicate_type;       // span.begin == span.end: a signature
  ExprId condition;                   // of an attestation; invalid = none
};

// `keep last 4`, `keep first 2`, `hash`, `null`, `with "text"`.
struct MaskClause {
  MaskKind kind = MaskKind::kNull;
  std::uint32_t count = 0;
  StringLiteral replacement;  // kReplace
  SourceSpan span;
};

// `to 30 per 1m by key, key`.
struct LimitClause {
  std::uint64_t count = 0;
  std::int64_t period_nanos = 0;
  std::vector<ExprId> keys;
  SourceSpan span;
};

struct RuleDecl {
  Verb verb = Verb::kDeny;
  SourceSpan verb_span;
  SourceSpan span;
  std::vector<Attribute> attributes;
  std::vector<Pattern> patterns;        // names the rule is about; empty = all
  ExprId requirement;                   // kRequire without an image: the condition that must hold
  ExprId image;                         // kRequire image
  std::vector<DemandClause> demands;    // kRequire image: what each image must carry
  std::vector<Name> columns;            // kMask
  std::vector<StringLiteral> pointers;  // kRedact
  std::optional<MaskClause> mask;       // kMask, kRedact
  std::optional<LimitClause> limit;     // kLimit
  ExprId when, unless;                  // invalid = not given
  MessageText message;                  // because "…"; for `note` and `warn "…"` the text
  std::vector<StringLiteral> needs_scopes;
};

struct PolicyDecl {
  Name name;
  SourceSpan span;
  std::vector<Attribute> attributes;
  Target target = Target::kTools;
  Name target_name;
  std::vector<Pattern> scopes;   // after on / of / to; empty = all
  std::vector<Name> operations;  // admission: create, update, delete, connect; empty = create, update
  PolicyMode mode = PolicyMode::kEnforce;
  std::vector<RuleDecl> rules;
};

struct ImportDecl {  // import data NAME
  Name name;
  SourceSpan span;
};

struct LetDecl {
  Name name;
  ExprId value;
  SourceSpan span;
};

struct Parameter {
  Name name;
  TypeExpr type;
};

struct FnDecl {
  Name name;
  std::vector<Parameter> parameters;
  TypeExpr result;
  ExprId body;
  SourceSpan span;
};

// How a column or, with kName, a table is kept: `stored as "name" at "/pointer"` (two clauses),
// `kept as array`, `exact`, `null as absent`.
struct StorageClause {
  ColumnOptionKind kind = ColumnOptionKind::kName;
  SqlDialect dialect = SqlDialect::kAny;  // `on DIALECT`
  SourceSpan span;                        // the clause's words
  StringLiteral text;                     // kName, kPointer; kLayout: the word
};

struct ColumnDecl {
  Name name;
  TypeExpr type;
  std::vector<StorageClause> storage;
};

struct RelationTermDecl {  // and order_item.tenant = tenant, and order_item.kind = "line"
  Name their_table, their_column, our_column;
  ExprId value;  // a literal; valid where there is no column of ours
};

struct RelationDecl {  // items: many order_item on order_item.order_id = id
  Name name;
  bool many = true;  // else `one`
  Name table, their_table, their_column, our_column;
  std::vector<RelationTermDecl> terms;
};

struct TableDecl {
  Name name;
  std::vector<StorageClause> storage;
  std::vector<ColumnDecl> columns;
  std::vector<RelationDecl> relations;
  SourceSpan span;
};

// One member of a signer beyond whom it is: `log required`, `annotation "env" "prod"`.
struct SignerOptionClause {
  SignerOptionKind kind = SignerOptionKind::kLog;
  SourceSpan span;
  StringLiteral name, value;  // `name` of pairs only
};

struct SignerDecl {
  Name name;
  Signer::Kind kind = Signer::Kind::kKey;
  StringLiteral key, issuer, subject, trust;  // span.begin == span.end: not given; `trust` is also what `roots` says
  std::vector<SignerOptionClause> options;
  SourceSpan span;
};

// One expectation after `->`. Which members count depends on the case.
struct Expectation {
  SourceSpan span;
  enum class Effect : std::uint8_t { kAllow, kDeny, kWarn, kVisible, kHidden, kNames, kFilterText, kFilterAll, kFilterNone, kConditional };
  Effect effect = Effect::kAllow;
  Name by;                             // by POLICY, POLICY.RULE, PACKAGE.POLICY.RULE or `default`; empty = not given
  std::vector<StringLiteral> because;  // parts of messages (warnings for kWarn)
  std::vector<StringLiteral> needs_scopes;
  bool error = false;           // `error`: the decision reports an evaluation error
  std::optional<bool> covered;  // `covered`, `not covered`: nothing else is expected then
  std::vector<Pattern> names;   // kNames
  struct ColumnValue {
    Name column;
    ExprId value;
  };
  std::vector<ColumnValue> columns;  // kVisible, COLUMN VALUE, …
  StringLiteral condition;           // kFilterText; kConditional: what is left, empty = not given
  struct Shadow {                    // `shadow deny by p`: what a policy in shadow mode would have said
    Effect effect = Effect::kDeny;
    Name by;
  };
  std::vector<Shadow> shadows;
  struct Redaction {  // `redact "/x" keep first 1`
    StringLiteral pointer;
    MaskClause mask;
  };
  std::vector<Redaction> redactions;
  std::optional<std::int64_t> retry_after_nanos;  // `retry after 20s`
};

// One line of a test: a scene line (holds until replaced) or a case with an expectation. Data are constant expressions.
struct TestStep {
  enum class Kind : std::uint8_t {
    kPrincipal,
    kContext,
    kAt,
    kAfter,
    kData,
    kImage,
    kNamespace,
    kUnknown,  // scene
    kCall,
    kList,
    kRead,
    kPrompt,
    kAsk,
    kRow,
    kFilter,
    kAdmit,
    kSchema,  // cases
  };
  Kind kind = Kind::kCall;
  SourceSpan span;
  ExprId value;                 // principal, context, namespace, args, row, object, schema, ask: subject
  ExprId previous;              // was {…}; ask: resource
  StringLiteral file;           // file "…" instead of value
  StringLiteral previous_file;  // was file "…"
  StringLiteral server;         // call, list, read, prompt, schema
  Pattern name;                 // tool, prompt; ask: action; admit: Kind.group/subresource
  ExprId server_object;         // the whole object where the name of a server may stand, which is then empty
  ExprId name_object;           // the same for a tool, prompt, resource, action
  StringLiteral uri;            // read; at: the time; image: the reference
  Name word;                    // row, filter: TABLE; filter: dialect in `dialect`; admit: OP; data: NAME
  Name dialect;
  std::vector<Pattern> names;    // list
  std::vector<ExprId> objects;   // list: the whole object of each name, or an invalid id
  std::vector<ExprId> paths;     // unknown: chains of selections such as `args.n`
  std::uint64_t times = 1;       // N times
  std::int64_t after_nanos = 0;  // after 1m
  enum class ImageState : std::uint8_t { kSignedBy, kNotSignedBy, kUnknown, kAttested };
  ImageState image_state = ImageState::kSignedBy;
  StringLiteral predicate_type;  // kAttested, whose predicate is `value`
  std::vector<Name> signers;
  Expectation expect;
};

// Returns the target that a case asks about; kTools for a scene line.
Target TargetOf(TestStep::Kind kind);

struct TestDecl {
  StringLiteral name;
  SourceSpan span;
  std::vector<TestStep> steps;
};

// One parsed file. Movable, not copyable; views stay valid when moved.
struct FileTree {
  FileId file;
  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  std::vector<Expr> exprs;
  Name package;  // empty text = not given
  std::vector<ImportDecl> imports;
  std::vector<LetDecl> lets;
  std::vector<FnDecl> fns;
  std::vector<TableDecl> tables;
  std::vector<SignerDecl> signers;
  std::vector<PolicyDecl> policies;
  std::vector<TestDecl> tests;
  // What the parser could not read. Statements with faults are not in the tree; names that they declare stand here, whatever they
  // name, so that uses of them are not reported as unknown. Not complete: the text was not read to its end, or its package is unclear.
  std::vector<std::string_view> broken_names;
  bool has_faults = false;
  bool complete = true;

  const Expr& expr(ExprId id) const { return exprs[id.index]; }
};

// Returns the expression as canonical CEL text (minimal parentheses), for dumps, residuals and tests. Depth is bounded by
// SourceLimits::max_chain_length.
std::string ExprText(const FileTree& tree, ExprId id);

}  // namespace writ::dsl
