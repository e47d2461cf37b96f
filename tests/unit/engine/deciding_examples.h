// What the examples of docs/deciding.md may use; tests/tools/examples_of.py makes a program of
// them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/json/json_node.h"
#include "writ/engine.h"

namespace writ {

// One example, and the line of the document that it begins in.
struct Example {
  int line;
  void (*run)(const std::shared_ptr<const PolicySet>& policies);
};
extern const std::span<const Example> kExamples;

// The host that an example stands in. Each writes a line into what the test compares.
void Forward();
void Refuse(const std::vector<std::string>& messages);
void Log(const std::string& text);
void Answer(std::string_view uid, bool is_allowed);
std::string_view FindOut(const Need& need);
Settlement CountElsewhere(std::span<LimitCharge> charges, ChargeMode mode);

}  // namespace writ
