// Lowering in three steps: all expressions become nodes of one graph; slots get the types that
// targets and tables declare; nodes and rules are written in source order.
#include "dsl/lower/lower.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "dsl/lower/discriminators.h"
#include "dsl/lower/graph_builder.h"
#include "dsl/lower/selectors.h"
#include "rules/model/target_types.h"
#include "rules/opt/program_nodes.h"

namespace writ::dsl {
namespace {

constexpr std::string_view kPinMark = "@sha256:";
// Lets that stand on each other. With the shared nodes between them they stay below
// BundleLimits::max_shared_depth (ProgramNodes leaves them room).
constexpr std::uint32_t kMaxLetNesting = 90;
constexpr std::size_t kMaxGraphNodes = 8'000'000;

// The nodes of one rule, before anything is written.
struct RuleNodes {
  NodeId guard;                 // invalid = always
  std::vector<NodeId> message;  // of the pieces with an expression, in order
  std::vector<NodeId> keys;
  NodeId image;
  std::vector<NodeId> conditions;  // of the demands that have one, in order
  std::vector<PlacedNode> places;  // in the guard, as GraphBuilder gives them
};

std::string_view AttributeValue(std::span<const Attribute> attributes, std::string_view name) {
  for (const Attribute& attribute : attributes) {
    if (attribute.name.text == name) return attribute.value;
  }
  return {};
}

class Lowerer {
 public:
  Lowerer(const TypedSet& set, std::span<const SourceFile> files, const LowerOptions& options, DiagnosticSink& sink)
      : set_(set),
        files_(files),
        options_(options),
        sink_(sink),
        graph_(options.optimize),
        lines_(MakeLines(files)),
        builder_(set, graph_, lines_, options.limits, options.optimize) {}

  draft::Program Run() {
    if (!CheckLetNesting() || !BuildGraph()) return {};
    TypeSlots();
    ProgramNodes nodes(graph_, builder_.types(), program_, roots_, options_.optimize ? Sharing::kYes : Sharing::kNo);
    WriteDeclarations(nodes);
    std::size_t next = 0;
    for (const TypedPolicy& policy : set_.policies) {
      WritePolicy(policy);
      for (std::size_t i = 0; i < policy.decl->rules.size(); ++i) WriteRule(nodes, policy, i, rules_[next++]);
    }
    WriteLets(nodes);
    AddChainSlots(nodes);
    return std::move(program_);
  }

 private:
  static std::vector<LineIndex> MakeLines(std::span<const SourceFile> files) {
    std::vector<LineIndex> lines;
    for (std::size_t i = 0; i < files.size(); ++i) lines.emplace_back(FileId(i), files[i].text);
    return lines;
  }

  SourceLocation Locate(const SourceSpan& span) const { return lines_[span.file.index].Locate(span.begin); }

  // ---- nodes ------------------------------------------------------------------------------------

  bool CheckLetNesting() {
    std::vector<std::uint32_t> nesting(set_.lets.size(), 1);
    std::vector<std::uint32_t> fn_nesting(set_.fns.size(), 0);
    // let_order names lets only after what they use; a fn between two lets is looked through by walking what was resolved.
    for (const std::uint32_t index : set_.let_order) {
      const TypedLet& let = set_.lets[index];
      nesting[index] = 1 + NestingOf(let.file, let.decl->value, nesting);
      if (nesting[index] <= kMaxLetNesting) continue;
      sink_.Emit(DiagnosticKind::kProgramTooLarge, let.decl->name.span,
                 {"`" + std::string(let.decl->name.text) + "` stands on more than " + std::to_string(kMaxLetNesting) +
                  " lets that stand on each other"});
      return false;
    }
    return true;
  }

  // The deepest let below an expression, through fns, each fn once.
  std::uint32_t NestingOf(FileId file, ExprId root, const std::vector<std::uint32_t>& nesting) const {
    std::vector<std::pair<FileId, ExprId>> pending = {{file, root}};
    std::vector<bool> seen(set_.fns.size(), false);
    std::uint32_t deepest = 0;
    while (!pending.empty()) {
      const auto [at, id] = pending.back();
      pending.pop_back();
      const TypedExpr& info = set_.info(at, id);
      if (info.reference == ReferenceKind::kLet) deepest = std::max(deepest, nesting[info.index]);
      if (info.reference == ReferenceKind::kFn && !seen[info.index]) {
        seen[info.index] = true;
        pending.emplace_back(set_.fns[info.index].file, set_.fns[info.index].decl->body);
      }
      for (const ExprId arg : set_.expr(at, id).args) pending.emplace_back(at, arg);
    }
    return deepest;
  }

