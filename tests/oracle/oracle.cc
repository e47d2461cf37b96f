#include "tests/oracle/oracle.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace writ::oracle {
namespace {

using nlohmann::json;
using namespace dsl;  // NOLINT(google-build-using-namespace): the oracle reads dsl's tree and little else

// A value of the language: JSON, an optional of it, an error or an unknown.
struct Val {
  enum Kind { kJson, kNone, kSome, kError, kUnknown } kind = kJson;
  json data;         // kJson, kSome: the value; kError: the text
  int outcomes = 7;  // kUnknown: what it can come to as a condition; 1 true, 2 false, 4 an error
  bool fault() const { return kind == kError || kind == kUnknown; }
  bool is(bool b) const { return kind == kJson && data.is_boolean() && data == b; }
};

Val Of(json data) { return {Val::kJson, std::move(data)}; }
Val Error(const std::string& text) { return {Val::kError, text}; }
const Val kUnknownValue{Val::kUnknown, {}, 7};
// Stands for an unknown inside the request's JSON.
const json kUnknownMark = {{"\x01unknown", true}};

Val Wrap(const json& data) { return data == kUnknownMark ? kUnknownValue : Of(data); }

// What is used as a whole is unknown when something in it is.
Val Whole(const Val& v) { return !v.fault() && v.data.dump().find("\\u0001unknown") != std::string::npos ? kUnknownValue : v; }

// A fault as what a strict operation makes of it: of an unknown nothing is known any more.
Val Passed(const Val& fault) { return fault.kind == Val::kUnknown ? kUnknownValue : fault; }

// Faults of strict operations: an error before an unknown, the left one first. Returns nullptr when all are plain.
const Val* FirstFault(const std::vector<Val>& args) {
  for (const Val::Kind kind : {Val::kError, Val::kUnknown})
    for (const Val& v : args)
      if (v.kind == kind) return kind == Val::kUnknown ? &kUnknownValue : &v;
  return nullptr;
}

int OutcomesOf(const Val& v) { return v.is(true) ? 1 : v.is(false) ? 2 : v.kind == Val::kUnknown ? v.outcomes : 4; }

// "and" folds with stop = false, "or" with stop = true.
Val Kleene(const std::vector<Val>& operands, bool stop) {
  const Val *unknown = nullptr, *error = nullptr;
  static const Val not_a_bool = Error("expected a bool");
  for (const Val& v : operands) {
    if (v.is(stop)) return Of(stop);
    if (v.kind == Val::kUnknown) unknown = &v;
    if (v.kind != Val::kUnknown && !v.is(!stop) && error == nullptr) error = v.kind == Val::kError ? &v : &not_a_bool;
  }
  if (unknown == nullptr) return error != nullptr ? *error : Of(!stop);
  // What each combination of outcomes comes to: the naive way.
  const int stopping = stop ? 1 : 2, going_on = 3 - stopping;
  int found = going_on;  // of no operands; one outcome at a time below
  for (const Val& v : operands) {
    int next = 0;
    for (const int before : {1, 2, 4})
      for (const int now : {1, 2, 4})
        if ((found & before) != 0 && (OutcomesOf(v) & now) != 0)
          next |= before == stopping || now == stopping ? stopping : before == 4 || now == 4 ? 4 : going_on;
    found = next;
  }
  if (found == 4) return error != nullptr ? *error : kUnknownValue;
  return found == 1 || found == 2 ? Of(found == 1) : Val{Val::kUnknown, {}, found};
}

Val Not(const Val& v) {
  if (v.kind == Val::kUnknown) return {Val::kUnknown, {}, (v.outcomes & 1) * 2 + (v.outcomes & 2) / 2 + (v.outcomes & 4)};
  return v.fault() ? v : v.data.is_boolean() ? Of(!v.data.get<bool>()) : Error("no matching overload");
}

bool Same(const json& a, const json& b) {
  if (a.is_number() && b.is_number()) return a == b;
  if (a.type() != b.type()) return false;
  if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), b.end(), Same);
  if (!a.is_object()) return a == b;
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.items())
    if (!b.contains(key) || !Same(value, b[key])) return false;
  return true;
}

