// Fuzzes the AdmissionReview handler: whatever the bytes, the answer is a review with the request's uid (200) or a refusal (400), an
// allow has no denial in it, and nothing but a 200 says "allowed".
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "dsl/compiler.h"
#include "rules/base/check.h"
#include "rules/bundle/bundle.h"
#include "webhook/admission/review.h"

namespace {

using nlohmann::json;

constexpr std::string_view kPolicy = R"writ(package fuzz
policy baseline for admission of *.** on create, update, delete, connect {
  deny when object.spec.image.endsWith(":latest") because "pin {object.spec.image}"
  deny when object.metadata.labels.exists(k, k.matches("^(secret|token)")) unless request.userInfo.username == "root"
  require size(object.metadata.name) < 64
  warn when object.spec.?replicas.orValue(1) > 1 because "replicas {object.spec.replicas}\nmany"
  note "{request.operation} {principal.id}"
}
)writ";

const writ::Engine& PolicyEngine() {
  static const writ::Engine kEngine = [] {
    const writ::dsl::Compilation compilation = writ::dsl::CompilePolicies({{"fuzz.writ", std::string(kPolicy)}});
    WRIT_CHECK(compilation.program.has_value());
    auto policies = writ::PolicySet::Load(writ::WriteBundle(*compilation.program), {});
    WRIT_CHECK(policies.ok());
    return writ::Engine(*policies, writ::SystemClock());
  }();
  return kEngine;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMaxBytes = 64 * 1024;  // larger texts find nothing that these do not, only slower
  if (size > kMaxBytes) return 0;
  static writ::Context context;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const writ::server::AdmissionReply reply = writ::server::Review(body, PolicyEngine(), context);
  const json answer = json::parse(reply.body);  // throws, hence crashes, when it is no JSON
  if (reply.status != 200) {
    WRIT_CHECK(reply.status == 400 && reply.outcome == writ::server::ReviewOutcome::kFailed && answer.contains("error") &&
               !answer.contains("response"));
    return 0;
  }
  const json& response = answer.at("response");
  const bool allowed = response.at("allowed").get<bool>();
  WRIT_CHECK(allowed == (reply.outcome == writ::server::ReviewOutcome::kAllowed));
  WRIT_CHECK(allowed != response.contains("status"));
  WRIT_CHECK(json::parse(body).at("request").at("uid") == response.at("uid"));
  std::size_t warning_bytes = 0;
  for (const json& warning : response.value("warnings", json::array())) {
    const auto& text = warning.get_ref<const std::string&>();
    WRIT_CHECK(text.find('\n') == std::string::npos);
    warning_bytes += text.size();
  }
  WRIT_CHECK(warning_bytes <= 4096);
  return 0;
}
