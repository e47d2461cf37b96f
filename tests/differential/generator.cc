#include "tests/differential/generator.h"

namespace writ::differential {
namespace {

using nlohmann::json;

const std::vector<std::string> kWords = {"acme", "other", "eu", "us", "sre", "platform", "a/b", "slack:write", "pci", ""};
const std::vector<std::string> kServers = {"slack", "warehouse", "files/main"};
const std::vector<std::string> kTools = {"search", "post_message", "delete_channel", "delete_user", "fs/read", "fs/write/all"};
const std::vector<std::string> kToolPatterns = {"search", "post_message", "delete_*",  "*_channel",       "fs/*", "fs/**",
                                                "*",      "**",           "\"p*t_*\"", "search, delete_*"};
const std::vector<std::string> kScopes = {"slack:write", "pci", "admin"};

std::string Quoted(const std::string& text) { return json(text).dump(); }

}  // namespace

std::string Generator::StringOf(Subject subject) {
  std::vector<std::string> choices = {Quoted(OneOf(kWords)), "context.?region.orValue(\"eu\")", "context.region"};
  if (subject == Subject::kAccess) {
    choices.insert(choices.end(), {"subject.id", "subject.properties.team", "resource.properties[\"owner\"]", "action.name"});
  } else {
    choices.insert(choices.end(),
                   {"principal.id", "principal.tenant", "principal.tenant", "principal.claims.team", "principal.claims[\"a/b\"]"});
  }
  if (subject == Subject::kTools)
    choices.insert(choices.end(), {"args.schema", "args.path.first", "server.name", "tool.name", "args.?schema.orValue(\"us\")"});
  if (subject == Subject::kRows) choices.insert(choices.end(), {"row.tenant", "row.region", "row.card"});
  if (subject == Subject::kAdmission)
    choices.insert(choices.end(), {"object.spec.image", "object.metadata.labels[\"team\"]", "request.operation",
                                   "object.spec.?transport.orValue(\"us\")"});
  return OneOf(choices);
}

std::string Generator::ListOf(Subject subject) {
  std::vector<std::string> choices = {"[\"acme\", \"eu\"]", "[\"sre\", \"us\", \"pci\"]", "context.chain.actors", "context.tags"};
  if (subject != Subject::kAccess)
    choices.insert(choices.end(), {"principal.groups", "principal.scopes", "principal.roles", "principal.claims.list", "principal.actors"});
  if (subject == Subject::kTools) choices.emplace_back("args.items");
  if (subject == Subject::kAdmission) choices.emplace_back("object.spec.args");
  return OneOf(choices);
}

std::string Generator::Atom(Subject subject, int depth) {
  const std::string a = StringOf(subject), b = StringOf(subject), list = ListOf(subject);
  switch (Pick(18)) {
    case 0: return "dyn(" + a + ") == dyn(" + b + ")";
    case 1: return a + " == " + Quoted(OneOf(kWords));
    case 2: return a + " != " + Quoted(OneOf(kWords));
    case 3: return Quoted(OneOf(kWords)) + " in " + list;
    case 4: return a + " in " + "[\"acme\", \"us\", \"eu\"]";
    case 5: return a + ".startsWith(" + Quoted(OneOf(kWords)) + ")";
    case 6: return a + ".contains(\"e\")";
    case 7: return a + ".matches(\"^(acme|e.)$\")";
    case 8: return list + ".exists(x, x == " + a + ")";
    case 9:
      return list + ".all(x, " + (depth > 0 ? "x != \"us\" && (" + Condition(subject, depth - 2) + ")" : std::string("x != \"us\"")) + ")";
    case 10: return "size(" + list + ") > " + std::to_string(Pick(3));
    case 11: return list + ".filter(x, x != " + a + ") == []";
    case 12: return "context.chain.depth > " + std::to_string(Pick(4));
    case 13: return "context.count < " + std::to_string(Pick(5)) + OneOf({"", ".5"});
    case 14:
      return OneOf({"has(context.region)", "has(context.nested.deep)", "shared", "flag", "is_special(" + a + ")",
                    "either(" + Quoted("acme") + ", " + a + ")"});
    case 15: return list + ".map(x, x == " + Quoted(OneOf(kWords)) + ").exists_one(x, x)";
    case 16: return OneOf({"true", "false", "context.flag", "context.nested.deep == 1", "context.count + 1 == 3"});
    default:
      if (subject == Subject::kTools)
        return OneOf(
            {"has(args.schema)", "args.count >= 2", "tool.annotations.destructiveHint", "args.path.first == \"us\"", "principal.verified"});
      if (subject == Subject::kRows)
        return OneOf({"row.amount > 10.0", "row.region == null", "row.id in [1, 2, 3]", "has(row.card)", "principal.verified"});
      if (subject == Subject::kAdmission)
        return OneOf({"has(object.spec.resources)", "object.spec.?replicas.orValue(1) > 1", "object == null", "oldObject != null"});
      return OneOf({"has(subject.properties.team)", "resource.properties.level > 2", "resource.id == subject.id"});
  }
}

std::string Generator::Condition(Subject subject, int depth) {
  if (depth <= 0 || Chance(30)) return Atom(subject, depth);
  switch (Pick(5)) {
    case 0: return "(" + Condition(subject, depth - 1) + " && " + Condition(subject, depth - 1) + ")";
    case 1: return "(" + Condition(subject, depth - 1) + " || " + Condition(subject, depth - 1) + ")";
    case 2: return "!(" + Condition(subject, depth - 1) + ")";
    case 3:
      return "(" + Condition(subject, depth - 1) + " ? " + Condition(subject, depth - 1) + " : " + Condition(subject, depth - 1) + ")";
    default: return Condition(subject, depth - 1) + " && " + Condition(subject, depth - 1);
  }
}

std::string Generator::Clauses(Subject subject, bool message) {
  std::string text;
  if (Chance(80)) text += " when " + Condition(subject, 3);
  if (Chance(25)) text += " unless " + Condition(subject, 2);
  if (message && Chance(60))
    text += std::string(" because \"no: {") +
            (subject == Subject::kRows ? std::string("context.region")
                                       : OneOf({"context.chain.depth", "context.region", "context.nested.deep", "context.count"})) +
            "} {{x}}\"";
  return text;
}

std::string Generator::Rule(Subject subject) {
  const std::string patterns = subject == Subject::kTools    ? " " + OneOf(kToolPatterns)
                               : subject == Subject::kAccess ? " " + OneOf({"read", "write", "*", "read, list"})
                                                             : "";
  const std::string id = "";
  if (subject == Subject::kAdmission) {
    switch (Pick(5)) {
      case 0: return "require " + Condition(subject, 2) + Clauses(subject, true);
      case 1: return "warn" + Clauses(subject, true);
      case 2: return "note \"seen {request.operation}\"" + Clauses(subject, false);
      default: return "deny" + Clauses(subject, true);
    }
  }
  if (subject == Subject::kTools && Chance(8)) return "redact" + patterns + " \"/rows/*/card\" keep last 4" + Clauses(subject, false);
  if (subject == Subject::kRows && Chance(12)) return "mask card hash" + Clauses(subject, false);
  if (Chance(40)) return "deny" + patterns + Clauses(subject, true);
  std::string allow = "allow" + patterns + Clauses(subject, true);
  if (subject != Subject::kAccess && Chance(25)) allow += " needs scope " + Quoted(OneOf(kScopes));
  return allow;
}

std::string Generator::Policy(Subject subject, int number) {
  std::string text = "policy p" + std::to_string(number) + " for ";
  switch (subject) {
    case Subject::kTools:
      text += "tools" + (Chance(70) ? " on server " + Quoted(OneOf({"slack", "warehouse", "files/*", "**", "s*"})) : std::string());
      break;
    case Subject::kRows: text += "rows of orders"; break;
    case Subject::kAccess: text += "access" + (Chance(70) ? " to " + OneOf({"document", "doc*", "folder"}) : std::string()); break;
    case Subject::kAdmission:
      text += "admission of " + OneOf({"MCPServer.toolhive.stacklok.dev", "*.toolhive.stacklok.dev", "Pod", "*", "MCPServer.*"});
      if (Chance(50)) text += OneOf({" on create", " on create, update", " on delete"});
      break;
  }
  if (Chance(15)) text += OneOf({" in shadow mode", " in warn mode"});
  text += " {\n";
  for (std::size_t i = Pick(5) + 1; i > 0; --i) text += "  " + Rule(subject) + "\n";
  return text + "}\n";
}

std::string Generator::PolicyFile() {
  std::string text = "package p\n";
  text += "let shared = context.?region.orValue(\"eu\") in [\"eu\", \"us\"] && context.chain.depth < 3\n";
  text += "let flag = context.flag || has(context.region)\n";
  text += "fn is_special(word: string) -> bool = word == \"acme\" || word.startsWith(\"e\")\n";
  text += "fn either(a: string, b: string) -> bool = a == \"acme\" || is_special(b)\n";
  text += "table orders {\n  id: int\n  tenant: string\n  region: string?\n  amount: double\n  card: string?\n}\n";
  const int count = static_cast<int>(Pick(6)) + 2;
  for (int i = 0; i < count; ++i) text += Policy(static_cast<Subject>(Pick(4)), i);
  return text;
}

json Generator::AnyValue(int depth) {
  switch (Pick(depth > 0 ? 8 : 6)) {
    case 0: return nullptr;
    case 1: return Chance(50);
    case 2: return static_cast<std::int64_t>(Pick(5));
    case 3: return static_cast<double>(Pick(5)) + 0.5;
    case 6: return json::array({AnyValue(depth - 1), OneOf(kWords)});
    case 7: return json{{"first", AnyValue(depth - 1)}};
    default: return OneOf(kWords);
  }
}

json Generator::Principal() {
  json principal = {{"id", OneOf({"agent-7", "acme", "acme", ""})}};
  if (Chance(70)) principal["tenant"] = OneOf({"acme", "other", "eu", " "});
  for (const char* list : {"groups", "roles"})
    if (Chance(60)) principal[list] = json::array({OneOf(kWords), OneOf(kWords)});
  if (Chance(60)) principal["scopes"] = Chance(50) ? json::array({OneOf(kScopes)}) : json::array({"pci", "slack:write"});
  if (Chance(60)) principal["claims"] = {{"team", AnyValue(0)}, {"a/b", AnyValue(0)}};
  if (Chance(30)) principal["claims"]["list"] = Chance(70) ? json::array({OneOf(kWords), AnyValue(0)}) : AnyValue(1);
  if (Chance(50)) principal["verified"] = Chance(50);
  return principal;
}

json Generator::Context() {
  json context = json::object();
  if (Chance(50)) context["region"] = AnyValue(0);
  if (Chance(50)) context["count"] = AnyValue(0);
  if (Chance(60)) context["flag"] = Chance(80) ? json(Chance(50)) : AnyValue(0);
  if (Chance(40)) context["nested"] = Chance(70) ? json{{"deep", AnyValue(0)}} : AnyValue(0);
  if (Chance(40)) context["tags"] = Chance(80) ? json::array({OneOf(kWords), AnyValue(0)}) : AnyValue(0);
  if (Chance(40)) context["chain"] = {{"depth", Pick(6)}};
  return context;
}

// The same actors in some of the places where they may stand.
void Generator::AddChain(json& request) {
  std::vector<std::string> names = {"eu"};
  for (std::size_t i = Pick(3); i > 0; --i) names.push_back(OneOf({"acme", "eu", "us"}));
  if (Chance(50)) request["context"]["chain"]["actors"] = names;
  if (!request.contains("principal")) return;
  json& principal = request["principal"];
  if (Chance(50)) principal["actors"] = names;
  if (!Chance(30)) return;
  json act = json::object();
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    json outer = {{"sub", *name}};
    if (!act.empty()) outer["act"] = act;
    act = outer;
  }
  principal["claims"]["act"] = act;
}