Val SelectMember(const Val& from, const std::string& key, bool optional) {
  if (from.fault()) return Passed(from);
  if (from.kind == Val::kNone) return from;
  const bool wrap = optional || from.kind == Val::kSome;
  if (!from.data.is_object()) return Error("no matching overload");
  if (!from.data.contains(key)) return wrap ? Val{Val::kNone, {}} : Error("no such key: " + key);
  Val found = Wrap(from.data[key]);
  if (wrap && found.kind == Val::kJson) found.kind = Val::kSome;
  return found;
}

// '*' inside a '/' segment, '**' across, '\' escapes.
bool Glob(std::string_view p, std::string_view t) {
  if (p.empty()) return t.empty();
  if (p[0] == '*') {
    const bool cross = p.size() > 1 && p[1] == '*';
    const std::string_view rest = p.substr(cross ? 2 : 1);
    for (std::size_t i = 0;; ++i) {
      if (Glob(rest, t.substr(i))) return true;
      if (i == t.size() || (!cross && t[i] == '/')) return false;
    }
  }
  if (p[0] == '\\' && p.size() > 1) p.remove_prefix(1);
  return !t.empty() && p[0] == t[0] && Glob(p.substr(1), t.substr(1));
}

class Walk {
 public:
  Walk(const TypedSet& set, const json& variables) : set_(set), variables_(variables) {}

  Val Eval(FileId file, ExprId id) {
    const Expr& e = set_.expr(file, id);
    const TypedExpr& info = set_.info(file, id);
    switch (info.reference) {
      case ReferenceKind::kVariable:
        return variables_.contains(info.name) ? Wrap(variables_[info.name]) : Error(info.name + " is not given");
      case ReferenceKind::kIteration: return scope_.locals.at(info.name);
      case ReferenceKind::kParameter: return EvalIn(Scope(*scope_.caller), scope_.argument_file, scope_.arguments[info.index]);
      case ReferenceKind::kLet: {
        const TypedLet& let = set_.lets[info.index];
        return EvalIn({}, let.file, let.decl->value);
      }
      case ReferenceKind::kFn: {
        const TypedFn& fn = set_.fns[info.index];
        return EvalIn({{}, file, e.args, std::make_shared<Scope>(scope_)}, fn.file, fn.decl->body);
      }
      case ReferenceKind::kFunction: return CallFunction(file, e, info);
      default: return EvalKind(file, e);
    }
  }

 private:
  // Names of macros around the expression, and the arguments of the fn whose body it is in (by name: evaluated in `caller`).
  struct Scope {
    std::map<std::string, Val> locals;
    FileId argument_file;
    std::vector<ExprId> arguments;
    std::shared_ptr<Scope> caller;
  };

  Val EvalIn(Scope scope, FileId file, ExprId id) {
    std::swap(scope, scope_);
    Val result = Eval(file, id);
    std::swap(scope, scope_);
    return result;
  }

  Val EvalKind(FileId file, const Expr& e) {
    switch (e.kind) {
      case ExprKind::kLiteral: return Literal(e.value);
      case ExprKind::kSelect: return SelectMember(Eval(file, e.args[0]), std::string(e.text), false);
      case ExprKind::kOptionalSelect: return SelectMember(Eval(file, e.args[0]), std::string(e.text), true);
      case ExprKind::kHas: {
        const Val from = Eval(file, e.args[0]);
        if (from.fault()) return Passed(from);
        if (from.kind == Val::kNone) return Of(false);
        if (!from.data.is_object()) return Error("no matching overload");
        const auto found = from.data.find(std::string(e.text));
        return found != from.data.end() && Wrap(*found).fault() ? kUnknownValue : Of(found != from.data.end());
      }
      case ExprKind::kAnd: return Kleene(EvalAll(file, e.args), false);
      case ExprKind::kOr: return Kleene(EvalAll(file, e.args), true);
      case ExprKind::kConditional: {
        const Val condition = Eval(file, e.args[0]);
        if (condition.fault()) return Passed(condition);
        if (!condition.is(true) && !condition.is(false)) return Error("expected a bool");
        return Eval(file, e.args[condition.is(true) ? 1 : 2]);
      }
      case ExprKind::kList: {
        json list = json::array();
        for (const Val& item : EvalAll(file, e.args)) {
          const Val v = Whole(item);
          if (v.fault()) return Passed(v);  // aggregates fail with the first fault as built
          list.push_back(v.data);
        }
        return Of(list);
      }
      case ExprKind::kMacro: return EvalMacro(file, e);
      default: return Error("the oracle does not know this expression");
    }
  }