  bool BuildGraph() {
    std::uint32_t faulty = 0;
    if (!builder_.BuildLets(faulty)) {
      const TypedLet& let = set_.lets[faulty];
      Report(set_.expr(let.file, let.decl->value).span);
      return false;
    }
    for (const TypedPolicy& policy : set_.policies) {
      for (const RuleDecl& rule : policy.decl->rules) rules_.push_back(BuildRule(policy.file, rule));
      if (graph_.node_count() <= kMaxGraphNodes && graph_.ok()) continue;
      sink_.Emit(DiagnosticKind::kProgramTooLarge, policy.decl->name.span,
                 {"the expressions of the policies up to this one are too large"});
      return false;
    }
    return !sink_.has_errors();
  }

  void Report(SourceSpan span) {
    if (builder_.fault() == BuildFault::kTooLarge) {
      sink_.Emit(DiagnosticKind::kInlinedTooLarge, span, {std::to_string(options_.limits.max_inline_nodes)});
    } else {
      sink_.Emit(DiagnosticKind::kProgramTooLarge, span,
                 {"with its `fn` calls inlined this expression is nested more than " + std::to_string(kMaxNodeDepth) + " levels deep"});
    }
  }

  NodeId Build(FileId file, ExprId id, std::vector<PlacedNode>* places = nullptr) {
    const NodeId node = builder_.Build(file, id, places);
    if (builder_.fault() != BuildFault::kNone) Report(set_.expr(file, id).span);
    return node;
  }

  NodeId Root(NodeId node) {
    roots_.push_back(node);
    return node;
  }

  RuleNodes BuildRule(FileId file, const RuleDecl& rule) {
    RuleNodes nodes;
    nodes.guard = BuildGuard(file, rule, nodes.places);
    if (nodes.guard.valid()) Root(nodes.guard);
    for (const MessagePiece& piece : rule.message.pieces) {
      if (piece.expr.valid()) nodes.message.push_back(Root(Build(file, piece.expr)));
    }
    if (rule.limit) {
      for (const ExprId key : rule.limit->keys) nodes.keys.push_back(Root(Build(file, key)));
    }
    if (rule.image.valid()) nodes.image = Root(Build(file, rule.image));
    for (const DemandClause& demand : rule.demands) {
      if (demand.condition.valid()) nodes.conditions.push_back(Root(Build(file, demand.condition)));
    }
    return nodes;
  }

  // when && !unless; for a requirement !when || unless || requirement (program.h says why). Always true: no guard.
  NodeId BuildGuard(FileId file, const RuleDecl& rule, std::vector<PlacedNode>& places) {
    const bool requires_condition = rule.requirement.valid();
    std::vector<NodeId> parts;
    const auto built = [&](ExprId id) { return Build(file, id, &places); };
    const auto negated = [&](ExprId id) {
      const NodeId args[] = {built(id)};
      const NodeId node = graph_.Call(Function::kNot, args, SimpleType(TypeKind::kBool));
      places.push_back({.node = node, .place = Locate(set_.expr(file, id).span)});
      return node;
    };
    const NodeKind kind = requires_condition ? NodeKind::kOr : NodeKind::kAnd;
    const auto add = [&](NodeId node) {
      if (graph_[node].kind == kind && !graph_.facts(node).is_let) {
        const std::span<const NodeId> inner = graph_.args(node);
        parts.insert(parts.end(), inner.begin(), inner.end());
      } else {
        parts.push_back(node);
      }
    };
    if (rule.when.valid()) add(requires_condition ? negated(rule.when) : built(rule.when));
    if (rule.unless.valid()) add(requires_condition ? built(rule.unless) : negated(rule.unless));
    if (requires_condition) add(built(rule.requirement));
    if (parts.empty()) return {};
    const NodeId guard = parts.size() == 1 ? parts[0] : graph_.Make(kind, parts, 0, SimpleType(TypeKind::kBool));
    const Value* constant = graph_.TryValue(guard);
    return options_.optimize && constant != nullptr && constant->is_true() ? NodeId() : guard;
  }

  // ---- slots ------------------------------------------------------------------------------------

  // The types that tables give a column of this name.
  std::vector<TypeId> ColumnTypes(std::string_view name) const {
    std::vector<TypeId> types;
    for (const TypedTable& table : set_.tables) {
      for (const draft::Column& column : table.columns) {
        if (column.name == name) types.push_back(column.type);
      }
      for (const RelationDecl& relation : table.decl->relations) {
        if (relation.name.text == name) types.push_back(SimpleType(TypeKind::kDyn));
      }
    }
    return types;
  }