json Generator::Request() {
  json request = {{"context", Context()}};
  const Subject subject = static_cast<Subject>(Pick(4));
  if (subject != Subject::kAccess && subject != Subject::kAdmission) request["principal"] = Principal();
  if (Chance(40)) AddChain(request);
  switch (subject) {
    case Subject::kTools: {
      request["target"] = "tools";
      request["server"] = OneOf(kServers);
      if (Chance(20)) {
        request["list"] = kTools;
        break;
      }
      request["tool"] = OneOf(kTools);
      json args = json::object();
      if (Chance(70)) args["schema"] = AnyValue(0);
      if (Chance(50)) args["items"] = Chance(70) ? json::array({OneOf(kWords), AnyValue(1)}) : AnyValue(1);
      if (Chance(50)) args["path"] = AnyValue(1);
      if (Chance(50)) args["count"] = AnyValue(0);
      request["args"] = args;
      if (Chance(20))
        request["unknown"] = {OneOf({"args", "args.schema", "context.region", "principal.claims", "principal.actors", "context.chain"})};
      break;
    }
    case Subject::kRows:
      request["target"] = "rows";
      request["table"] = "orders";
      request["row"] = {{"id", Pick(5)}, {"tenant", OneOf({"acme", "other"})}, {"amount", 5.5 + static_cast<double>(Pick(10))}};
      if (Chance(70)) request["row"]["region"] = Chance(50) ? json("eu") : json();
      if (Chance(70)) request["row"]["card"] = "4111111111111111";
      if (Chance(20)) request["unknown"] = {OneOf({"row", "row.region", "row.amount", "principal.tenant", "context"})};
      break;
    case Subject::kAccess:
      request["target"] = "access";
      request["subject"] = {{"type", "user"}, {"id", OneOf({"ann", "acme"})}, {"properties", {{"team", AnyValue(0)}}}};
      request["action"] = {{"name", OneOf({"read", "write", "list"})}};
      request["resource"] = {{"type", OneOf({"document", "folder"})},
                             {"id", OneOf({"1", "ann"})},
                             {"properties", {{"owner", AnyValue(0)}, {"level", AnyValue(0)}}}};
      if (Chance(20))
        request["unknown"] = {OneOf({"resource.properties", "resource.properties.owner", "subject.properties", "context.region"})};
      break;
    case Subject::kAdmission: {
      request["target"] = "admission";
      const bool server = Chance(70);
      const std::string operation = OneOf({"CREATE", "UPDATE", "DELETE"});
      request["request"] = {
          {"operation", operation},
          {"kind", {{"group", server ? "toolhive.stacklok.dev" : ""}, {"version", "v1"}, {"kind", server ? "MCPServer" : "Pod"}}}};
      json spec = {{"image", OneOf({"eu", "ghcr.io/x:1"})}};
      if (Chance(50)) spec["transport"] = OneOf({"stdio", "us"});
      if (Chance(50)) spec["replicas"] = Pick(3);
      if (Chance(50)) spec["args"] = json::array({"us", AnyValue(0)});
      if (Chance(50)) spec["resources"] = json::object();
      json object = {{"apiVersion", "x/v1"}, {"kind", "MCPServer"}, {"metadata", {{"name", "a"}}}, {"spec", spec}};
      if (Chance(50)) object["metadata"]["labels"] = {{"team", OneOf(kWords)}};
      const std::string root = operation == "DELETE" ? "oldObject" : "object";
      request[root] = object;
      if (Chance(25)) request["unknown"] = {OneOf({root + ".spec", root + ".spec.image", root + ".spec.transport", "context.region"})};
      break;
    }
  }
  return request;
}

}  // namespace writ::differential