  std::vector<Val> EvalAll(FileId file, const std::vector<ExprId>& ids) {
    std::vector<Val> values;
    for (const ExprId id : ids) values.push_back(Eval(file, id));
    return values;
  }

  static Val Literal(const Value& v) {
    switch (v.kind) {
      case Kind::kNull: return Of(nullptr);
      case Kind::kBool: return Of(v.boolean);
      case Kind::kInt: return Of(v.integer);
      case Kind::kDouble: return Of(v.real);
      case Kind::kString: return Of(std::string(v.string()));
      default: return Error("the oracle does not know this literal");
    }
  }

  Val EvalMacro(FileId file, const Expr& e) {
    const Val range = Whole(Eval(file, e.args[0]));
    if (range.fault()) return Passed(range);
    if (range.kind != Val::kJson || !range.data.is_structured()) return Error("no matching overload");
    const std::string name(e.names[0]);
    std::vector<Val> tests;
    json kept = json::array();
    std::vector<Val> faults;
    std::int64_t count = 0;
    std::vector<json> items;
    for (const auto& [key, value] : range.data.items()) items.push_back(range.data.is_object() ? json(key) : value);
    const std::map<std::string, Val> saved = scope_.locals;
    for (const json& item : items) {
      scope_.locals[name] = Wrap(item);
      Val test = Eval(file, e.args[1]);
      const bool plain_map = e.macro == Macro::kMap && e.args.size() == 2;
      if (!plain_map && e.macro != Macro::kAll && e.macro != Macro::kExists && !test.fault() && !test.is(true) && !test.is(false)) {
        test = Error("expected a bool");
      }
      tests.push_back(test);
      if (test.fault()) faults.push_back(test);
      if (plain_map && !test.fault()) kept.push_back(test.data);
      if (!plain_map && test.is(true)) {
        ++count;
        const Val shown = e.macro == Macro::kMap ? Eval(file, e.args[2]) : Wrap(item);
        shown.fault() ? faults.push_back(shown) : kept.push_back(shown.data);
      }
    }
    scope_.locals = saved;
    if (e.macro == Macro::kAll) return Kleene(tests, false);
    if (e.macro == Macro::kExists) return Kleene(tests, true);
    if (!faults.empty()) return Passed(faults[0]);
    return e.macro == Macro::kExistsOne ? Of(count == 1) : Of(kept);
  }

  Val CallFunction(FileId file, const Expr& e, const TypedExpr& info) {
    std::vector<ExprId> ids = e.args;
    if (info.namespaced) ids.erase(ids.begin());
    if (info.function == Function::kOptionalOrValue) {
      const Val left = Eval(file, ids[0]);
      if (left.kind == Val::kNone) return Passed(Eval(file, ids[1]));
      if (left.kind == Val::kJson) return Error("no matching overload");
      return left.fault() ? Passed(left) : Of(left.data);
    }
    std::vector<Val> args = EvalAll(file, ids);
    if (info.function == Function::kNot && args[0].kind == Val::kUnknown) return Not(args[0]);
    for (std::size_t i = info.function == Function::kIndex ? 1 : 0; i < args.size(); ++i) args[i] = Whole(args[i]);
    if (const Val* fault = FirstFault(args)) return *fault;
    for (const Val& v : args)
      if (v.kind != Val::kJson) return Error("no matching overload");
    return Apply(info.function, args[0].data, args.size() > 1 ? args[1].data : json());
  }

