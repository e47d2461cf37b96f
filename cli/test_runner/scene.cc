#include "cli/test_runner/scene.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "cli/input.h"
#include "cli/manifest.h"
#include "cli/test_runner/constant.h"
#include "rules/base/check.h"
#include "rules/model/kubernetes_kind.h"
#include "rules/model/signer_option.h"
#include "rules/model/time.h"
#include "rules/model/value.h"

namespace writ::cli {

using Json = nlohmann::ordered_json;
using dsl::TestStep;
using StepKind = dsl::TestStep::Kind;

struct Scene::Given {
  std::optional<Json> principal;
  std::optional<Json> context;
  std::optional<Json> name_space;
};

namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

Error Bad(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

bool IsGiven(const dsl::StringLiteral& literal) { return literal.span.begin != literal.span.end; }

std::string Upper(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

Result<UnixNanos> ParseTime(std::string_view text) {
  const std::optional<Value> time = ParseTimestamp(text);
  constexpr std::int64_t kMaxSeconds = INT64_MAX / kNanosPerSecond - 1;  // the years 1677 to 2262
  if (!time || time->integer > kMaxSeconds || time->integer < -kMaxSeconds) {
    return Bad("`" + std::string(text) + "` is not a time between 1678 and 2262");
  }
  return time->integer * kNanosPerSecond + time->size;
}

// {"group": …, "version": …, "kind": …} of a Kubernetes object; what it leaves out is left to the request reader's judgement.
Json KindOf(const Json& object) {
  const auto text = [&](const char* member) {
    const auto found = object.find(member);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string version = text("apiVersion");
  const std::size_t slash = version.find('/');
  return {{"group", slash == std::string::npos ? "" : version.substr(0, slash)},
          {"version", slash == std::string::npos ? version : version.substr(slash + 1)},
          {"kind", text("kind")}};
}

std::pair<std::string_view, std::string_view> SplitAt(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  return {text.substr(0, at), at == std::string_view::npos ? std::string_view() : text.substr(at + 1)};
}

// What `admit connect Pod/exec` says beside its object: the resource and subresource that were called, and the kind of what is sent
// where the object itself does not tell. Kinds that are not in the table have no other object for their subresources.
void AddNamedKind(std::string_view written, Json& request) {
  const auto [parent, subresource] = SplitAt(written, '/');
  auto [kind, group] = SplitAt(parent, '.');
  const KubernetesKind* known = TryFindKind(group, kind);
  const std::string version(known == nullptr ? "v1" : ListWords(known->versions).front());
  if (known != nullptr) request["resource"] = {{"group", group}, {"version", version}, {"resource", known->resource}};
  if (!subresource.empty()) request["subResource"] = subresource;
  if (!request["kind"]["kind"].get_ref<const std::string&>().empty()) return;
  const std::optional<Subresource> found = known == nullptr ? std::nullopt : TryFindSubresource(*known, subresource);
  if (found && !found->object.empty()) std::tie(kind, group) = SplitAt(found->object, '.');
  request["kind"] = {{"group", group}, {"version", version}, {"kind", kind}};
}

// Copies metadata.name and metadata.namespace, which every AdmissionReview repeats.
void AddNames(const Json& object, Json& request) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  for (const char* member : {"name", "namespace"}) {
    const auto found = metadata->find(member);
    if (found != metadata->end() && found->is_string()) request[member] = *found;
  }
}

}  // namespace

Scene::Scene(const TestData& written, std::string_view file_name)
    : written_(written), file_name_(file_name), given_(std::make_unique<Given>()) {}
Scene::~Scene() = default;

std::string Scene::PathOf(std::string_view file) const {
  return (std::filesystem::path(file_name_).parent_path() / std::filesystem::path(file)).string();
}

// The first document of a file that is an object.
Result<Json> Scene::ReadObject(std::string_view file) const {
  const std::string path = PathOf(file);
  Result<Input> input = ReadFile(path);
  if (!input) return input.error();
  const Result<std::string> text = DecodeText(path, std::move(input->text));
  if (!text) return text.error();
  const Result<std::vector<Document>> documents = ParseDocuments(path, *text);
  if (!documents) return documents.error();
  for (const Document& document : *documents) {
    if (!document.surprise.empty()) return Bad(document.surprise);
    Json json = Json::parse(document.json, nullptr, false);
    if (json.is_discarded()) return Bad(path + ":" + std::to_string(document.line) + ":1: not JSON");
    if (json.is_object()) return json;
  }
  return Bad(path + ": holds no object");
}

Result<Json> Scene::Data(dsl::ExprId value, const dsl::StringLiteral& file) const {
  if (IsGiven(file)) return ReadObject(file.value);
  if (!value.valid()) return Json();
  return ConstantJson(written_, value);
}

Status Scene::ApplyImage(const TestStep& line) {
  const std::string reference(line.uri.value);
  if (line.image_state == TestStep::ImageState::kUnknown && line.signers.empty()) {
    images_.erase(reference);
    return OkStatus();
  }
  ImageLines& image = images_[reference];
  if (line.image_state == TestStep::ImageState::kAttested) {
    Result<Json> predicate = ConstantJson(written_, line.value);
    if (!predicate) return predicate.error();
    Json by = Json::array();
    for (const dsl::Name& signer : line.signers) by.push_back(signer.text);
    const Json attestation = {
        {"type", PredicateTypeUri(line.predicate_type.value)}, {"signedBy", std::move(by)}, {"predicate", *predicate}};
    image.attestations.push_back(attestation.dump());
    return OkStatus();
  }
  const Known known = line.image_state == TestStep::ImageState::kSignedBy      ? Known::kSigned
                      : line.image_state == TestStep::ImageState::kNotSignedBy ? Known::kRefuted
                                                                               : Known::kUnknown;
  for (const dsl::Name& signer : line.signers) image.signers[std::string(signer.text)] = known;
  return OkStatus();
}

Status Scene::Apply(const TestStep& line) {
  if (line.kind == StepKind::kImage) return ApplyImage(line);
  if (line.kind == StepKind::kUnknown) {
    unknown_.clear();
    for (const dsl::ExprId path : line.paths) unknown_.push_back(dsl::ExprText(written_.tree, path));
    return OkStatus();
  }
  if (line.kind == StepKind::kAt) {
    const Result<UnixNanos> time = ParseTime(line.uri.value);
    if (!time) return time.error();
    now_ = *time;
    return OkStatus();
  }
  if (line.kind == StepKind::kAfter) {
    if (__builtin_add_overflow(now_, line.after_nanos, &now_)) return Bad("the clock is moved beyond the year 2262");
    return OkStatus();
  }
  if (line.kind == StepKind::kData) {
    const std::string name(line.word.text);
    if (IsGiven(line.file)) {
      const std::string path = PathOf(line.file.value);
      Result<Input> input = ReadFile(path);
      if (!input) return input.error();
      const Result<std::string> text = DecodeText(path, std::move(input->text));
      if (!text) return text.error();
      Result<std::string> json = ReadWholeAsJson(path, *text);
      if (!json) return json.error();
      data_[name] = std::move(*json);
      return OkStatus();
    }
    const Result<Json> json = ConstantJson(written_, line.value);
    if (!json) return json.error();
    data_[name] = json->dump();
    return OkStatus();
  }
  Result<Json> json = Data(line.value, line.file);
  if (!json) return json.error();
  (line.kind == StepKind::kPrincipal ? given_->principal
   : line.kind == StepKind::kContext ? given_->context
                                     : given_->name_space) = std::move(*json);
  return OkStatus();
}

// Paths about variables that the case's target does not have are left out: a scene is for cases of several targets.
void Scene::AddUnknown(Target target, Json& request) const {
  for (const std::string& path : unknown_) {
    const std::string_view root = std::string_view(path).substr(0, path.find('.'));
    if (TryFindMember(InfoOf(target), root) != nullptr) request["unknown"].push_back(path);
  }
}

void Scene::AddFacts(Json& request) const {
  if (images_.empty()) return;
  Json images = Json::array();
  for (const auto& [reference, lines] : images_) {
    Json image = {{"image", reference}, {"signedBy", Json::array()}, {"refuted", Json::array()}, {"unknown", Json::array()}};
    for (const auto& [signer, known] : lines.signers)
      image[known == Known::kSigned ? "signedBy" : known == Known::kRefuted ? "refuted" : "unknown"].push_back(signer);
    image["attestations"] = Json::array();
    for (const std::string& attestation : lines.attestations) image["attestations"].push_back(Json::parse(attestation));
    images.push_back(std::move(image));
  }
  request["facts"] = {{"images", std::move(images)}};
}

Status Scene::AddAdmission(const TestStep& test_case, Json& request) const {
  Result<Json> object = Data(test_case.value, test_case.file);
  if (!object) return object.error();
  Result<Json> previous = Data(test_case.previous, test_case.previous_file);
  if (!previous) return previous.error();
  const std::string operation = Upper(test_case.word.text);
  const Json& told = object->is_null() ? *previous : *object;
  Json about = {{"operation", operation}, {"kind", KindOf(told)}};
  if (!test_case.name.text.empty()) AddNamedKind(LiteralName(test_case.name), about);
  AddNames(told, about);
  request["request"] = std::move(about);
  if (operation == "DELETE") {
    // As the API server has it: what is deleted is the old object, and there is no new one.
    request["oldObject"] = previous->is_null() ? std::move(*object) : std::move(*previous);
    return OkStatus();
  }
  if (!object->is_null()) request["object"] = std::move(*object);
  if (!previous->is_null()) request["oldObject"] = std::move(*previous);
  return OkStatus();
}

// A name as it is written, or the whole object that stands in its place.
Result<Json> Scene::Named(const dsl::Pattern& name, dsl::ExprId object) const {
  if (object.valid()) return ConstantJson(written_, object);
  return Json(LiteralName(name));
}

Result<Json> Scene::ServerOf(const TestStep& test_case) const {
  if (test_case.server_object.valid()) return ConstantJson(written_, test_case.server_object);
  return Json(test_case.server.value);
}

Status Scene::AddSchema(const TestStep& test_case, Json& request) const {
  Result<Json> server = ServerOf(test_case);
  if (!server) return server.error();
  Result<Json> tool = Named(test_case.name, test_case.name_object);
  if (!tool) return tool.error();
  Result<Json> schema = Data(test_case.value, test_case.file);
  if (!schema) return schema.error();
  Result<Json> previous = Data(test_case.previous, test_case.previous_file);
  if (!previous) return previous.error();
  request["server"] = std::move(*server);
  request["tool"] = std::move(*tool);
  request["schema"] = std::move(*schema);
  if (!previous->is_null()) request["previous"] = std::move(*previous);
  return OkStatus();
}

Status Scene::AddAccess(const TestStep& test_case, Json& request) const {
  Result<Json> subject = Data(test_case.value, test_case.file);
  if (!subject) return subject.error();
  Result<Json> action = Named(test_case.name, test_case.name_object);
  if (!action) return action.error();
  Result<Json> resource = Data(test_case.previous, test_case.previous_file);
  if (!resource) return resource.error();
  request["subject"] = std::move(*subject);
  request["action"] = action->is_string() ? Json{{"name", std::move(*action)}} : std::move(*action);
  request["resource"] = std::move(*resource);
  return OkStatus();
}

// call, read and prompt: a name on a server, with arguments.
Status Scene::AddCall(const TestStep& test_case, Json& request) const {
  Result<Json> server = ServerOf(test_case);
  if (!server) return server.error();
  const bool is_uri = test_case.kind == StepKind::kRead && !test_case.name_object.valid();
  Result<Json> name = is_uri ? Json(test_case.uri.value) : Named(test_case.name, test_case.name_object);
  if (!name) return name.error();
  Result<Json> arguments = Data(test_case.value, test_case.file);
  if (!arguments) return arguments.error();
  request["server"] = std::move(*server);
  request[test_case.kind == StepKind::kRead ? "resource" : test_case.kind == StepKind::kPrompt ? "prompt" : "tool"] = std::move(*name);
  if (!arguments->is_null()) request["args"] = std::move(*arguments);
  return OkStatus();
}

Status Scene::AddList(const TestStep& test_case, Json& request) const {
  Result<Json> server = ServerOf(test_case);
  if (!server) return server.error();
  request["server"] = std::move(*server);
  request["list"] = Json::array();
  for (std::size_t i = 0; i < test_case.names.size(); ++i) {
    Result<Json> tool = Named(test_case.names[i], test_case.objects[i]);
    if (!tool) return tool.error();
    request["list"].push_back(std::move(*tool));
  }
  return OkStatus();
}

Status Scene::AddRow(const TestStep& test_case, Json& request) const {
  Result<Json> row = Data(test_case.value, test_case.file);
  if (!row) return row.error();
  request["table"] = test_case.word.text;
  request["row"] = std::move(*row);
  return OkStatus();
}

Status Scene::AddCase(const TestStep& test_case, Json& request) const {
  switch (test_case.kind) {
    case StepKind::kCall:
    case StepKind::kRead:
    case StepKind::kPrompt: return AddCall(test_case, request);
    case StepKind::kList: return AddList(test_case, request);
    case StepKind::kAsk: return AddAccess(test_case, request);
    case StepKind::kRow: return AddRow(test_case, request);
    case StepKind::kFilter:
      request["table"] = test_case.word.text;
      request["unknown"] = {"row"};
      return OkStatus();
    case StepKind::kAdmit: return AddAdmission(test_case, request);
    case StepKind::kSchema: return AddSchema(test_case, request);
    case StepKind::kPrincipal:
    case StepKind::kContext:
    case StepKind::kAt:
    case StepKind::kAfter:
    case StepKind::kData:
    case StepKind::kImage:
    case StepKind::kNamespace:
    case StepKind::kUnknown: WRIT_CHECK(false);  // scene lines make no requests
  }
  return OkStatus();
}

Result<std::string> Scene::Request(const TestStep& test_case) const {
  const Target target = dsl::TargetOf(test_case.kind);
  Json request = {{"target", InfoOf(target).name}};
  // `access` has no principal: its subject stands in the case.
  if (given_->principal && target != Target::kAccess && target != Target::kSchemas) request["principal"] = *given_->principal;
  if (given_->context) request["context"] = *given_->context;
  if (given_->name_space && target == Target::kAdmission) request["namespaceObject"] = *given_->name_space;
  AddFacts(request);
  WRIT_RETURN_IF_ERROR(AddCase(test_case, request));
  AddUnknown(target, request);
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace writ::cli
