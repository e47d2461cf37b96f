// What a YAML scalar means: as Kubernetes reads it (the resolver of sigs.k8s.io/yaml), and whether data and requests may hold it.
//
// A manifest has to mean here what it means in the cluster, so `off` is false and `010` is 8. Data and requests are Writ's own:
// there a plain scalar has to be what it looks like, and one that some readers take for something else is a surprise.
#pragma once

#include <string>
#include <string_view>

#include "rules/base/result.h"

namespace writ::cli {

// A scalar as it was written. All views are borrowed.
struct YamlScalar {
  std::string_view text;
  std::string_view tag;  // the tag's full name, "" for none
  bool is_plain = true;  // neither quoted nor a block scalar
};

// A scalar as JSON.
struct ScalarValue {
  std::string json;
  bool is_whole_float = false;  // `1.0` and `1e3`: an integer on the way through JSON, a floating-point number in data
};

// Returns what Kubernetes reads. Errors: kInvalidArgument without a place ("the number `1e999` is out of range").
Result<ScalarValue> ResolveScalar(const YamlScalar& scalar);

// Returns the text that Kubernetes makes of a key: "1", "true". Errors: as ResolveScalar, and for null, numbers with a fraction or an
// exponent (they are rounded to 32 bits on the way) and `!!binary`.
Result<std::string> ResolveKey(const YamlScalar& scalar);

// Says why a value of data or of a request must not be written so, and what to write; "" when it is what it looks like. Surprises are
// the words of YAML 1.1 for true and false, octal, binary and sexagesimal numbers, digits with `_`, and tags but for `!!str`.
std::string ValueSurprise(const YamlScalar& scalar);

// The same for a key, which must be a string.
std::string KeySurprise(const YamlScalar& scalar);

}  // namespace writ::cli