  static Val Ordered(const json& a, const json& b, const std::function<bool(int)>& holds) {
    const bool comparable = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string()) || (a.is_boolean() && b.is_boolean());
    if (!comparable) return Error("no matching overload");
    return Of(holds(a < b ? -1 : b < a ? 1 : 0));
  }

  static Val Apply(Function f, const json& a, const json& b) {
    const bool strings = a.is_string() && b.is_string();
    const std::string x = a.is_string() ? a.get<std::string>() : "", y = b.is_string() ? b.get<std::string>() : "";
    switch (f) {
      case Function::kNot: return a.is_boolean() ? Of(!a.get<bool>()) : Error("no matching overload");
      case Function::kToDyn: return Of(a);
      case Function::kIndex: return b.is_string() ? SelectMember(Of(a), y, false) : Error("no matching overload");
      case Function::kEqual: return Of(Same(a, b));
      case Function::kNotEqual: return Of(!Same(a, b));
      case Function::kLess: return Ordered(a, b, [](int c) { return c < 0; });
      case Function::kLessOrEqual: return Ordered(a, b, [](int c) { return c <= 0; });
      case Function::kGreater: return Ordered(a, b, [](int c) { return c > 0; });
      case Function::kGreaterOrEqual: return Ordered(a, b, [](int c) { return c >= 0; });
      case Function::kAdd:
        if (a.is_number_integer() && b.is_number_integer()) return Of(a.get<std::int64_t>() + b.get<std::int64_t>());
        if (strings) return Of(x + y);
        return Error("no matching overload");
      case Function::kIn:
        if (b.is_object()) return a.is_string() ? Of(b.contains(x)) : Of(false);
        if (!b.is_array()) return Error("no matching overload");
        return Of(std::any_of(b.begin(), b.end(), [&](const json& item) { return Same(a, item); }));
      case Function::kStartsWith: return strings ? Of(x.starts_with(y)) : Error("no matching overload");
      case Function::kEndsWith: return strings ? Of(x.ends_with(y)) : Error("no matching overload");
      case Function::kContains: return strings ? Of(x.find(y) != x.npos) : Error("no matching overload");
      case Function::kMatches: return strings ? Of(RE2::PartialMatch(x, y)) : Error("no matching overload");
      case Function::kSize:
        if (a.is_string()) return Of(static_cast<std::int64_t>(x.size()));  // the generator writes ASCII
        return a.is_structured() ? Of(static_cast<std::int64_t>(a.size())) : Error("no matching overload");
      default: return Error("the oracle does not know this function");
    }
  }

  const TypedSet& set_;
  const json& variables_;
  Scope scope_;
};

// The chain of actors that a nested `act` claim names, nearest first.
json ActorsOf(const json& claims) {
  json actors = json::array();
  for (json act = claims.value("act", json()); act.is_object(); act = act.value("act", json()))
    actors.push_back({{"id", act["sub"]}, {"claims", act}});
  return actors;
}

// One chain, wherever it was given; all places name the same actors.
void PrepareChain(json& principal, json& context, const json& unknown) {
  const json given = principal["actors"], beside = context["chain"]["actors"], claimed = ActorsOf(principal["claims"]);
  const json& actors = !given.empty() ? given : !beside.empty() ? beside : claimed;
  principal["actors"] = context["chain"]["actors"] = actors;
  json& depth = context["chain"]["depth"];
  depth = std::max(depth.is_null() ? 0 : depth.get<std::int64_t>(), static_cast<std::int64_t>(actors.size()));
  for (const std::string path : unknown) {
    const bool here = path == "principal.actors", there = path == "context" || path == "context.chain", claim = path == "principal.claims";
    const bool is_told = (!given.empty() && !here) || (!beside.empty() && !there);
    if (here || there || (claim && !is_told)) depth = kUnknownMark;
    if ((here || there || claim) && !is_told) principal["actors"] = context["chain"]["actors"] = kUnknownMark;
  }
}

// A blank names nobody.
void DropBlank(json& record, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const bool is_blank =
        record.contains(key) && record[key].is_string() && record[key].get<std::string>().find_first_not_of(' ') == std::string::npos;
    if (is_blank) record.erase(key);
  }
}

