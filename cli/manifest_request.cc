// What a manifest on disk tells of the request that will carry it, and what it leaves unknown.
#include "cli/manifest_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "rules/model/kubernetes_kind.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;

Error Bad(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

// Reads a file of Kubernetes objects for the flag `flag`.
Result<std::vector<Subject>> ReadObjects(std::string_view flag, const std::string& path, const Console& console) {
  std::vector<Subject> objects = ReadSubjects({path}, console);
  for (const Subject& subject : objects) {
    if (subject.state == Subject::State::kUnread) return Bad(subject.reason);
    if (!subject.is_manifest) return Bad(std::string(flag) + ": " + path + " holds something else than Kubernetes objects");
  }
  return objects;
}

struct GroupVersion {
  std::string_view group, version;
};

GroupVersion Split(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {{}, api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

// What stood in the cluster before `subject`, or null.
const Subject* FindBefore(const Subject& subject, const std::vector<Subject>& was) {
  for (const Subject& old : was) {
    const bool same_place = old.name_space.empty() || subject.name_space.empty() || old.name_space == subject.name_space;
    const bool same_kind = old.kind == subject.kind && Split(old.api_version).group == Split(subject.api_version).group;
    if (same_kind && same_place && subject.is_named && old.name == subject.name) return &old;
  }
  return nullptr;
}

// Writes the namespace into an object that names none, as the API server does before admission.
std::string WithNamespace(const std::string& object, const std::string& name_space) {
  Json json = Json::parse(object, nullptr, false);
  Json& metadata = json["metadata"];
  if (!metadata.is_object() && !metadata.is_null()) return object;
  metadata["namespace"] = name_space;
  return json.dump();
}

// Builds one request; what nobody knows is noted as it goes.
class RequestBuilder {
 public:
  RequestBuilder(const Subject& subject, const ManifestScene& scene, FilledIn filled_in)
      : subject_(subject), scene_(scene), filled_in_(filled_in), kind_(TryFindKind(Split(subject.api_version).group, subject.kind)) {}

  std::string Build() {
    const Subject* old = FindBefore(subject_, scene_.was);
    const std::string operation = !scene_.operation.empty() ? scene_.operation : old != nullptr ? "UPDATE" : "CREATE";
    AddAbout(operation);
    std::string object = subject_.json, before = old != nullptr ? old->json : "null";
    AddNames(object);
    if (operation == "DELETE") {
      before = std::exchange(object, "null");
    } else if (operation == "UPDATE" && old == nullptr) {
      unknown_.push_back("oldObject");
    }
    std::string request = R"({"target":"admission","request":)" + about_.dump() + ",\"object\":" + object + ",\"oldObject\":" + before;
    if (!scene_.namespace_object.empty()) {
      request += ",\"namespaceObject\":" + scene_.namespace_object;
    } else if (!IsClusterWide()) {
      unknown_.push_back("namespaceObject");
    }
    return request + ",\"unknown\":" + unknown_.dump() + "}";
  }

 private:
  bool IsClusterWide() const { return kind_ != nullptr && kind_->scope == KindScope::kCluster; }

  void AddAbout(const std::string& operation) {
    const auto [group, version] = Split(subject_.api_version);
    about_["operation"] = operation;
    // The file is what the client sends, so nothing was converted.
    for (const char* member : {"kind", "requestKind"}) about_[member] = {{"group", group}, {"version", version}, {"kind", subject_.kind}};
    for (const char* member : {"resource", "requestResource"}) {
      if (kind_ == nullptr) {
        unknown_.push_back(std::string("request.") + member);
      } else {
        about_[member] = {{"group", group}, {"version", version}, {"resource", kind_->resource}};
      }
    }
    if (scene_.user) {
      about_["userInfo"] = {{"username", *scene_.user}, {"groups", scene_.groups}};
    } else {
      unknown_.push_back("request.userInfo");
    }
    for (const char* member : {"request.dryRun", "request.options", "request.uid"}) unknown_.push_back(member);
  }

  // What is written stands in the request; what is not, the API server fills in before admission, in the object too.
  void AddNames(std::string& object) {
    if (!subject_.is_named) {
      unknown_.push_back("request.name");
      if (filled_in_ == FilledIn::kUnknown) unknown_.push_back("object.metadata.name");
    }
    if (!subject_.name_space.empty() || IsClusterWide()) return;
    if (!scene_.name_space.empty()) {
      object = WithNamespace(object, scene_.name_space);
    } else {
      unknown_.push_back("request.namespace");
      if (filled_in_ == FilledIn::kUnknown) unknown_.push_back("object.metadata.namespace");
    }
  }

  const Subject& subject_;
  const ManifestScene& scene_;
  FilledIn filled_in_;
  const KubernetesKind* kind_;
  Json about_ = Json::object();
  Json unknown_ = Json::array();
};

}  // namespace

Result<ManifestScene> ReadManifestScene(const EvalOptions& options, const Console& console) {
  ManifestScene scene;
  scene.name_space = options.name_space;
  scene.user = options.user;
  scene.groups = options.groups;
  if (!scene.user && !scene.groups.empty()) return Bad("--group: found no --user, expected the user who is in the group");
  scene.operation = options.operation;
  std::transform(scene.operation.begin(), scene.operation.end(), scene.operation.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  constexpr std::string_view kOperations[] = {"", "CREATE", "UPDATE", "DELETE", "CONNECT"};
  if (std::find(std::begin(kOperations), std::end(kOperations), scene.operation) == std::end(kOperations))
    return Bad("--operation: found `" + options.operation + "`, expected create, update, delete or connect");
  if (!options.was.empty()) {
    Result<std::vector<Subject>> was = ReadObjects("--was", options.was, console);
    if (!was) return was.error();
    scene.was = std::move(*was);
  }
  if (!options.namespace_object.empty()) {
    Result<std::vector<Subject>> found = ReadObjects("--namespace-object", options.namespace_object, console);
    if (!found) return found.error();
    if (found->size() != 1 || found->front().kind != "Namespace")
      return Bad("--namespace-object: " + options.namespace_object + " holds something else than one Namespace");
    scene.namespace_object = std::move(found->front().json);
    if (scene.name_space.empty()) scene.name_space = found->front().name;
  }
  return scene;
}

std::string AdmissionRequestOf(const Subject& subject, const ManifestScene& scene, FilledIn filled_in) {
  return RequestBuilder(subject, scene, filled_in).Build();
}

std::string FlagsFor(const Decision& decision) {
  struct Flag {
    std::string_view part, flag;
  };
  static constexpr Flag kFlags[] = {{"request.namespace", "--namespace"},       {"metadata.namespace", "--namespace"},
                                    {"request.userInfo", "--user and --group"}, {"principal", "--user and --group"},
                                    {"namespaceObject", "--namespace-object"},  {"oldObject", "--was"}};
  std::string open = decision.residual ? decision.residual->cel : "";
  for (const FactCondition& condition : decision.needs_facts) open.append(" ").append(condition.when).append(" ").append(condition.key);
  std::string flags;
  for (const auto& [part, flag] : kFlags) {
    if (open.find(part) == std::string_view::npos || flags.find(std::string(flag) + ",") != std::string::npos) continue;
    flags.append(flag).append(", ");
  }
  if (flags.empty()) return {};
  flags.resize(flags.size() - 2);
  return "a file does not tell that; give " + flags;
}

}  // namespace writ::cli
