// Data of tests as JSON: `{"groups": ["sre"], "depth": -2}`, and `let`s that stand for such data.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <unordered_map>

#include "dsl/syntax/tree.h"
#include "rules/base/result.h"

namespace writ::cli {

// The `let`s of a package by name. Borrows the trees of its files.
struct LetValue {
  const dsl::FileTree* tree = nullptr;
  dsl::ExprId value;
};
using LetValues = std::unordered_map<std::string_view, LetValue>;

// Where data of a test stands: the file, and the lets that it may use. Borrowed.
struct TestData {
  const dsl::FileTree& tree;
  const LetValues& lets;
};

// Returns the value of a constant expression as JSON. Literals, lists and maps are taken as they stand, a name is the let of that
// name; anything else is compiled and evaluated as CEL without variables. Errors: kInvalidArgument (unknown names, errors of
// evaluation, keys that are no strings, duplicate keys, lets deeper than 64 in each other); kTooLarge beyond a million values,
// which lets that use lets twice reach quickly.
Result<nlohmann::ordered_json> ConstantJson(const TestData& data, dsl::ExprId id);

}  // namespace writ::cli
