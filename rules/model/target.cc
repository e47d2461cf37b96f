// The table of targets. Source: docs/language.md, "Targets" and "Requests and decisions as JSON".
#include "rules/model/target.h"

#include "rules/base/check.h"

namespace writ {
namespace {

using D = MemberDefault;
using T = MemberType;

#define WRIT_PRINCIPAL_MEMBERS                                                                                                   \
  {"principal", T::kRecord, D::kEmptyMap}, {"principal.id", T::kString, D::kAbsent}, {"principal.type", T::kString, D::kAbsent}, \
      {"principal.groups", T::kStringList, D::kEmptyList}, {"principal.roles", T::kStringList, D::kEmptyList},                   \
      {"principal.scopes", T::kStringList, D::kEmptyList}, {"principal.tenant", T::kString, D::kAbsent},                         \
      {"principal.claims", T::kDynMap, D::kEmptyMap}, {"principal.actors", T::kDynList, D::kEmptyList}, {                        \
    "principal.verified", T::kBool, D::kFalse                                                                                    \
  }

#define WRIT_CONTEXT_MEMBERS                                                                                                            \
  {"context", T::kRecord, D::kEmptyMap, true}, {"context.time", T::kTimestamp, D::kNow}, {"context.source_ip", T::kString, D::kAbsent}, \
      {"context.session", T::kString, D::kAbsent}, {"context.chain", T::kRecord, D::kEmptyMap},                                         \
      {"context.chain.depth", T::kInt, D::kChainDepth}, {                                                                               \
    "context.chain.actors", T::kDynList, D::kEmptyList                                                                                  \
  }

#define WRIT_SERVER_MEMBERS \
  {"server", T::kRecord, D::kEmptyMap, true}, { "server.name", T::kString, D::kAbsent }

#define WRIT_TOOL_MEMBERS                                                                                                               \
  {"tool", T::kRecord, D::kEmptyMap}, {"tool.name", T::kString, D::kAbsent}, {"tool.title", T::kString, D::kAbsent},                    \
      {"tool.description", T::kDyn, D::kAbsent}, {"tool.inputSchema", T::kDyn, D::kAbsent}, {"tool.outputSchema", T::kDyn, D::kAbsent}, \
      {"tool.icons", T::kDyn, D::kAbsent}, {"tool.execution", T::kDyn, D::kAbsent}, {"tool._meta", T::kDyn, D::kAbsent},                \
      {"tool.annotations", T::kRecord, D::kEmptyMap}, {"tool.annotations.readOnlyHint", T::kBool, D::kFalse},                           \
      {"tool.annotations.destructiveHint", T::kBool, D::kTrue}, {"tool.annotations.idempotentHint", T::kBool, D::kFalse},               \
      {"tool.annotations.openWorldHint", T::kBool, D::kTrue}, {                                                                         \
    "tool.annotations.title", T::kString, D::kAbsent                                                                                    \
  }

constexpr Member kDataMember = {"data", T::kRecord, D::kEmptyMap};  // its members are the imported names

constexpr Member kToolsMembers[] = {WRIT_PRINCIPAL_MEMBERS, WRIT_SERVER_MEMBERS, WRIT_TOOL_MEMBERS, {"args", T::kDynMap, D::kEmptyMap},
                                    WRIT_CONTEXT_MEMBERS,   kDataMember};
constexpr Member kResourcesMembers[] = {WRIT_PRINCIPAL_MEMBERS,
                                        WRIT_SERVER_MEMBERS,
                                        {"resource", T::kRecord, D::kEmptyMap, true},
                                        {"resource.uri", T::kString, D::kAbsent},
                                        {"resource.folded", T::kString, D::kAbsent},
                                        {"resource.name", T::kString, D::kAbsent},
                                        {"resource.title", T::kString, D::kAbsent},
                                        {"resource.mimeType", T::kString, D::kAbsent},
                                        {"args", T::kDynMap, D::kEmptyMap},
                                        WRIT_CONTEXT_MEMBERS,
                                        kDataMember};
constexpr Member kPromptsMembers[] = {WRIT_PRINCIPAL_MEMBERS,
                                      WRIT_SERVER_MEMBERS,
                                      {"prompt", T::kRecord, D::kEmptyMap, true},
                                      {"prompt.name", T::kString, D::kAbsent},
                                      {"prompt.title", T::kString, D::kAbsent},
                                      {"args", T::kDynMap, D::kEmptyMap},
                                      WRIT_CONTEXT_MEMBERS,
                                      kDataMember};
constexpr Member kAccessMembers[] = {{"subject", T::kRecord, D::kEmptyMap},
                                     {"subject.type", T::kString, D::kAbsent},
                                     {"subject.id", T::kString, D::kAbsent},
                                     {"subject.properties", T::kDynMap, D::kEmptyMap},
                                     {"action", T::kRecord, D::kEmptyMap},
                                     {"action.name", T::kString, D::kAbsent},
                                     {"action.properties", T::kDynMap, D::kEmptyMap},
                                     {"resource", T::kRecord, D::kEmptyMap},
                                     {"resource.type", T::kString, D::kAbsent},
                                     {"resource.id", T::kString, D::kAbsent},
                                     {"resource.properties", T::kDynMap, D::kEmptyMap},
                                     WRIT_CONTEXT_MEMBERS,
                                     kDataMember};
constexpr Member kRowsMembers[] = {WRIT_PRINCIPAL_MEMBERS, {"row", T::kDynMap, D::kAbsent}, WRIT_CONTEXT_MEMBERS, kDataMember};
constexpr std::string_view kKindFields = "group version kind", kResourceFields = "group version resource";
constexpr Member kAdmissionMembers[] = {{"object", T::kDyn, D::kNull},
                                        {"oldObject", T::kDyn, D::kNull},
                                        {"namespaceObject", T::kDyn, D::kNull},
                                        {"request", T::kRecord, D::kEmptyMap},
                                        {"request.operation", T::kString, D::kAbsent},
                                        {"request.kind", T::kDynMap, D::kAbsent, false, kKindFields},
                                        {"request.resource", T::kDynMap, D::kAbsent, false, kResourceFields},
                                        {"request.subResource", T::kString, D::kAbsent},
                                        {"request.requestKind", T::kDynMap, D::kAbsent, false, kKindFields},
                                        {"request.requestResource", T::kDynMap, D::kAbsent, false, kResourceFields},
                                        {"request.requestSubResource", T::kString, D::kAbsent},
                                        {"request.name", T::kString, D::kAbsent},
                                        {"request.namespace", T::kString, D::kAbsent},
                                        {"request.userInfo", T::kDynMap, D::kAbsent, false, "username uid groups extra"},
                                        {"request.dryRun", T::kBool, D::kFalse},
                                        {"request.options", T::kDyn, D::kAbsent},
                                        {"request.uid", T::kString, D::kAbsent},
                                        WRIT_PRINCIPAL_MEMBERS,
                                        WRIT_CONTEXT_MEMBERS,
                                        kDataMember};
constexpr Member kSchemasMembers[] = {
    WRIT_SERVER_MEMBERS,  WRIT_TOOL_MEMBERS, {"schema", T::kDynMap, D::kAbsent}, {"previous", T::kDyn, D::kNull},
    WRIT_CONTEXT_MEMBERS, kDataMember};

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

std::string_view MemberTypeName(MemberType type) {
  switch (type) {
    case MemberType::kDyn: return "dyn";
    case MemberType::kBool: return "bool";
    case MemberType::kInt: return "int";
    case MemberType::kUint: return "uint";
    case MemberType::kDouble: return "double";
    case MemberType::kString: return "string";
    case MemberType::kBytes: return "bytes";
    case MemberType::kTimestamp: return "timestamp";
    case MemberType::kDuration: return "duration";
    case MemberType::kStringList: return "list(string)";
    case MemberType::kDynMap: return "map(string, dyn)";
    case MemberType::kDynList: return "list(dyn)";
    case MemberType::kRecord: return "record";
  }
  WRIT_CHECK(false);
}

}  // namespace writ
