// The table of targets. Source: docs/language.md, "Targets" and "Requests and decisions as JSON".
#include "rules/model/target.h"

#include "rules/base/check.h"

namespace writ {
namespace {

using D = MemberDefault;
using U = Unlisted;

#define WRIT_PRINCIPAL_MEMBERS                                                                                               \
  {"principal", kRecordRow, D::kEmptyMap}, {"principal.id", "string", D::kAbsent}, {"principal.type", "string", D::kAbsent}, \
      {"principal.groups", "list(string)", D::kEmptyList}, {"principal.roles", "list(string)", D::kEmptyList},               \
      {"principal.scopes", "list(string)", D::kEmptyList}, {"principal.tenant", "string", D::kAbsent},                       \
      {"principal.claims", "map(string, dyn)", D::kEmptyMap}, {"principal.actors", "list(dyn)", D::kEmptyList}, {            \
    "principal.verified", "bool", D::kFalse                                                                                  \
  }

#define WRIT_CONTEXT_MEMBERS                                                                                                           \
  {"context", kRecordRow, D::kEmptyMap, U::kDyn}, {"context.time", "timestamp", D::kNow}, {"context.source_ip", "string", D::kAbsent}, \
      {"context.session", "string", D::kAbsent}, {"context.chain", kRecordRow, D::kEmptyMap},                                          \
      {"context.chain.depth", "int", D::kChainDepth}, {                                                                                \
    "context.chain.actors", "list(dyn)", D::kEmptyList                                                                                 \
  }

#define WRIT_SERVER_MEMBERS \
  {"server", kRecordRow, D::kEmptyMap, U::kDyn}, { "server.name", "string", D::kAbsent }

#define WRIT_TOOL_MEMBERS                                                                                                         \
  {"tool", kRecordRow, D::kEmptyMap}, {"tool.name", "string", D::kAbsent}, {"tool.title", "string", D::kAbsent},                  \
      {"tool.description", "dyn", D::kAbsent}, {"tool.inputSchema", "dyn", D::kAbsent}, {"tool.outputSchema", "dyn", D::kAbsent}, \
      {"tool.icons", "dyn", D::kAbsent}, {"tool.execution", "dyn", D::kAbsent}, {"tool._meta", "dyn", D::kAbsent},                \
      {"tool.annotations", kRecordRow, D::kEmptyMap}, {"tool.annotations.readOnlyHint", "bool", D::kFalse},                       \
      {"tool.annotations.destructiveHint", "bool", D::kTrue}, {"tool.annotations.idempotentHint", "bool", D::kFalse},             \
      {"tool.annotations.openWorldHint", "bool", D::kTrue}, {                                                                     \
    "tool.annotations.title", "string", D::kAbsent                                                                                \
  }

// Its members are the imported names.
constexpr Member kDataMember = {"data", kRecordRow, D::kEmptyMap};

constexpr Member kToolsMembers[] = {WRIT_PRINCIPAL_MEMBERS, WRIT_SERVER_MEMBERS,
                                    WRIT_TOOL_MEMBERS,      {"args", "map(string, dyn)", D::kEmptyMap},
                                    WRIT_CONTEXT_MEMBERS,   kDataMember};
constexpr Member kResourcesMembers[] = {WRIT_PRINCIPAL_MEMBERS,
                                        WRIT_SERVER_MEMBERS,
                                        {"resource", kRecordRow, D::kEmptyMap, U::kDyn},
                                        {"resource.uri", "string", D::kAbsent},
                                        {"resource.folded", "string", D::kAbsent},
                                        {"resource.name", "string", D::kAbsent},
                                        {"resource.title", "string", D::kAbsent},
                                        {"resource.mimeType", "string", D::kAbsent},
                                        {"args", "map(string, dyn)", D::kEmptyMap},
                                        WRIT_CONTEXT_MEMBERS,
                                        kDataMember};
constexpr Member kPromptsMembers[] = {WRIT_PRINCIPAL_MEMBERS,
                                      WRIT_SERVER_MEMBERS,
                                      {"prompt", kRecordRow, D::kEmptyMap, U::kDyn},
                                      {"prompt.name", "string", D::kAbsent},
                                      {"prompt.title", "string", D::kAbsent},
                                      {"args", "map(string, dyn)", D::kEmptyMap},
                                      WRIT_CONTEXT_MEMBERS,
                                      kDataMember};
constexpr Member kAccessMembers[] = {{"subject", kRecordRow, D::kEmptyMap},
                                     {"subject.type", "string", D::kAbsent},
                                     {"subject.id", "string", D::kAbsent},
                                     {"subject.properties", "map(string, dyn)", D::kEmptyMap},
                                     {"action", kRecordRow, D::kEmptyMap},
                                     {"action.name", "string", D::kAbsent},
                                     {"action.properties", "map(string, dyn)", D::kEmptyMap},
                                     {"resource", kRecordRow, D::kEmptyMap},
                                     {"resource.type", "string", D::kAbsent},
                                     {"resource.id", "string", D::kAbsent},
                                     {"resource.properties", "map(string, dyn)", D::kEmptyMap},
                                     WRIT_CONTEXT_MEMBERS,
                                     kDataMember};
constexpr Member kRowsMembers[] = {WRIT_PRINCIPAL_MEMBERS, {"row", "map(string, dyn)", D::kAbsent}, WRIT_CONTEXT_MEMBERS, kDataMember};

// Kubernetes' own records. What they hold is dyn, and what a request has there is not checked.
#define WRIT_KIND_MEMBERS(path, name)                                                                                     \
  {path, kRecordRow, D::kAbsent, U::kUnread}, {path ".group", "dyn", D::kAbsent}, {path ".version", "dyn", D::kAbsent}, { \
    path "." name, "dyn", D::kAbsent                                                                                      \
  }
constexpr Member kAdmissionMembers[] = {{"object", "dyn", D::kNull},
                                        {"oldObject", "dyn", D::kNull},
                                        {"namespaceObject", "dyn", D::kNull},
                                        {"request", kRecordRow, D::kEmptyMap},
                                        {"request.operation", "string", D::kAbsent},
                                        WRIT_KIND_MEMBERS("request.kind", "kind"),
                                        WRIT_KIND_MEMBERS("request.resource", "resource"),
                                        {"request.subResource", "string", D::kAbsent},
                                        WRIT_KIND_MEMBERS("request.requestKind", "kind"),
                                        WRIT_KIND_MEMBERS("request.requestResource", "resource"),
                                        {"request.requestSubResource", "string", D::kAbsent},
                                        {"request.name", "string", D::kAbsent},
                                        {"request.namespace", "string", D::kAbsent},
                                        {"request.userInfo", kRecordRow, D::kAbsent, U::kUnread},
                                        {"request.userInfo.username", "dyn", D::kAbsent},
                                        {"request.userInfo.uid", "dyn", D::kAbsent},
                                        {"request.userInfo.groups", "dyn", D::kAbsent},
                                        {"request.userInfo.extra", "dyn", D::kAbsent},
                                        {"request.dryRun", "bool", D::kFalse},
                                        {"request.options", "dyn", D::kAbsent},
                                        {"request.uid", "string", D::kAbsent},
                                        WRIT_PRINCIPAL_MEMBERS,
                                        WRIT_CONTEXT_MEMBERS,
                                        kDataMember};
constexpr Member kSchemasMembers[] = {WRIT_SERVER_MEMBERS,           WRIT_TOOL_MEMBERS,    {"schema", "map(string, dyn)", D::kAbsent},
                                      {"previous", "dyn", D::kNull}, WRIT_CONTEXT_MEMBERS, kDataMember};

constexpr Verb kToolVerbs[] = {Verb::kAllow, Verb::kDeny, Verb::kLimit, Verb::kRedact};
constexpr Verb kListedVerbs[] = {Verb::kAllow, Verb::kDeny, Verb::kLimit};
constexpr Verb kAccessVerbs[] = {Verb::kAllow, Verb::kDeny};
constexpr Verb kRowVerbs[] = {Verb::kAllow, Verb::kDeny, Verb::kMask};
constexpr Verb kAdmissionVerbs[] = {Verb::kRequire, Verb::kDeny, Verb::kWarn, Verb::kNote};
constexpr Verb kSchemaVerbs[] = {Verb::kRequire, Verb::kDeny, Verb::kWarn};

constexpr TargetInfo kTargets[kTargetCount] = {
    {Target::kTools, "tools", "on", kToolsMembers, kToolVerbs, false},
    {Target::kResources, "resources", "on", kResourcesMembers, kListedVerbs, false},
    {Target::kPrompts, "prompts", "on", kPromptsMembers, kListedVerbs, false},
    {Target::kAccess, "access", "to", kAccessMembers, kAccessVerbs, false},
    {Target::kRows, "rows", "of", kRowsMembers, kRowVerbs, false},
    {Target::kAdmission, "admission", "of", kAdmissionMembers, kAdmissionVerbs, true},
    {Target::kSchemas, "schemas", "on", kSchemasMembers, kSchemaVerbs, true},
};

}  // namespace

const TargetInfo& InfoOf(Target target) { return kTargets[static_cast<std::size_t>(target)]; }

std::optional<Target> TryFindTarget(std::string_view name) {
  for (const TargetInfo& info : kTargets) {
    if (info.name == name) return info.target;
  }
  return std::nullopt;
}

std::string_view NameBelow(const Member& record, const Member& member) {
  const std::size_t size = record.path.size();
  if (!member.path.starts_with(record.path) || member.path.size() <= size || member.path[size] != '.') return {};
  const std::string_view name = member.path.substr(size + 1);
  return name.find('.') == std::string_view::npos ? name : std::string_view();
}

const Member* TryFindMember(const TargetInfo& target, std::string_view path) {
  for (const Member& member : target.members) {
    if (member.path == path) return &member;
  }
  return nullptr;
}

std::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kAllow: return "allow";
    case Verb::kDeny: return "deny";
    case Verb::kRequire: return "require";
    case Verb::kWarn: return "warn";
    case Verb::kNote: return "note";
    case Verb::kLimit: return "limit";
    case Verb::kRedact: return "redact";
    case Verb::kMask: return "mask";
  }
  WRIT_CHECK(false);
}

std::string_view PolicyModeName(PolicyMode mode) {
  switch (mode) {
    case PolicyMode::kEnforce: return "enforce";
    case PolicyMode::kShadow: return "shadow";
    case PolicyMode::kWarn: return "warn";
  }
  WRIT_CHECK(false);
}

}  // namespace writ
