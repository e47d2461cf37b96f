// Scopes of policies, and the bodies of lets and fns in them. A body is checked once in each scope that uses it: its type may
// differ (`row` of two tables), and a target may lack what it names.
#include "dsl/check/policy_checker.h"

#include <algorithm>

namespace writ::dsl {

PolicyChecker::PolicyChecker(TypedSet& set, const Declarations& declarations, ExpressionChecker& checker, std::span<const SourceFile> files)
    : set_(set), declarations_(declarations), checker_(checker), files_(files), targets_(set.types) {
  for (std::size_t package = 0; package < set.packages.size(); ++package)
    all_variables_.push_back(targets_.AllVariables(set.imports[package]));
  let_used_.resize(set.lets.size());
  fn_used_.resize(set.fns.size());
  places_.resize(set.lets.size() + set.fns.size());
  dyn_bodies_.let_types.assign(set.lets.size(), set.types.Simple(TypeKind::kDyn));
  dyn_bodies_.let_faults.resize(set.lets.size());
  dyn_bodies_.fn_faults.resize(set.fns.size());
  for (std::size_t i = 0; i < declarations.order.size(); ++i) {
    const BodyRef& body = declarations.order[i];
    places_[body.is_fn ? set.lets.size() + body.index : body.index] = i;
  }
}

std::size_t PolicyChecker::PlaceOf(const BodyRef& body) const { return places_[body.is_fn ? set_.lets.size() + body.index : body.index]; }

TargetScope PolicyChecker::MakeScope(std::uint32_t package, VariableTypes variables, std::string place) const {
  TargetScope scope;
  scope.package = package;
  scope.place = std::move(place);
  scope.variables = std::move(variables);
  scope.bodies.let_types.resize(set_.lets.size());
  scope.bodies.let_faults.resize(set_.lets.size());
  scope.bodies.fn_faults.resize(set_.fns.size());
  scope.let_done.resize(set_.lets.size());
  scope.fn_done.resize(set_.fns.size());
  return scope;
}

TargetScope& PolicyChecker::ScopeFor(const TypedPolicy& policy) {
  const Target target = policy.decl->target;
  const TypeId row = target == Target::kRows ? RowType(policy) : TypeId();
  std::unique_ptr<TargetScope>& scope = scopes_[{policy.package, target, row}];
  if (!scope) {
    scope = std::make_unique<TargetScope>(MakeScope(policy.package, targets_.Variables(target, set_.imports[policy.package], row),
                                                    "policies for " + std::string(InfoOf(target).name)));
    scope->target = target;
  }
  return *scope;
}

ExprScope PolicyChecker::NamesIn(const TargetScope& scope, FileId file) const {
  ExprScope names;
  names.file = file;
  names.variables = &scope.variables;
  names.foreign = &all_variables_[scope.package];
  names.place = scope.place;
  names.package = &declarations_.names[scope.package];
  names.bodies = &scope.bodies;
  return names;
}

std::vector<BodyRef> PolicyChecker::UsesOf(const BodyRef& body) const {
  if (body.is_fn) {
    const TypedFn& fn = set_.fns[body.index];
    return UsedBodies(set_, declarations_.names[fn.package], fn.file, fn.decl->body, fn.decl);
  }
  const TypedLet& let = set_.lets[body.index];
  return UsedBodies(set_, declarations_.names[let.package], let.file, let.decl->value, nullptr);
}

// Checks the lets and fns that `root` needs, directly or not, from the inside out.
void PolicyChecker::PrepareBodies(TargetScope& scope, FileId file, ExprId root) {
  std::vector<BodyRef> pending = UsedBodies(set_, declarations_.names[scope.package], file, root, nullptr);
  std::vector<BodyRef> wanted;
  const auto done = [&](const BodyRef& body) -> std::vector<bool>::reference {
    return body.is_fn ? scope.fn_done[body.index] : scope.let_done[body.index];
  };
  while (!pending.empty()) {
    const BodyRef body = pending.back();
    pending.pop_back();
    if (done(body)) continue;
    done(body) = true;
    (body.is_fn ? fn_used_ : let_used_)[body.index] = true;
    wanted.push_back(body);
    const std::vector<BodyRef> uses = UsesOf(body);
    pending.insert(pending.end(), uses.begin(), uses.end());
  }
  if (wanted.empty()) return;
  std::sort(wanted.begin(), wanted.end(), [&](const BodyRef& a, const BodyRef& b) { return PlaceOf(a) < PlaceOf(b); });
  for (const BodyRef& body : wanted) CheckBody(scope, body);
}

void PolicyChecker::CheckBody(TargetScope& scope, const BodyRef& body) {
  if (!body.is_fn) {
    const TypedLet& let = set_.lets[body.index];
    ExprScope names = NamesIn(scope, let.file);
    names.is_body = true;
    scope.bodies.let_types[body.index] = checker_.Check(let.decl->value, names);
    scope.bodies.let_faults[body.index] = checker_.body_fault();
    return;
  }
  const TypedFn& fn = set_.fns[body.index];
  ExprScope names = NamesIn(scope, fn.file);
  names.is_body = true;
  names.fn = fn.decl;
  for (const Parameter& parameter : fn.decl->parameters) names.parameters.push_back(checker_.TypeOf(parameter.type));
  const TypeId result = checker_.TypeOf(fn.decl->result);
  checker_.CheckAs(fn.decl->body, names, result, set_.types.Text(result));
  scope.bodies.fn_faults[body.index] = checker_.body_fault();
}

void PolicyChecker::CheckRemainingBodies(DiagnosticSink& sink) {
  for (std::uint32_t package = 0; package < set_.packages.size(); ++package) {
    TargetScope scope = MakeScope(package, all_variables_[package], "policies");
    for (const BodyRef& body : declarations_.order) {
      const std::uint32_t owner = body.is_fn ? set_.fns[body.index].package : set_.lets[body.index].package;
      if (owner != package) continue;
      const bool used = (body.is_fn ? fn_used_ : let_used_)[body.index];
      // A used body has its diagnostics already; what only the mixture of all targets would say is nobody's fault.
      if (used && sink.has_errors()) continue;
      if (used) checker_.Mute();
      CheckBody(scope, body);
      if (used) checker_.Unmute();
    }
  }
}

}  // namespace writ::dsl
