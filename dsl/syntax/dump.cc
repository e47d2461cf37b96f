#include "dsl/syntax/dump.h"

namespace writ::dsl {
namespace {

std::string_view KindText(const Expr& expr) {
  static constexpr std::string_view kMacros[] = {"all", "exists", "exists_one", "map", "filter", "optMap", "optFlatMap"};
  switch (expr.kind) {
    case ExprKind::kLiteral: return "literal";
    case ExprKind::kIdent: return expr.rooted ? "root-id" : "id";
    case ExprKind::kSelect: return ".";
    case ExprKind::kOptionalSelect: return ".?";
    case ExprKind::kHas: return "has";
    case ExprKind::kCall: return expr.is_method ? "method" : expr.rooted ? "root-call" : "call";
    case ExprKind::kUnary:
    case ExprKind::kBinary: return expr.text;
    case ExprKind::kAnd: return "&&";
    case ExprKind::kOr: return "||";
    case ExprKind::kConditional: return "?:";
    case ExprKind::kList: return "list";
    case ExprKind::kMap: return "map";
    case ExprKind::kStruct: return expr.rooted ? "root-struct" : "struct";
    case ExprKind::kMacro: return kMacros[static_cast<std::size_t>(expr.macro)];
  }
  return {};
}

bool ShowsText(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kIdent:
    case ExprKind::kSelect:
    case ExprKind::kOptionalSelect:
    case ExprKind::kHas:
    case ExprKind::kCall:
    case ExprKind::kStruct: return true;
    default: return false;
  }
}

class Dumper {
 public:
  explicit Dumper(const FileTree& tree) : tree_(tree) {}

  std::string& out() { return out_; }

  void AppendExpr(ExprId id) {  // NOLINT(misc-no-recursion): depth <= SourceLimits::max_expression_depth
    const Expr& expr = tree_.expr(id);
    if (expr.kind == ExprKind::kLiteral) {
      out_.append(ExprText(tree_, id));
      return;
    }
    out_.append("(").append(expr.kind == ExprKind::kMacro ? "macro " : "").append(KindText(expr));
    if (ShowsText(expr)) out_.append(" ").append(expr.text);
    for (const std::string_view name : expr.names) out_.append(" :").append(name);
    std::size_t entry = 0;
    for (const ExprId argument : expr.args) {
      const std::size_t position = expr.kind == ExprKind::kMap ? entry / 2 : entry;
      const bool marked = !expr.optional.empty() && expr.optional[position] && (expr.kind != ExprKind::kMap || entry % 2 == 0);
      out_.append(marked ? " ?" : " ");
      AppendExpr(argument);
      ++entry;
    }
    out_.append(")");
  }

  void AppendFile() {
    if (!tree_.package.text.empty()) Line("package", {tree_.package.text});
    for (const ImportDecl& import : tree_.imports) Line("import data", {import.name.text});
    for (const LetDecl& let : tree_.lets) ExprLine("let", let.name.text, let.value);
    for (const FnDecl& fn : tree_.fns) AppendFn(fn);
    for (const TableDecl& table : tree_.tables) AppendTable(table);
    for (const SignerDecl& signer : tree_.signers) {
      static constexpr std::string_view kKinds[] = {"key", "keyless", "certificate"};
      Line("signer", {signer.name.text, kKinds[static_cast<std::size_t>(signer.kind)], signer.key.value, signer.issuer.value,
                      signer.subject.value, signer.trust.value});
      for (const SignerOptionClause& option : signer.options)
        Line("  option", {InfoOf(option.kind).word, option.name.value, option.value.value});
    }
    for (const PolicyDecl& policy : tree_.policies) AppendPolicy(policy);
    for (const TestDecl& test : tree_.tests) AppendTest(test);
  }

