// The scene of a test and the requests that its cases make: from lines of policy text to the JSON of
// docs/requests_and_decisions.md. What is decided then goes the way of every other request.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/test_runner/constant.h"
#include "dsl/syntax/tree.h"
#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "rules/model/target.h"

namespace writ::cli {

// The clock of a test without `at`: fixed, so that tests repeat. 2026-01-01T00:00:00Z.
inline constexpr UnixNanos kDefaultTestTime = 1'767'225'600'000'000'000;

// What the scene lines so far have said. A new test begins with an empty one.
class Scene {
 public:
  // All is borrowed; `file "…"` is relative to the folder of `file_name`.
  Scene(const TestData& written, std::string_view file_name);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  // Takes a scene line in. Errors: kInvalidArgument (bad data, bad time), and those of reading `file "…"`.
  Status Apply(const dsl::TestStep& line);

  // Returns the request that a case makes. Requires: a case. Errors: as Apply.
  Result<std::string> Request(const dsl::TestStep& test_case) const;

  UnixNanos now() const { return now_; }
  // Data set by the scene, as JSON by name of the import.
  const std::map<std::string, std::string>& data() const { return data_; }

 private:
  struct Given;
  Status ApplyImage(const dsl::TestStep& line);
  Result<nlohmann::ordered_json> Data(dsl::ExprId value, const dsl::StringLiteral& file) const;
  Result<nlohmann::ordered_json> ReadObject(std::string_view file) const;
  std::string PathOf(std::string_view file) const;
  Status AddAdmission(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  Status AddSchema(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  Status AddAccess(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  Result<nlohmann::ordered_json> Named(const dsl::Pattern& name, dsl::ExprId object) const;
  Result<nlohmann::ordered_json> ServerOf(const dsl::TestStep& test_case) const;
  Status AddList(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  Status AddRow(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  Status AddCall(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  Status AddCase(const dsl::TestStep& test_case, nlohmann::ordered_json& request) const;
  void AddFacts(nlohmann::ordered_json& request) const;

  enum class Known { kSigned, kRefuted, kUnknown };
  // What test lines said of one image.
  struct ImageLines {
    std::map<std::string, Known> signers;
    std::vector<std::string> attestations;  // as JSON
  };
  void AddUnknown(Target target, nlohmann::ordered_json& request) const;

  TestData written_;
  std::string_view file_name_;
  UnixNanos now_ = kDefaultTestTime;
  std::unique_ptr<Given> given_;              // principal, context and namespace
  std::vector<std::string> unknown_;          // paths
  std::map<std::string, ImageLines> images_;  // by reference
  std::map<std::string, std::string> data_;
};

}  // namespace writ::cli
