// What is wrong with a case before anything is verified.
#include "tests/conformance/sigstore_case.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace writ::conformance {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Type = Json::value_t;

struct Input {
  std::string_view name;
  Type type;
  bool is_file = false;
};

constexpr std::array<Input, 17> kInputs = {{{"artifact", Type::string, true},
                                            {"artifact_digest", Type::string},
                                            {"trusted_root", Type::string, true},
                                            {"identity", Type::string},
                                            {"issuer", Type::string},
                                            {"key", Type::string, true},
                                            {"require_tlog", Type::boolean},
                                            {"require_sct", Type::boolean},
                                            {"predicate_type", Type::string},
                                            {"annotations", Type::object},
                                            {"docker_reference", Type::string},
                                            {"rekor_key", Type::string, true},
                                            {"fulcio_root", Type::string, true},
                                            {"ca_roots", Type::string, true},
                                            {"ca_intermediates", Type::string, true},
                                            {"image_digest", Type::string},
                                            {"sig_tag", Type::string}}};

bool IsText(const Json& object, const char* name) { return object.contains(name) && object[name].is_string(); }

std::string FaultOfFile(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && std::ifstream(path) ? "" : "the file `" + name + "` cannot be read";
}

std::string FaultOfFiles(const Json& files, const std::string& folder) {
  if (!files.is_array() || files.empty()) return "`files` is not a list of files";
  for (const Json& file : files) {
    if (!file.is_string()) return "`files` holds " + file.dump() + ", expected a path";
    const std::string name = file;
    if (name.ends_with('/')) continue;  // a folder that is empty may be missing: archives do not keep it
    if (std::string fault = FaultOfFile(folder, name); !fault.empty()) return fault;
  }
  return "";
}

std::string FaultOfInput(const std::string& name, const Json& value, const std::string& folder) {
  for (const Input& known : kInputs) {
    if (known.name != name) continue;
    if (value.type() != known.type)
      return "input `" + name + "` is a " + value.type_name() + ", expected a " + Json(known.type).type_name();
    return known.is_file ? FaultOfFile(folder, value.get<std::string>()) : "";
  }
  return "input `" + name + "` is unknown";
}

// Inputs of which one would be passed over silently.
std::string FaultOfChoices(const Json& inputs) {
  const auto has = [&](const char* name) { return inputs.contains(name); };
  if (has("key") && (has("identity") || has("issuer"))) return "it names both a key and an identity";
  return has("fulcio_root") && has("ca_roots") ? "it names both `fulcio_root` and `ca_roots`" : "";
}

std::string FaultOfKind(const Json& test) {
  const Json& inputs = test["inputs"];
  switch (KindOf(test)) {
    case CaseKind::kBundle:
      return inputs.contains("artifact") || inputs.contains("artifact_digest") ? "" : "it names neither `artifact` nor `artifact_digest`";
    case CaseKind::kLooseLayer: return "";
    case CaseKind::kRepository:
      if (!inputs.contains("image_digest")) return "input `image_digest` is missing";
      return test["files"].size() >= 3 ? "" : "it needs three `files`: image manifest, `.sig` manifest and blob directory";
  }
  return "";
}

}  // namespace

CaseKind KindOf(const Json& test) {
  for (const Json& file : test["files"]) {
    if (fs::path(file.get<std::string>()).filename() == "layer.json") return CaseKind::kLooseLayer;
  }
  return test["inputs"].contains("sig_tag") ? CaseKind::kRepository : CaseKind::kBundle;
}

std::string IdOf(const Json& test, std::size_t index) {
  if (!test.is_object() || !IsText(test, "suite") || !IsText(test, "name")) return "case number " + std::to_string(index + 1);
  return test["suite"].get<std::string>() + "/" + test["name"].get<std::string>();
}

std::string FaultOfCase(const Json& test, const std::string& folder) {
  if (!test.is_object()) return "it is not an object";
  for (const char* name : {"suite", "name", "expected"}) {
    if (!IsText(test, name)) return "`" + std::string(name) + "` is missing or no text";
  }
  if (test["expected"] != "pass" && test["expected"] != "fail")
    return "`expected` is " + test["expected"].dump() + ", expected pass or fail";
  if (std::string fault = FaultOfFiles(test.value("files", Json()), folder); !fault.empty()) return fault;
  if (!test.contains("inputs") || !test["inputs"].is_object()) return "`inputs` is missing or no object";
  for (const auto& [name, value] : test["inputs"].items()) {
    if (std::string fault = FaultOfInput(name, value, folder); !fault.empty()) return fault;
  }
  if (std::string fault = FaultOfChoices(test["inputs"]); !fault.empty()) return fault;
  return FaultOfKind(test);
}

}  // namespace writ::conformance