// The members that the language fills in when the caller leaves them out.
json Prepare(const json& request, Target target) {
  json vars;
  const auto member = [&](const char* name) { return request.contains(name) ? request[name] : json::object(); };
  const auto named = [&](const char* name, const char* key) {
    json value = member(name);
    return value.is_string() ? json{{key, value}} : value;
  };
  json principal = member("principal");
  for (const char* list : {"groups", "roles", "scopes", "actors"}) principal.emplace(list, json::array());
  principal.emplace("claims", json::object());
  principal.emplace("verified", false);
  json context = member("context");
  context["chain"].emplace("depth", json());
  context["chain"].emplace("actors", json::array());
  PrepareChain(principal, context, request.value("unknown", json::array()));
  DropBlank(principal, {"id", "type", "tenant"});
  DropBlank(context, {"session", "source_ip"});
  vars["principal"] = principal;
  vars["context"] = context;
  if (target == Target::kTools) {
    vars["server"] = named("server", "name");
    vars["tool"] = named("tool", "name");
    json& hints = vars["tool"]["annotations"];
    const json defaults = {{"readOnlyHint", false}, {"destructiveHint", true}, {"idempotentHint", false}, {"openWorldHint", true}};
    for (const auto& [hint, value] : defaults.items()) hints.emplace(hint, value);
    vars["args"] = member("args");
  }
  if (target == Target::kRows) vars["row"] = member("row");
  for (const char* name : {"subject", "action", "resource"}) {
    if (target != Target::kAccess) continue;
    (vars[name] = member(name)).emplace("properties", json::object());
  }
  if (target == Target::kAdmission) {
    for (const char* name : {"object", "oldObject", "namespaceObject"}) vars[name] = request.contains(name) ? request[name] : json();
    vars["request"] = member("request");
  }
  for (std::string path : request.value("unknown", json::array())) {
    std::replace(path.begin(), path.end(), '.', '/');
    vars[json::json_pointer("/" + path)] = kUnknownMark;
  }
  return vars;
}

// A bare `*` is everything, except for kinds, where no pattern matches a subresource that it does not name.
bool Matches(const std::vector<Pattern>& patterns, const std::string& name, std::string_view everything = "*") {
  const auto matches = [&](const Pattern& p) { return Glob(p.text == everything ? "**" : p.text, name); };
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), matches);
}

std::string Display(const Val& v) {
  if (v.kind == Val::kError) return "<error: " + v.data.get<std::string>() + ">";
  if (v.kind == Val::kUnknown) return "<unknown>";
  return v.data.is_string() ? v.data.get<std::string>() : v.data.dump();
}

// One rule looked at: what it comes to, and its message.
struct Seen {
  const TypedPolicy* policy;
  const RuleDecl* rule;
  std::string name, outcome, message;  // policy.rule; true false error unknown
  bool only_scopes = false;
  std::vector<std::string> missing;
  int possible = 7;  // what its condition can come to
};

class Decider {
 public:
  Decider(const TypedSet& set, const json& vars) : vars_(vars), walk_(set, vars_), set_(set) {}

  Seen Look(const TypedPolicy& policy, const RuleDecl& rule, const std::string& id) {
    Seen seen{&policy, &rule, std::string(policy.decl->name.text) + "." + id, "", "", false, {}};
    const auto value = [&](ExprId e, bool absent) { return e.valid() ? walk_.Eval(policy.file, e) : Of(absent); };
    const Val when = value(rule.when, true), unless = value(rule.unless, false);
    Val guard = rule.when.valid() || rule.unless.valid() ? Condition(when, unless, rule) : Of(true);
    if (rule.verb == Verb::kRequire) {
      std::vector<Val> any;
      if (rule.when.valid()) any.push_back(Not(when));
      if (rule.unless.valid()) any.push_back(unless);
      any.push_back(value(rule.requirement, true));
      guard = any.size() == 1 ? any[0] : Kleene(any, true);
    }
    if (!guard.fault() && !guard.is(true) && !guard.is(false)) guard = Error("expected a bool");
    seen.possible = OutcomesOf(guard);
    seen.outcome = guard.kind == Val::kError ? "error" : guard.kind == Val::kUnknown ? "unknown" : guard.is(true) ? "true" : "false";
    if (rule.verb == Verb::kAllow && !rule.needs_scopes.empty()) Scopes(rule, seen);
    for (const MessagePiece& piece : rule.message.pieces) {
      seen.message += piece.expr.valid() ? Display(walk_.Eval(policy.file, piece.expr)) : std::string(piece.text);
    }
    if (rule.message.pieces.empty()) {
      seen.message = rule.verb == Verb::kRequire ? "requirement " + seen.name + " is not met" : seen.name;
      if (rule.verb == Verb::kDeny) seen.message = "denied by " + seen.name;
    }
    return seen;
  }

