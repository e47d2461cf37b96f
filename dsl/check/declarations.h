// Declarations of a policy set: who is called what in which package, what may not be called so, and in which order bodies of lets
// and fns can be checked (from the inside out).
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "dsl/check/expression_checker.h"
#include "dsl/check/typed_tree.h"
#include "rules/base/source.h"

namespace writ::dsl {

// A let or a fn.
struct BodyRef {
  bool is_fn = false;
  std::uint32_t index = 0;  // into TypedSet::lets or fns
  friend bool operator==(const BodyRef&, const BodyRef&) = default;
};

struct Declarations {
  std::vector<PackageNames> names;  // by package
  std::vector<BodyRef> order;       // every let and fn, after all that its body uses (cycles: reported, in any order)
};

// Fills packages, imports, lets, fns, tables, signers, policies and let_order of `set` from its files; reports duplicate and
// shadowed names, bad columns and relations, and recursion.
Declarations Declare(TypedSet& set, std::span<const SourceFile> files, ExpressionChecker& checker);

// Calls `on_name` for every identifier below `root` that no macro variable shadows, and `on_call` for every call that is no
// method; both with the expression. For finding uses, before names are resolved.
void ForEachName(const TypedSet& set, FileId file, ExprId root, const std::function<void(const Expr&)>& on_name,
                 const std::function<void(const Expr&)>& on_call);

// Returns the lets and fns of the package that an expression uses directly. `fn`: whose body it is, or nullptr.
std::vector<BodyRef> UsedBodies(const TypedSet& set, const PackageNames& names, FileId file, ExprId root, const FnDecl* fn);

}  // namespace writ::dsl
