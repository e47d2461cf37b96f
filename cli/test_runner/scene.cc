#include "cli/test_runner/scene.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/input.h"
#include "cli/manifest.h"
#include "cli/test_runner/constant.h"
#include "rules/base/check.h"
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

Scene::Scene(const dsl::FileTree& tree, std::string_view file_name)
    : tree_(tree), file_name_(file_name), given_(std::make_unique<Given>()) {}
Scene::~Scene() = default;

std::string Scene::PathOf(std::string_view file) const {
  return (std::filesystem::path(file_name_).parent_path() / std::filesystem::path(file)).string();
}

// The first document of a file that is an object.
Result<Json> Scene::ReadObject(std::string_view file) const {
  const std::string path = PathOf(file);
  const Result<Input> input = ReadFile(path);
  if (!input) return input.error();
  const Result<std::vector<Document>> documents = ParseDocuments(path, input->text);
  if (!documents) return documents.error();
  for (const Document& document : *documents) {
    Json json = Json::parse(document.json, nullptr, false);
    if (json.is_discarded()) return Bad(path + ":" + std::to_string(document.line) + ":1: not JSON");
    if (json.is_object()) return json;
  }
  return Bad(path + ": holds no object");
}

Result<Json> Scene::Data(dsl::ExprId value, const dsl::StringLiteral& file) const {
  if (IsGiven(file)) return ReadObject(file.value);
  if (!value.valid()) return Json();
  return ConstantJson(tree_, value);
}

Status Scene::ApplyImage(const TestStep& line) {
  const std::string reference(line.uri.value);
  if (line.image_state == TestStep::ImageState::kUnknown && line.signers.empty()) {
    images_.erase(reference);
    return OkStatus();
  }
  ImageLines& image = images_[reference];
  if (line.image_state == TestStep::ImageState::kAttested) {
    Result<Json> predicate = ConstantJson(tree_, line.value);
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
      const Result<Input> input = ReadFile(path);
      if (!input) return input.error();
      Result<std::string> json = ReadWholeAsJson(path, input->text);
      if (!json) return json.error();
      data_[name] = std::move(*json);
      return OkStatus();
    }
    const Result<Json> json = ConstantJson(tree_, line.value);
    if (!json) return json.error();
    data_[name] = json->dump();
    return OkStatus();
  }
  Result<Json> json = Data(line.value, line.file);
  if (!json) return json.error();
  (line.kind == StepKind::kPrincipal ? given_->principal : given_->context) = std::move(*json);
  return OkStatus();
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
  Json about = {{"operation", operation}, {"kind", KindOf(*object)}};
  AddNames(*object, about);
  request["target"] = "admission";
  request["request"] = std::move(about);
  if (operation == "DELETE") {
    // As the API server has it: what is deleted is the old object, and there is no new one.
    request["oldObject"] = previous->is_null() ? std::move(*object) : std::move(*previous);
    return OkStatus();
  }
  request["object"] = std::move(*object);
  if (!previous->is_null()) request["oldObject"] = std::move(*previous);
  return OkStatus();
}

Status Scene::AddSchema(const TestStep& test_case, Json& request) const {
  Result<Json> schema = Data(test_case.value, test_case.file);
  if (!schema) return schema.error();
  Result<Json> previous = Data(test_case.previous, test_case.previous_file);
  if (!previous) return previous.error();
  request["target"] = "schemas";
  request["server"] = test_case.server.value;
  request["tool"] = LiteralName(test_case.name);
  request["schema"] = std::move(*schema);
  if (!previous->is_null()) request["previous"] = std::move(*previous);
  return OkStatus();
}

Status Scene::AddAccess(const TestStep& test_case, Json& request) const {
  Result<Json> subject = Data(test_case.value, test_case.file);
  if (!subject) return subject.error();
  Result<Json> resource = Data(test_case.previous, test_case.previous_file);
  if (!resource) return resource.error();
  request["target"] = "access";
  request["subject"] = std::move(*subject);
  request["action"] = {{"name", LiteralName(test_case.name)}};
  request["resource"] = std::move(*resource);
  return OkStatus();
}

// call, read and prompt: a name on a server, with arguments.
Status Scene::AddCall(const TestStep& test_case, Json& request) const {
  request["server"] = test_case.server.value;
  if (test_case.kind == StepKind::kRead) {
    request["target"] = "resources";
    request["resource"] = test_case.uri.value;
  } else {
    request["target"] = test_case.kind == StepKind::kPrompt ? "prompts" : "tools";
    request[test_case.kind == StepKind::kPrompt ? "prompt" : "tool"] = LiteralName(test_case.name);
  }
  Result<Json> arguments = Data(test_case.value, test_case.file);
  if (!arguments) return arguments.error();
  if (!arguments->is_null()) request["args"] = std::move(*arguments);
  return OkStatus();
}

Result<std::string> Scene::Request(const TestStep& test_case) const {
  Json request = Json::object();
  // `access` has no principal: its subject stands in the case.
  if (given_->principal && test_case.kind != StepKind::kAsk && test_case.kind != StepKind::kSchema)
    request["principal"] = *given_->principal;
  if (given_->context) request["context"] = *given_->context;
  AddFacts(request);
  switch (test_case.kind) {
    case StepKind::kCall:
    case StepKind::kRead:
    case StepKind::kPrompt: WRIT_RETURN_IF_ERROR(AddCall(test_case, request)); break;
    case StepKind::kList:
      request["target"] = "tools";
      request["server"] = test_case.server.value;
      request["list"] = Json::array();
      for (const dsl::Pattern& name : test_case.names) request["list"].push_back(LiteralName(name));
      break;
    case StepKind::kAsk: WRIT_RETURN_IF_ERROR(AddAccess(test_case, request)); break;
    case StepKind::kRow: {
      Result<Json> row = Data(test_case.value, test_case.file);
      if (!row) return row.error();
      request["target"] = "rows";
      request["table"] = test_case.word.text;
      request["row"] = std::move(*row);
      break;
    }
    case StepKind::kFilter:
      request["target"] = "rows";
      request["table"] = test_case.word.text;
      request["unknown"] = {"row"};
      break;
    case StepKind::kAdmit: WRIT_RETURN_IF_ERROR(AddAdmission(test_case, request)); break;
    case StepKind::kSchema: WRIT_RETURN_IF_ERROR(AddSchema(test_case, request)); break;
    case StepKind::kPrincipal:
    case StepKind::kContext:
    case StepKind::kAt:
    case StepKind::kAfter:
    case StepKind::kData:
    case StepKind::kImage: WRIT_CHECK(false);  // scene lines make no requests
  }
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace writ::cli