  using TypesByPath = std::unordered_map<std::string_view, TypeId>;

  // The type on which all that have a path agree; else dyn.
  static void Vote(TypesByPath& agreed, std::string_view path, TypeId type) {
    const auto [found, is_new] = agreed.emplace(path, type);
    if (!is_new && found->second != type) found->second = SimpleType(TypeKind::kDyn);
  }

  // Of the members of all targets that policies are about.
  TypesByPath MemberTypes() {
    TypesByPath agreed;
    std::set<std::pair<Target, std::uint32_t>> seen;
    for (const TypedPolicy& policy : set_.policies) {
      const TargetInfo& info = InfoOf(policy.decl->target);
      if (!seen.emplace(info.target, policy.package).second) continue;
      for (const Member& member : info.members)
        Vote(agreed, member.path, TypeOfMember(builder_.types(), info, member, set_.imports[policy.package]));
    }
    return agreed;
  }

  // Paths by slot. A member whose name has a dot is declared nowhere; '\n' keeps it from looking
  // like a path that is.
  static std::vector<std::string> PathsOf(std::span<const draft::Slot> slots) {
    std::vector<std::string> paths;
    for (const draft::Slot& slot : slots) {
      const char joint = slot.key.find('.') == std::string::npos ? '.' : '\n';
      paths.push_back(slot.parent.valid() ? paths[slot.parent.index] + joint + slot.key : slot.key);
    }
    return paths;
  }

  // A slot has the type on which all targets agree that have its path, and all tables for columns; else dyn.
  void TypeSlots() {
    TypesByPath agreed = MemberTypes();
    const std::vector<std::string> paths = PathsOf(graph_.slots);
    for (std::size_t i = 0; i < graph_.slots.size(); ++i) {
      draft::Slot& slot = graph_.slots[i];
      const bool is_root = !slot.parent.valid();
      if (!is_root && paths[slot.parent.index] == "row") {
        for (const TypeId type : ColumnTypes(slot.key)) Vote(agreed, paths[i], type);
      }
      const auto found = agreed.find(paths[i]);
      if (found != agreed.end()) slot.type = found->second;
    }
  }

  // The call chain has one place for rules and several for callers, who set fields by their slots: where a rule reads one, all are there.
  void AddChainSlots(ProgramNodes& nodes) {
    constexpr std::string_view kPlaces[] = {"principal.actors", "context.chain.actors", "context.chain.depth", "principal.claims.act"};
    constexpr std::string_view kRecords[] = {"principal", "context", "context.chain"};
    const auto is_one_of = [](std::span<const std::string_view> paths, std::string_view path) {
      return std::find(paths.begin(), paths.end(), path) != paths.end();
    };
    std::map<std::string, SlotId> slots;
    bool is_read = false;
    const std::vector<std::string> paths = PathsOf(program_.slots);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const std::string& path = paths[i];
      slots.emplace(path, SlotId(i));
      is_read = is_read || is_one_of(std::span(kPlaces).first(3), path) || (program_.slots[i].whole && is_one_of(kRecords, path));
    }
    if (!is_read) return;
    for (const std::string_view place : kPlaces) {
      SlotId parent;
      for (std::size_t end = 0; end < place.size();) {
        const std::size_t begin = end == 0 ? 0 : end + 1;
        end = std::min(place.find('.', begin), place.size());
        const std::string path(place.substr(0, end));
        const Member* member = TryFindMember(InfoOf(Target::kTools), path);
        const auto [found, is_new] = slots.emplace(path, SlotId(program_.slots.size()));
        if (is_new) {
          const TypeId type =
              member == nullptr ? SimpleType(TypeKind::kDyn) : TypeOfMember(builder_.types(), InfoOf(Target::kTools), *member, {});
          program_.slots.push_back({parent, path.substr(begin), nodes.UseType(type), end == place.size()});
        }
        parent = found->second;
      }
    }
  }

  // ---- declarations -----------------------------------------------------------------------------

  void WriteDeclarations(ProgramNodes& nodes) {
    for (const SourceFile& file : files_) program_.files.push_back(file.stored_name.empty() ? file.name : file.stored_name);
    for (const auto& imports : set_.imports) {
      for (const std::string& name : imports) {
        if (std::find(program_.imports.begin(), program_.imports.end(), name) == program_.imports.end()) program_.imports.push_back(name);
      }
    }
    for (const TypedTable& table : set_.tables) WriteTable(nodes, table);
    for (const TypedSigner& signer : set_.signers) {
      const SignerDecl& decl = *signer.decl;
      const auto [found, is_new] = signers_.emplace(decl.name.text, SignerId(program_.signers.size()));
      if (!is_new) continue;  // the same in another package
      program_.signers.push_back(WriteSigner(decl));
    }
  }