 private:
  static Val Condition(const Val& when, const Val& unless, const RuleDecl& rule) {
    if (!rule.unless.valid()) return when;
    if (!rule.when.valid()) return Not(unless);
    return Kleene({when, Not(unless)}, false);
  }
  void Scopes(const RuleDecl& rule, Seen& seen) {
    const json& scopes = vars_["principal"]["scopes"];
    for (const StringLiteral& needed : rule.needs_scopes) {
      if (std::find(scopes.begin(), scopes.end(), needed.value) == scopes.end()) seen.missing.emplace_back(needed.value);
    }
    if (seen.missing.empty()) return;
    if (seen.outcome != "error") seen.outcome = "false";
    json granted = vars_;  // would the rule hold if the principal had the scopes?
    for (const std::string& scope : seen.missing) granted["principal"]["scopes"].push_back(scope);
    Walk walk(set_, granted);
    const Val when = rule.when.valid() ? walk.Eval(seen.policy->file, rule.when) : Of(true);
    const Val unless = rule.unless.valid() ? walk.Eval(seen.policy->file, rule.unless) : Of(false);
    seen.only_scopes = Kleene({when, Not(unless)}, false).is(true);
  }

  const json vars_;
  Walk walk_;
  const TypedSet& set_;
};

// The rules of all policies that apply, with the names that are matched against their selectors.
std::vector<Seen> LookAtAll(const TypedSet& set, Target target, const json& vars, const std::string& scope, const std::string& name) {
  std::vector<Seen> all;
  Decider decider(set, vars);
  for (const TypedPolicy& policy : set.policies) {
    const PolicyDecl& decl = *policy.decl;
    if (decl.target != target || !Matches(decl.scopes, scope, target == Target::kAdmission ? "" : "*")) continue;
    if (target == Target::kAdmission) {
      static const std::set<std::string> by_default = {"CREATE", "UPDATE"};
      bool named = decl.operations.empty() && by_default.contains(name);
      for (const Name& operation : decl.operations)
        named |= std::equal(name.begin(), name.end(), operation.text.begin(), operation.text.end(),
                            [](char a, char b) { return std::tolower(a) == b; });
      if (!named) continue;
    }
    int number = 0;
    for (const RuleDecl& rule : decl.rules) {
      std::string id = "r" + std::to_string(++number);
      for (const Attribute& attribute : rule.attributes)
        if (attribute.name.text == "id") id = attribute.value;
      if (target != Target::kAdmission && !Matches(rule.patterns, name)) continue;
      all.push_back(decider.Look(policy, rule, id));
    }
  }
  return all;
}

// What rules say: those that held in their words and order, then how many failed (by cause is the engine's own business).
class Texts {
 public:
  void Add(const Seen& seen) {
    if (seen.outcome == "error")
      ++failed_;
    else
      held_.push_back(seen.message);
  }
  std::vector<std::string> all() const {
    std::vector<std::string> texts = held_;
    if (failed_ > 0) texts.push_back(std::to_string(failed_) + " could not be decided");
    return texts;
  }

 private:
  std::vector<std::string> held_;
  std::uint64_t failed_ = 0;
};