 private:
  void Line(std::string_view head, std::initializer_list<std::string_view> words) {
    out_.append(head);
    for (const std::string_view word : words) {
      if (!word.empty()) out_.append(" ").append(word);
    }
    out_.append("\n");
  }
  void ExprLine(std::string_view head, std::string_view name, ExprId id) {
    out_.append(head).append(" ").append(name).append(" ");
    AppendExpr(id);
    out_.append("\n");
  }
  void AppendType(const TypeExpr& type) {  // NOLINT(misc-no-recursion): depth <= SourceLimits::max_expression_depth
    out_.append(type.name);
    if (!type.parameters.empty()) {
      out_.append("(");
      for (std::size_t i = 0; i < type.parameters.size(); ++i) {
        if (i > 0) out_.append(", ");
        AppendType(type.parameters[i]);
      }
      out_.append(")");
    }
    if (type.optional) out_.append("?");
  }
  void AppendFn(const FnDecl& fn) {
    out_.append("fn ").append(fn.name.text);
    for (const Parameter& parameter : fn.parameters) {
      out_.append(" ").append(parameter.name.text).append(":");
      AppendType(parameter.type);
    }
    out_.append(" -> ");
    AppendType(fn.result);
    out_.append(" = ");
    AppendExpr(fn.body);
    out_.append("\n");
  }
  void AppendTable(const TableDecl& table) {
    out_.append("table ").append(table.name.text);
    AppendStorage(table.storage);
    out_.append("\n");
    for (const ColumnDecl& column : table.columns) {
      out_.append("  ").append(column.name.text).append(": ");
      AppendType(column.type);
      AppendStorage(column.storage);
      out_.append("\n");
    }
    for (const RelationDecl& r : table.relations) {
      Line("  relation",
           {r.name.text, r.many ? "many" : "one", r.table.text, "on", r.their_table.text, r.their_column.text, "=", r.our_column.text});
      for (const RelationTermDecl& term : r.terms) {
        out_.append("    and ").append(term.their_table.text).append(" ").append(term.their_column.text).append(" = ");
        out_.append(term.our_column.text);
        if (term.value.valid()) AppendExpr(term.value);
        out_.append("\n");
      }
    }
  }
  void AppendStorage(const std::vector<StorageClause>& storage) {
    for (const StorageClause& clause : storage) {
      out_.append(", ").append(ColumnOptionName(clause.kind));
      if (!clause.text.value.empty()) out_.append(" ").append(clause.text.value);
      if (clause.dialect != SqlDialect::kAny) out_.append(" on ").append(SqlDialectName(clause.dialect));
    }
  }

  void AppendPatterns(std::string_view label, const std::vector<Pattern>& patterns) {
    if (patterns.empty()) return;
    out_.append(" ").append(label).append("=[");
    for (std::size_t i = 0; i < patterns.size(); ++i) out_.append(i > 0 ? ", " : "").append(patterns[i].text);
    out_.append("]");
  }
  void AppendNames(std::string_view label, const std::vector<Name>& names) {
    if (names.empty()) return;
    out_.append(" ").append(label).append("=[");
    for (std::size_t i = 0; i < names.size(); ++i) out_.append(i > 0 ? ", " : "").append(names[i].text);
    out_.append("]");
  }
  void AppendStrings(std::string_view label, const std::vector<StringLiteral>& strings) {
    for (const StringLiteral& string : strings) AppendString(label, string);
  }
  void AppendString(std::string_view label, const StringLiteral& string) {
    if (string.span.begin != string.span.end) out_.append(" ").append(label).append("=\"").append(string.value).append("\"");
  }
  void AppendClause(std::string_view label, ExprId id) {
    if (!id.valid()) return;
    out_.append(" ").append(label).append("=");
    AppendExpr(id);
  }
  void AppendWord(std::string_view label, std::string_view word) {
    if (!word.empty()) out_.append(" ").append(label).append("=").append(word);
  }

  void AppendAttributes(const std::vector<Attribute>& attributes) {
    for (const Attribute& attribute : attributes) out_.append(" @").append(attribute.name.text).append("=").append(attribute.value);
  }
  void AppendPolicy(const PolicyDecl& policy) {
    out_.append("policy ")
        .append(policy.name.text)
        .append(" for ")
        .append(policy.target_name.text)
        .append(" ")
        .append(PolicyModeName(policy.mode));
    AppendPatterns("scopes", policy.scopes);
    AppendNames("on", policy.operations);
    AppendAttributes(policy.attributes);
    out_.append("\n");
    for (const RuleDecl& rule : policy.rules) AppendRule(rule);
  }
  void AppendRule(const RuleDecl& rule) {
    out_.append("  ").append(VerbName(rule.verb));
    AppendAttributes(rule.attributes);
    AppendPatterns("names", rule.patterns);
    AppendNames("columns", rule.columns);
    AppendStrings("pointer", rule.pointers);
    AppendClause("requirement", rule.requirement);
    AppendClause("image", rule.image);
    for (const DemandClause& demand : rule.demands) {
      AppendString("attested", demand.predicate_type);
      out_.append(" signers=");
      if (demand.signers) AppendSigners(*demand.signers);
      AppendClause("where", demand.condition);
    }
    if (rule.mask) AppendMask(*rule.mask);
    if (rule.limit) AppendLimit(*rule.limit);
    AppendClause("when", rule.when);
    AppendClause("unless", rule.unless);
    AppendMessage(rule.message);
    AppendStrings("scope", rule.needs_scopes);
    out_.append("\n");
  }
  void AppendSigners(const SignerExpr& signers) {  // NOLINT(misc-no-recursion): depth <= SourceLimits::max_expression_depth
    if (signers.kind == SignerExpr::Kind::kSigner) {
      out_.append(signers.signer.text);
      return;
    }
    out_.append("(").append(std::to_string(signers.needed)).append(" of");
    for (const SignerExpr& operand : signers.operands) {
      out_.append(" ");
      AppendSigners(operand);
    }
    out_.append(")");
  }
  void AppendMask(const MaskClause& mask) {
    static constexpr std::string_view kKinds[] = {"keep-last", "keep-first", "hash", "with", "null"};
    out_.append(" mask=").append(kKinds[static_cast<std::size_t>(mask.kind)]);
    if (mask.kind == MaskKind::kKeepLast || mask.kind == MaskKind::kKeepFirst) out_.append("-").append(std::to_string(mask.count));
    AppendString("replacement", mask.replacement);
  }
  void AppendLimit(const LimitClause& limit) {
    out_.append(" limit=").append(std::to_string(limit.count)).append("/").append(std::to_string(limit.period_nanos)).append("ns");
    for (const ExprId key : limit.keys) AppendClause("by", key);
  }
  void AppendMessage(const MessageText& message) {
    if (message.pieces.empty()) return;
    out_.append(" message=\"");
    for (const MessagePiece& piece : message.pieces) {
      if (!piece.expr.valid()) {
        out_.append(piece.text);
        continue;
      }
      out_.append("{");
      AppendExpr(piece.expr);
      out_.append("}");
    }
    out_.append("\"");
  }

