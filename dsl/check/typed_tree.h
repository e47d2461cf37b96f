// The typed tree: the syntax trees of a policy set with every name resolved and every expression typed. The checker writes it;
// the lowerer and the naive reference evaluator in tests/ read it. It is self-contained: it owns the trees.
//
// Expression `id` of file `file` is described twice: `files[file].expr(id)` says what was written, `info(file, id)` what it means:
//   literal, list, map, has, &&, ||, ?:, macro   the kind says it all; reference is kNone
//   ident         kVariable, kIteration, kParameter, kLet or kTypeValue
//   select a.b    kVariable or kTypeValue when the whole dotted name is one name (`args[0]` is then not to be evaluated), else a
//                 member of args[0]
//   unary, binary kFunction
//   call          kFunction (with `namespaced`: args[0] only spells the function's namespace, as in `optional.of(x)`), kFn, or
//                 kDeclared
// What a name means never depends on the target of the policy that uses it, so bodies of lets and fns have one description;
// `type` of an expression inside them is dyn where targets differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/syntax/tree.h"
#include "rules/build/draft.h"
#include "rules/function/function.h"
#include "rules/model/target.h"
#include "rules/model/type.h"

namespace writ::dsl {

enum class ReferenceKind : std::uint8_t {
  kNone,
  kVariable,   // variable `name`: a root of the target ("principal"), or of an ExpressionEnvironment (may be dotted: "a.b")
  kIteration,  // variable `name` of the innermost enclosing macro that declares it
  kParameter,  // parameter `index` of the fn in whose body this stands
  kLet,        // lets[index]
  kFn,         // fns[index] applied to args; arguments are passed by name (a fault in one that is not used does no harm)
  kTypeValue,  // the type value `name`, as type(x) prints it
  kFunction,   // `function`
  kDeclared,   // a function that the environment declares without implementation; calling it is NoMatchingOverload
};

struct TypedExpr {
  TypeId type;  // invalid: never looked at (dead names such as `optional` in `optional.of`)
  ReferenceKind reference = ReferenceKind::kNone;
  bool namespaced = false;  // kFunction, kDeclared: args[0] is no receiver but the function's namespace
  Function function = Function::kSize;
  std::uint32_t index = 0;
  std::string name;
};

// INVARIANT: `decl` points into TypedSet::files[file]. `package` indexes TypedSet::packages.
struct TypedLet {
  FileId file;
  const LetDecl* decl = nullptr;
  std::uint32_t package = 0;
};

struct TypedFn {
  FileId file;
  const FnDecl* decl = nullptr;
  std::uint32_t package = 0;
};

struct TypedTable {
  FileId file;
  const TableDecl* decl = nullptr;
  std::uint32_t package = 0;
  std::vector<draft::Column> columns;  // as declared, in order
  std::vector<draft::StoredName> stored;
};

struct TypedSigner {
  FileId file;
  const SignerDecl* decl = nullptr;
  std::uint32_t package = 0;
};

struct TypedPolicy {
  FileId file;
  const PolicyDecl* decl = nullptr;
  std::uint32_t package = 0;
  std::vector<std::uint32_t> tables;  // target rows: the declared tables that its scopes name
};

// A checked policy set (or one lone expression: then only files[0], exprs[0] and variables count). Movable; pointers and views
// stay valid when moved.
struct TypedSet {
  TypeTable types;
  std::vector<FileTree> files;                    // by FileId
  std::vector<std::vector<TypedExpr>> exprs;      // [file][expression]
  std::vector<std::string> packages;              // names; "" for files without `package`
  std::vector<std::vector<std::string>> imports;  // [package]: names under `data`
  // In source order: files as given, declarations as they stand in the file.
  std::vector<TypedLet> lets;
  std::vector<TypedFn> fns;
  std::vector<TypedTable> tables;
  std::vector<TypedSigner> signers;
  std::vector<TypedPolicy> policies;
  // Lets from the inside out: a let stands after every let that its value needs, through fns too.
  std::vector<std::uint32_t> let_order;

  const Expr& expr(FileId file, ExprId id) const { return files[file.index].exprs[id.index]; }
  const TypedExpr& info(FileId file, ExprId id) const { return exprs[file.index][id.index]; }
};

}  // namespace writ::dsl