Verdict Combine(const std::vector<Seen>& all, bool access_like) {
  Verdict v;
  Texts messages, warnings;
  std::vector<std::string> other_errors;  // of rules that do not deny by them
  std::vector<const Seen*> denies, maybe_denies, allows, maybe_allows;
  for (const Seen& s : all) {
    const PolicyMode mode = s.policy->decl->mode;
    const bool requirement = s.rule->verb == Verb::kRequire;
    const bool denying = requirement || s.rule->verb == Verb::kDeny;
    // It denies whatever the unknowns are.
    const bool is_certain = s.outcome == "unknown" && (s.possible & (requirement ? 1 : 2)) == 0;
    const bool bad = denying && (is_certain || s.outcome == "error" || s.outcome == (requirement ? "false" : "true"));
    const std::string line = s.name + " " + std::string(VerbName(s.rule->verb)) + " " + s.outcome;
    if (s.outcome == "error") (bad && mode == PolicyMode::kEnforce ? v.errors : other_errors).push_back(s.name);
    if (mode == PolicyMode::kShadow) {
      if (bad || (s.rule->verb == Verb::kAllow && s.outcome == "true")) v.shadow.push_back(line);
      continue;
    }
    if (s.rule->verb == Verb::kWarn && (s.outcome == "true" || s.outcome == "error")) warnings.Add(s);
    if (s.rule->verb == Verb::kNote && s.outcome == "true") v.notes.push_back(s.name + "=" + s.message);
    if (bad && mode == PolicyMode::kWarn) warnings.Add(s);
    if (bad && mode != PolicyMode::kWarn) denies.push_back(&s);
    if (denying && !bad && s.outcome == "unknown" && mode != PolicyMode::kWarn) maybe_denies.push_back(&s);
    if (s.rule->verb == Verb::kAllow && s.outcome == "true") allows.push_back(&s);
    if (s.rule->verb == Verb::kAllow && s.outcome == "unknown" && (s.possible & 1) != 0) maybe_allows.push_back(&s);
  }
  std::stable_partition(denies.begin(), denies.end(), [](const Seen* s) { return s->outcome != "error"; });
  v.errors.insert(v.errors.end(), other_errors.begin(), other_errors.end());
  const bool denied = !denies.empty() || (access_like && allows.empty() && maybe_allows.empty());
  const bool allowed = !denied && maybe_denies.empty() && (!access_like || !allows.empty());
  v.effect = denied ? "deny" : allowed ? "allow" : "conditional";
  for (const Seen* s : denied ? denies : allowed ? allows : std::vector<const Seen*>{}) {
    v.rules.push_back(s->name + " " + std::string(VerbName(s->rule->verb)) + " " + s->outcome);
    if (denied) messages.Add(*s);
  }
  v.messages = messages.all();
  v.warnings = warnings.all();
  const Seen* fewest = nullptr;  // of those that fail for want of scopes alone: the smallest set, of it the least missing
  for (const Seen& s : all) {
    if (s.policy->decl->mode == PolicyMode::kShadow) continue;
    const bool masks = s.rule->verb == Verb::kRedact || s.rule->verb == Verb::kMask;
    if (v.effect != "deny" && masks && s.outcome != "false") v.obligations.push_back(s.name);
    if (v.effect != "deny" || !v.rules.empty() || !s.only_scopes) continue;
    const auto measure = [](const Seen& seen) { return std::pair(seen.rule->needs_scopes.size(), seen.missing.size()); };
    if (fewest == nullptr || measure(s) < measure(*fewest)) fewest = &s;
  }
  if (fewest != nullptr) v.needs = fewest->missing;
  return v;
}

}  // namespace

Verdict Decide(const TypedSet& set, const json& request) {
  const Target target = *TryFindTarget(request["target"].get<std::string>());
  const json vars = Prepare(request, target);
  const auto text = [&](const json& value, const char* key) { return value.is_string() ? value.get<std::string>() : value.value(key, ""); };
  switch (target) {
    case Target::kRows: return Combine(LookAtAll(set, target, vars, request["table"], ""), true);
    case Target::kAccess: return Combine(LookAtAll(set, target, vars, vars["resource"]["type"], vars["action"]["name"]), true);
    case Target::kAdmission: {
      const json& kind = request["request"]["kind"];
      const std::string group = kind.value("group", "");
      return Combine(LookAtAll(set, target, vars, kind["kind"].get<std::string>() + (group.empty() ? "" : "." + group),
                               request["request"]["operation"]),
                     false);
    }
    default: break;
  }
  const std::string server = text(request["server"], "name");
  if (!request.contains("list")) return Combine(LookAtAll(set, target, vars, server, text(request["tool"], "name")), true);
  Verdict listing;
  listing.effect = "allow";
  for (const json& tool : request["list"]) {
    json one = request;
    one["tool"] = tool;
    one["unknown"] = {"args"};
    const Verdict v = Combine(LookAtAll(set, target, Prepare(one, target), server, text(tool, "name")), true);
    if (v.effect != "deny") listing.visible.push_back(text(tool, "name"));
    listing.errors.insert(listing.errors.end(), v.errors.begin(), v.errors.end());
  }
  return listing;
}

}  // namespace writ::oracle
