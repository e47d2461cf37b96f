// One case of a folder of image-signature vectors (format: shared/vectors/sigstore/README.md).
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace writ::conformance {

enum class CaseKind : std::uint8_t {
  kBundle,      // files: the bundle
  kLooseLayer,  // files: manifest.json (it may be absent), payload, layer.json
  kRepository,  // files: image manifest, .sig manifest, blob directory
};

// What kind of case it is, by its files and inputs: folders may name suites of their own. For cases without a fault.
CaseKind KindOf(const nlohmann::json& test);

// The case's suite and name, as far as it has them; else its place in the list.
std::string IdOf(const nlohmann::json& test, std::size_t index);

// Why nothing can be learnt from running the case: a member or file that is missing, an input that is unknown or of the wrong type.
// Empty when there is nothing. Without it, a case that cannot be read would pass wherever refusal is expected.
std::string FaultOfCase(const nlohmann::json& test, const std::string& folder);

}  // namespace writ::conformance
