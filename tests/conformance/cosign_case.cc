// One case of a folder of cosign vectors.
#include "tests/conformance/cosign_case.h"

#include <fstream>

namespace writ::conformance {
namespace {

using Json = nlohmann::json;

CosignCase ReadCase(const Json& from) {
  CosignCase to{.name = from.at("name"), .signer = from.at("signer"), .options = from.value("options", Json::object())};
  if (to.options.is_null()) to.options = Json::object();
  const std::string image = from.at("image");
  const std::size_t at = image.find('@') != std::string::npos ? image.find('@') : image.find(':');
  to.repository = image.substr(0, at);
  to.reference = at == std::string::npos ? "latest" : image.substr(at + 1);
  to.accept.push_back(from.at("expect"));
  for (const Json& outcome : from.value("accept", Json::array())) to.accept.push_back(outcome);
  return to;
}

}  // namespace

Result<std::vector<CosignCase>> LoadCosignCases(const std::string& folder) {
  const std::string path = folder + "/cases.json";
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  const Json json = Json::parse(file, nullptr, false);
  if (!json.is_object() || json.value("schema", 0) != 1) return Error{ErrorCode::kInvalidArgument, path + ": no cosign cases of schema 1"};
  std::vector<CosignCase> out;
  try {
    for (const Json& one : json.at("cases")) out.push_back(ReadCase(one));
  } catch (const Json::exception& failure) {
    return Error{ErrorCode::kInvalidArgument, path + ": case " + std::to_string(out.size()) + ": " + failure.what()};
  }
  return out;
}

}  // namespace writ::conformance
