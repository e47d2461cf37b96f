// Builds decision programs by hand, for tests of what reads them. Ids are returned as things are added; locations are made up.
//
//   ProgramBuilder b;
//   const SlotId tenant = b.AddSlot("principal.tenant", SimpleType(TypeKind::kString));
//   const NodeId acme = b.AddConstantNode(b.AddString("acme"));
//   const NodeId guard = b.AddCall(Function::kEqual, {b.AddSlotNode(tenant), acme});
//   b.AddPolicy("p", Target::kTools);
//   b.AddRule(Verb::kAllow, {"slack", "delete_*"}).guard = guard;
//   VerifiedProgram program = b.Verified();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/build/build.h"
#include "rules/function/function.h"
#include "rules/ir/program.h"
#include "rules/ir/verify.h"

namespace writ::test {

class ProgramBuilder {
 public:
  // Begins with one file, "test.writ".
  ProgramBuilder();

  ConstantId AddConstant(draft::Constant constant);
  ConstantId AddBool(bool value);
  ConstantId AddInt(std::int64_t value);
  ConstantId AddString(std::string_view text);
  ConstantId AddList(std::vector<ConstantId> items);
  // Adds the path's slots that are not there yet and returns the last, whole and of `type`. Parts between dots are the keys.
  SlotId AddSlot(std::string_view path, TypeId type = SimpleType(TypeKind::kDyn));

  // Adds a node; its arguments must be there already. Nodes are not shared: the same call twice
  // gives two. Types are dyn.
  NodeId AddNode(Node node, const std::vector<NodeId>& args = {});
  NodeId AddConstantNode(ConstantId constant);
  NodeId AddSlotNode(SlotId slot);
  NodeId AddCall(Function function, const std::vector<NodeId>& args);

  // Adds a policy; rules added from here on belong to it.
  PolicyId AddPolicy(std::string_view name, Target target);
  // Adds a rule to the last policy, with id "rN". The reference is valid until the next AddRule.
  draft::Rule& AddRule(Verb verb, draft::Selector selector = {});
  SignerId AddSigner(std::string_view name);

  // For everything else.
  draft::Program program;

  // Returns the program as verified; aborts with the verifier's message when it is refused.
  VerifiedProgram Verified() const;
};

// Returns a program that has at least one of everything: constants of all kinds, nodes, lets,
// macros, every verb, masks, limits, images, tables, signers, imports. It verifies.
draft::Program SampleProgram();

// A pseudo-random sequence that is the same everywhere: std's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next();
  // Uniform enough, in [0, count). Requires: count > 0.
  std::size_t Below(std::size_t count) { return static_cast<std::size_t>(Next() % count); }

 private:
  std::uint64_t state_;
};

}  // namespace writ::test
