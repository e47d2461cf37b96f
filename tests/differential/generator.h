// Random policies (as text) and requests (as JSON) over one small vocabulary, so that rules and requests meet often.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace writ::differential {

// Deterministic for a seed. Policies always compile: the generator knows the types of what it writes.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // Returns a policy file with a few lets, fns and policies of all kinds.
  std::string PolicyFile();
  // Returns a request for one of the targets that PolicyFile writes about.
  nlohmann::json Request();

 private:
  enum class Subject { kTools, kRows, kAccess, kAdmission };

  std::size_t Pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool Chance(int percent) { return Pick(100) < static_cast<std::size_t>(percent); }
  std::string OneOf(const std::vector<std::string>& choices) { return choices[Pick(choices.size())]; }

  std::string Condition(Subject subject, int depth);
  std::string Atom(Subject subject, int depth);
  std::string StringOf(Subject subject);  // an expression of type string (or dyn)
  std::string ListOf(Subject subject);    // an expression of type list
  std::string Clauses(Subject subject, bool message);
  std::string Rule(Subject subject);
  std::string Policy(Subject subject, int number);

  nlohmann::json Principal();
  nlohmann::json Context();
  void AddChain(nlohmann::json& request);
  nlohmann::json AnyValue(int depth);

  std::mt19937_64 random_;
};

}  // namespace writ::differential