  void AppendTest(const TestDecl& test) {
    out_.append("test \"").append(test.name.value).append("\"\n");
    for (const TestStep& step : test.steps) AppendStep(step);
  }
  void AppendStep(const TestStep& step) {
    static constexpr std::string_view kSteps[] = {"principal", "context", "at",     "after", "data",  "image",
                                                  "namespace", "unknown", "call",   "list",  "read",  "prompt",
                                                  "ask",       "row",     "filter", "admit", "schema"};
    static constexpr std::string_view kStates[] = {"signed-by", "not-signed-by", "unknown", "attested"};
    out_.append("  ").append(kSteps[static_cast<std::size_t>(step.kind)]);
    AppendString("server", step.server);
    AppendClause("server", step.server_object);
    AppendWord("name", step.name.text);
    AppendClause("name", step.name_object);
    AppendPatterns("names", step.names);
    for (const ExprId object : step.objects) AppendClause("object", object);
    for (const ExprId path : step.paths) AppendClause("path", path);
    AppendWord("word", step.word.text);
    AppendWord("dialect", step.dialect.text);
    AppendString("text", step.uri);
    AppendClause("value", step.value);
    AppendString("file", step.file);
    AppendClause("previous", step.previous);
    AppendString("previous-file", step.previous_file);
    if (step.after_nanos != 0) out_.append(" nanos=").append(std::to_string(step.after_nanos));
    if (step.kind == TestStep::Kind::kImage) AppendWord("state", kStates[static_cast<std::size_t>(step.image_state)]);
    AppendString("attested", step.predicate_type);
    AppendNames("signers", step.signers);
    if (step.times != 1) out_.append(" times=").append(std::to_string(step.times));
    if (step.kind >= TestStep::Kind::kCall) AppendExpectation(step.expect);
    out_.append("\n");
  }
  void AppendExpectation(const Expectation& expect) {
    static constexpr std::string_view kEffects[] = {"allow", "deny",   "warn", "visible", "hidden",
                                                    "names", "filter", "all",  "none",    "conditional"};
    out_.append(" -> ");
    if (expect.covered) {
      out_.append(*expect.covered ? "covered" : "not covered");
      return;
    }
    out_.append(kEffects[static_cast<std::size_t>(expect.effect)]);
    AppendPatterns("names", expect.names);
    AppendString("condition", expect.condition);
    for (const Expectation::ColumnValue& column : expect.columns) AppendClause(column.column.text, column.value);
    AppendWord("by", expect.by.text);
    AppendStrings("because", expect.because);
    AppendStrings("scope", expect.needs_scopes);
    if (expect.error) out_.append(" error");
    for (const Expectation::Shadow& shadow : expect.shadows) {
      out_.append(" shadow=").append(kEffects[static_cast<std::size_t>(shadow.effect)]);
      AppendWord("by", shadow.by.text);
    }
    for (const Expectation::Redaction& redaction : expect.redactions) {
      AppendString("redact", redaction.pointer);
      AppendMask(redaction.mask);
    }
    if (expect.retry_after_nanos) out_.append(" retry-nanos=").append(std::to_string(*expect.retry_after_nanos));
  }

  const FileTree& tree_;
  std::string out_;
};

}  // namespace

std::string DumpExpr(const FileTree& tree, ExprId id) {
  Dumper dumper(tree);
  dumper.AppendExpr(id);
  return std::move(dumper.out());
}

std::string DumpTree(const FileTree& tree) {
  Dumper dumper(tree);
  dumper.AppendFile();
  return std::move(dumper.out());
}

}  // namespace writ::dsl