  draft::Signer WriteSigner(const SignerDecl& decl) const {
    draft::Signer signer{.name = std::string(decl.name.text), .kind = decl.kind};
    signer.issuer = decl.issuer.value;
    signer.subject = decl.subject.value;
    signer.key = decl.key.value;
    // "file@sha256:<hex>" pins the file's content.
    const std::string_view trust = decl.trust.value;
    const std::size_t pin = trust.find(kPinMark);
    signer.trust = trust.substr(0, pin);
    if (pin != std::string_view::npos) signer.trust_digest = trust.substr(pin + 1);
    for (const SignerOptionClause& option : decl.options)
      signer.options.push_back({option.kind, std::string(option.name.value), std::string(option.value.value)});
    signer.location = Locate(decl.name.span);
    return signer;
  }

  void WriteLets(const ProgramNodes& nodes) {
    std::vector<LetId> written(set_.lets.size());
    for (std::size_t i = 0; i < set_.lets.size(); ++i) {
      const NodeId value = builder_.let_value(i);
      if (!nodes.has(value)) continue;
      written[i] = LetId(program_.lets.size());
      program_.lets.push_back({std::string(set_.lets[i].decl->name.text), nodes.of(value), WrittenPlaces(nodes, builder_.let_places(i))});
    }
    const auto renumber = [&](std::vector<PlacedNode>& places) {
      for (PlacedNode& placed : places) placed.let = placed.let.valid() ? written[placed.let.index] : placed.let;
    };
    for (draft::Rule& rule : program_.rules) renumber(rule.places);
    for (draft::Let& let : program_.lets) renumber(let.places);
  }

  // Those of nodes that are part of the program. Lets stay what they are in the set.
  static std::vector<PlacedNode> WrittenPlaces(const ProgramNodes& nodes, std::span<const PlacedNode> places) {
    std::vector<PlacedNode> written;
    for (const PlacedNode& placed : places) {
      if (nodes.has(placed.node)) written.push_back({nodes.of(placed.node), placed.place, placed.let});
    }
    return written;
  }

  void WriteTable(ProgramNodes& nodes, const TypedTable& table) {
    const bool known = std::any_of(program_.tables.begin(), program_.tables.end(),
                                   [&](const draft::Table& each) { return each.name == table.decl->name.text; });
    if (known) return;  // the same in another package
    draft::Table written{std::string(table.decl->name.text), table.columns, {}, table.stored};
    for (draft::Column& column : written.columns) column.type = nodes.UseType(column.type);
    for (const RelationDecl& relation : table.decl->relations) {
      std::vector<draft::RelationTerm> terms;
      for (const RelationTermDecl& term : relation.terms) {
        const ConstantId value = term.value.valid() ? nodes.UseValue(set_.expr(table.file, term.value).value) : ConstantId();
        terms.push_back({std::string(term.their_column.text), std::string(term.our_column.text), value});
      }
      written.relations.push_back({std::string(relation.name.text), relation.many, std::string(relation.table.text),
                                   std::string(relation.their_column.text), std::string(relation.our_column.text), std::move(terms)});
    }
    program_.tables.push_back(std::move(written));
  }

  void WritePolicy(const TypedPolicy& policy) {
    const PolicyDecl& decl = *policy.decl;
    program_.policies.push_back({std::string(decl.name.text), set_.packages[policy.package], decl.target, decl.mode,
                                 std::string(AttributeValue(decl.attributes, "severity")),
                                 std::string(AttributeValue(decl.attributes, "title")), std::string(AttributeValue(decl.attributes, "see")),
                                 Locate(decl.name.span)});
  }

  // ---- rules ------------------------------------------------------------------------------------

