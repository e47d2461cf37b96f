#include "tests/support/program_builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "rules/function/function.h"

namespace writ::test {
ProgramBuilder::ProgramBuilder() {
  program.files = {"test.writ"};
  const TypeTable simple;
  program.types.assign(simple.types().begin(), simple.types().end());
}

ConstantId ProgramBuilder::AddConstant(draft::Constant constant) {
  program.constants.push_back(std::move(constant));
  return ConstantId(program.constants.size() - 1);
}

ConstantId ProgramBuilder::AddBool(bool value) { return AddConstant({.kind = Kind::kBool, .integer = value ? 1 : 0}); }
ConstantId ProgramBuilder::AddInt(std::int64_t value) { return AddConstant({.kind = Kind::kInt, .integer = value}); }
ConstantId ProgramBuilder::AddString(std::string_view text) { return AddConstant({.kind = Kind::kString, .text = std::string(text)}); }
ConstantId ProgramBuilder::AddList(std::vector<ConstantId> items) { return AddConstant({.kind = Kind::kList, .items = std::move(items)}); }

SlotId ProgramBuilder::AddSlot(std::string_view path, TypeId type) {
  SlotId at;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string key(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    const auto found = std::find_if(program.slots.begin(), program.slots.end(),
                                    [&](const draft::Slot& slot) { return slot.parent == at && slot.key == key; });
    const auto index = static_cast<std::size_t>(found - program.slots.begin());
    if (found == program.slots.end())
      program.slots.push_back({.parent = at, .key = key, .type = path.empty() ? type : SimpleType(TypeKind::kDyn)});
    at = SlotId(index);
  }
  program.slots[at.index].whole = true;
  return at;
}

NodeId ProgramBuilder::AddNode(Node node, const std::vector<NodeId>& args) {
  node.type = SimpleType(TypeKind::kDyn);
  node.first_arg = static_cast<std::uint32_t>(program.node_args.size());
  node.arg_count = static_cast<std::uint32_t>(args.size());
  program.node_args.insert(program.node_args.end(), args.begin(), args.end());
  program.nodes.push_back(node);
  return NodeId(program.nodes.size() - 1);
}

NodeId ProgramBuilder::AddConstantNode(ConstantId constant) { return AddNode({.kind = NodeKind::kConstant, .index = constant.index}); }

NodeId ProgramBuilder::AddSlotNode(SlotId slot) { return AddNode({.kind = NodeKind::kSlot, .index = slot.index}); }

NodeId ProgramBuilder::AddCall(Function function, const std::vector<NodeId>& args) {
  return AddNode({.kind = NodeKind::kCall, .detail = static_cast<std::uint16_t>(function)}, args);
}

PolicyId ProgramBuilder::AddPolicy(std::string_view name, Target target) {
  program.policies.push_back({.name = std::string(name), .package = "test", .target = target});
  program.policies.back().location = {FileId(0), static_cast<std::uint32_t>(program.policies.size()), 1};
  return PolicyId(program.policies.size() - 1);
}

draft::Rule& ProgramBuilder::AddRule(Verb verb, draft::Selector selector) {
  const PolicyId policy(program.policies.size() - 1);
  const auto number =
      1 + std::count_if(program.rules.begin(), program.rules.end(), [&](const draft::Rule& rule) { return rule.policy == policy; });
  draft::Rule& rule = program.rules.emplace_back();
  rule.policy = policy;
  rule.verb = verb;
  rule.id = "r" + std::to_string(number);
  rule.line = static_cast<std::uint32_t>(program.rules.size());
  rule.column = 3;
  rule.selectors = {std::move(selector)};
  return rule;
}

SignerId ProgramBuilder::AddSigner(std::string_view name) {
  program.signers.push_back({.name = std::string(name), .key = std::string(name) + ".pub"});
  return SignerId(program.signers.size() - 1);
}

VerifiedProgram ProgramBuilder::Verified() const {
  Result<VerifiedProgram> verified = VerifyProgram(BuildProgram(program));
  if (!verified) {
    std::fprintf(stderr, "ProgramBuilder: %s\n", verified.error().message.c_str());
    std::abort();
  }
  return *std::move(verified);
}

std::uint64_t Random::Next() {  // splitmix64
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

namespace {

// Constants 0 … 13: one of each kind, and what the nodes below use.
void AddSampleConstants(ProgramBuilder& b) {
  b.AddConstant({.kind = Kind::kNull});                                                                         // 0
  b.AddBool(true);                                                                                              // 1
  b.AddInt(0);                                                                                                  // 2
  b.AddConstant({.kind = Kind::kUint, .integer = -1});                                                          // 3: 2^64 - 1
  b.AddConstant({.kind = Kind::kDouble, .real = -0.5});                                                         // 4
  b.AddString("acme");                                                                                          // 5
  b.AddConstant({.kind = Kind::kBytes, .text = std::string("\x00\xff", 2)});                                    // 6
  b.AddConstant({.kind = Kind::kTimestamp, .integer = -62135596800, .nanos = 999'999'999});                     // 7
  b.AddConstant({.kind = Kind::kDuration, .integer = -90'000'000'000});                                         // 8
  b.AddConstant({.kind = Kind::kType, .text = "int"});                                                          // 9
  b.AddList({ConstantId(5), ConstantId(2)});                                                                    // 10
  b.AddConstant({.kind = Kind::kMap, .items = {ConstantId(5), ConstantId(10), ConstantId(2), ConstantId(0)}});  // 11
  b.AddConstant({.kind = Kind::kError, .code = 3, .text = "x"});                                                // 12
  b.AddString(std::string(100, 'l'));                                                                           // 13: too long to be shared
}

// What the rules below say.
struct SampleNodes {
  NodeId is_acme, counts, builds, optional;
};

SampleNodes AddSampleNodes(ProgramBuilder& b) {
  const NodeId tenant = b.AddSlotNode(b.AddSlot("principal.tenant", SimpleType(TypeKind::kString)));
  b.program.types.push_back({.kind = TypeKind::kList, .parameters = {SimpleType(TypeKind::kString)}});
  const TypeId strings(b.program.types.size() - 1);
  const NodeId groups = b.AddSlotNode(b.AddSlot("principal.groups", strings));
  b.program.nodes.back().type = strings;
  const SlotId odd = b.AddSlot("args.odd key");
  b.program.types.push_back(
      {.kind = TypeKind::kRecord, .name = "owner", .fields = {{"team", SimpleType(TypeKind::kString), true}}, .open = true});
  b.program.types.push_back({.kind = TypeKind::kNullable, .parameters = {SimpleType(TypeKind::kString)}});
  SampleNodes nodes;
  nodes.is_acme = b.AddCall(Function::kEqual, {tenant, b.AddConstantNode(ConstantId(5))});
  b.program.nodes.back().shared = true;
  b.program.lets = {{"is_acme", nodes.is_acme}};
  const NodeId item = b.AddNode({.kind = NodeKind::kVariable, .index = 0});
  const NodeId pattern = b.AddConstantNode(b.AddString("^[a-z]+$"));
  // groups.exists_one(g, g.matches(pattern)) ? true : is_acme && has(args["odd key"])
  const NodeId one = b.AddNode({.kind = NodeKind::kExistsOne, .index = 0}, {groups, b.AddCall(Function::kMatches, {item, pattern})});
  const NodeId both = b.AddNode({.kind = NodeKind::kAnd}, {nodes.is_acme, b.AddNode({.kind = NodeKind::kHasSlot, .index = odd.index})});
  nodes.counts = b.AddNode({.kind = NodeKind::kConditional}, {one, b.AddConstantNode(ConstantId(1)), both});
  // groups.map(g, [g, ?args.?x])
  const NodeId entry = b.AddNode({.kind = NodeKind::kOptionalEntry}, {b.AddNode({.kind = NodeKind::kOptionalSlot, .index = odd.index})});
  nodes.builds =
      b.AddNode({.kind = NodeKind::kMapItems, .index = 0}, {groups, NodeId(), b.AddNode({.kind = NodeKind::kList}, {item, entry})});
  nodes.optional = b.AddCall(Function::kOptionalOrValue,
                             {b.AddNode({.kind = NodeKind::kOptionalSlot, .index = odd.index}), b.AddConstantNode(ConstantId(5))});
  return nodes;
}

void AddSampleToolRules(ProgramBuilder& b, const SampleNodes& nodes) {
  b.AddPolicy("tools", Target::kTools);
  b.program.policies.back().severity = "high";
  b.program.policies.back().mode = PolicyMode::kWarn;
  draft::Rule& allow = b.AddRule(Verb::kAllow, {"slack", "post_*"});
  allow.guard = nodes.counts;
  allow.needs_scopes = {"slack:write"};
  allow.discriminators = {{Discriminator::Kind::kEquals, SlotId(1), {"acme"}}, {Discriminator::Kind::kContains, SlotId(2), {"sre", "ops"}}};
  draft::Rule& deny = b.AddRule(Verb::kDeny, {"slack", "delete_*"});
  deny.selectors.push_back({"**", "drop\\*"});
  deny.message = {{"not by ", {}}, {"", nodes.optional}};
  b.AddRule(Verb::kLimit).limit = {.count = 30, .period_nanos = 60'000'000'000, .keys = {nodes.optional}, .identity = "* by principal.id"};
  b.AddRule(Verb::kRedact).mask = {.targets = {"/rows/*/card"}, .kind = MaskKind::kKeepLast, .count = 4};
}

void AddSampleOtherRules(ProgramBuilder& b, const SampleNodes& nodes) {
  b.AddPolicy("rows", Target::kRows);
  b.AddRule(Verb::kMask, {"orders", ""}).mask = {.targets = {"card"}, .kind = MaskKind::kReplace, .text = "x"};
  b.AddPolicy("images", Target::kAdmission);
  const SignerId release = b.AddSigner("release"), platform = b.AddSigner("platform");
  b.program.signers[0] = {.name = "release",
                          .kind = Signer::Kind::kKeyless,
                          .issuer = "https://i",
                          .subject = "https://s/*",
                          .trust = "root.json",
                          .trust_digest = "sha256:00",
                          .options = {{SignerOptionKind::kTimestamp, "", "required"}, {SignerOptionKind::kAnnotation, "env", "prod"}}};
  draft::Rule& require = b.AddRule(Verb::kRequire, {"MCPServer.toolhive.stacklok.dev", "CREATE"});
  require.title = "signed images";
  const SignerTerm either[] = {{.signer = release}, {.signer = platform}, {.kind = SignerTerm::Kind::kAtLeast, .needed = 1, .operands = 2}};
  require.image = draft::ImageSpec{
      nodes.optional, {{{std::begin(either), std::end(either)}, "", {}}, {{either[0]}, "https://slsa.dev/provenance/v1", nodes.builds}}};
  b.AddRule(Verb::kWarn).message = {{std::string(80, 'w'), {}}};
}

}  // namespace

draft::Program SampleProgram() {
  ProgramBuilder b;
  AddSampleConstants(b);
  const SampleNodes nodes = AddSampleNodes(b);
  AddSampleToolRules(b, nodes);
  AddSampleOtherRules(b, nodes);
  b.program.tables = {{"orders",
                       {{"id", SimpleType(TypeKind::kInt)}, {"card", TypeId(kSimpleTypeCount + 2)}},
                       {{"items", true, "order_item", "order_id", "id"}}}};
  b.program.imports = {"fleet"};
  b.program.data = {{"fleet", R"({"allowed":["read"]})"}};
  return std::move(b.program);
}

}  // namespace writ::test
