// A case in a process of its own: what crashes or hangs fails that case and no other.
#pragma once

#include <functional>
#include <string>

namespace writ::conformance {

inline constexpr unsigned kSecondsPerCase = 20;

struct ProcessResult {
  std::string text;   // what `work` returned
  std::string death;  // how the process ended instead: "signal 11", "no outcome in 20 s"; "" = it ended well
  bool is_timed_out = false;
};

// Runs `work` in a child and returns what it returned, or how it died.
ProcessResult RunInOwnProcess(const std::function<std::string()>& work);

}  // namespace writ::conformance