  void WriteRule(ProgramNodes& out, const TypedPolicy& policy, std::size_t position, const RuleNodes& nodes) {
    const RuleDecl& decl = policy.decl->rules[position];
    draft::Rule rule;
    rule.policy = PolicyId(program_.policies.size() - 1);
    rule.verb = decl.verb;
    rule.id = AttributeValue(decl.attributes, "id");
    if (rule.id.empty()) rule.id = "r" + std::to_string(position + 1);
    rule.severity = AttributeValue(decl.attributes, "severity");
    rule.title = AttributeValue(decl.attributes, "title");
    rule.see = AttributeValue(decl.attributes, "see");
    const SourceLocation place = Locate(decl.verb_span);
    rule.line = place.line;
    rule.column = place.column;
    rule.selectors = SelectorsOf(*policy.decl, decl);
    if (nodes.guard.valid()) rule.guard = out.Write(nodes.guard);
    rule.places = WrittenPlaces(out, nodes.places);
    WriteMessage(out, decl, nodes, rule);
    for (const StringLiteral& scope : decl.needs_scopes) rule.needs_scopes.emplace_back(scope.value);
    if (options_.optimize && nodes.guard.valid() && (decl.verb != Verb::kRequire || decl.image.valid())) {
      rule.discriminators = FindDiscriminators(graph_, builder_.types(), nodes.guard);
      for (draft::Discriminator& discriminator : rule.discriminators) discriminator.slot = out.UseSlot(discriminator.slot, true);
    }
    if (decl.mask) rule.mask = MaskOf(decl);
    if (decl.limit) rule.limit = LimitOf(out, decl, nodes);
    if (nodes.image.valid()) {
      rule.image = draft::ImageSpec{out.Write(nodes.image), {}};
      WriteDemands(out, decl, nodes, rule.image->demands);
    }
    program_.rules.push_back(std::move(rule));
  }

  static void WriteMessage(ProgramNodes& out, const RuleDecl& decl, const RuleNodes& nodes, draft::Rule& rule) {
    std::size_t next = 0;
    for (const MessagePiece& piece : decl.message.pieces) {
      if (piece.expr.valid()) {
        rule.message.push_back({"", out.Write(nodes.message[next++])});
      } else {
        rule.message.push_back({std::string(piece.text), NodeId()});
      }
    }
  }

  static draft::LimitSpec LimitOf(ProgramNodes& out, const RuleDecl& decl, const RuleNodes& nodes) {
    draft::LimitSpec limit{.count = decl.limit->count, .period_nanos = decl.limit->period_nanos, .keys = {}, .identity = {}};
    for (const NodeId key : nodes.keys) limit.keys.push_back(out.Write(key));
    return limit;
  }

  static draft::MaskSpec MaskOf(const RuleDecl& decl) {
    draft::MaskSpec mask{{}, decl.mask->kind, decl.mask->count, std::string(decl.mask->replacement.value)};
    for (const Name& column : decl.columns) mask.targets.emplace_back(column.text);
    for (const StringLiteral& pointer : decl.pointers) mask.targets.emplace_back(pointer.value);
    return mask;
  }

  void WriteDemands(ProgramNodes& out, const RuleDecl& decl, const RuleNodes& nodes, std::vector<draft::SignatureDemand>& demands) {
    std::size_t next = 0;
    for (const DemandClause& clause : decl.demands) {
      draft::SignatureDemand& demand = demands.emplace_back();
      const std::optional<SignerExpr>& signers = clause.signers ? clause.signers : decl.demands[0].signers;
      if (signers) WriteSigners(*signers, signers_, demand.signers);
      demand.predicate_type = PredicateTypeUri(clause.predicate_type.value);
      if (clause.condition.valid()) demand.condition = out.Write(nodes.conditions[next++]);
    }
  }

  const TypedSet& set_;
  std::span<const SourceFile> files_;
  LowerOptions options_;
  DiagnosticSink& sink_;
  Graph graph_;
  std::vector<LineIndex> lines_;
  GraphBuilder builder_;
  std::vector<RuleNodes> rules_;
  std::vector<NodeId> roots_;
  draft::Program program_;
  std::unordered_map<std::string_view, SignerId> signers_;
};

}  // namespace

draft::Program LowerPolicies(const TypedSet& set, std::span<const SourceFile> files, const LowerOptions& options, DiagnosticSink& sink) {
  return Lowerer(set, files, options, sink).Run();
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth
void WriteSigners(const SignerExpr& signers, const std::unordered_map<std::string_view, SignerId>& ids, std::vector<SignerTerm>& terms) {
  if (signers.kind == SignerExpr::Kind::kSigner) {
    terms.push_back({.kind = SignerTerm::Kind::kSigner, .signer = ids.at(signers.signer.text)});
    return;
  }
  for (const SignerExpr& operand : signers.operands) WriteSigners(operand, ids, terms);
  terms.push_back(
      {.kind = SignerTerm::Kind::kAtLeast, .needed = signers.needed, .operands = static_cast<std::uint32_t>(signers.operands.size())});
}

}  // namespace writ::dsl
