// Comparisons solved for the column, against the functions that decide: at the ends of each
// interval, beside them, and for random numbers.
#include "engine/filter/inverse.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "rules/base/arena.h"
#include "rules/function/call.h"

namespace writ {
namespace {

constexpr Function kComparisons[] = {Function::kLess, Function::kLessOrEqual, Function::kGreater, Function::kGreaterOrEqual,
                                     Function::kEqual};

Value Call(Function function, std::initializer_list<Value> args) {
  static Arena arena(std::size_t{1} << 20U);
  std::uint64_t steps = 1'000'000;
  FunctionContext context{.arena = arena, .steps_left = steps};
  return CallFunction(function, std::vector<Value>(args), context);
}

Value Run(Value x, std::span<const ChainStep> chain, Function comparison, const Value& constant) {
  for (const ChainStep& step : chain) {
    if (step.function == Function::kNegate)
      x = Call(step.function, {x});
    else
      x = step.is_constant_first ? Call(step.function, {step.constant, x}) : Call(step.function, {x, step.constant});
  }
  return Call(comparison, {x, constant});
}

bool IsIn(const Interval& interval, const Value& x) {
  if (interval.is_empty) return false;
  return x.is(Kind::kDouble) ? interval.low.real <= x.real && x.real <= interval.high.real
                             : interval.low.integer <= x.integer && x.integer <= interval.high.integer;
}

void ExpectSame(ChainType type, std::span<const ChainStep> chain, Function comparison, const Value& constant,
                const std::vector<Value>& numbers) {
  const std::optional<Inverse> inverse = InvertChain(type, chain, comparison, constant);
  ASSERT_TRUE(inverse);
  std::vector<Value> all = numbers;
  for (const Interval& interval : {inverse->defined, inverse->holds}) {
    if (interval.is_empty) continue;
    for (const Value& end : {interval.low, interval.high}) {
      all.push_back(end);
      if (type == ChainType::kDouble) {
        all.push_back(Value::Double(std::nextafter(end.real, -INFINITY)));
        all.push_back(Value::Double(std::nextafter(end.real, INFINITY)));
      } else {
        if (end.integer > INT64_MIN) all.push_back(Value::Int(end.integer - 1));
        if (end.integer < INT64_MAX) all.push_back(Value::Int(end.integer + 1));
      }
    }
  }
  for (const Value& x : all) {
    const Value decided = Run(x, chain, comparison, constant);
    const std::string what = DisplayText(x) + " against " + DisplayText(constant);
    EXPECT_EQ(IsIn(inverse->defined, x), !decided.is(Kind::kError)) << what;
    EXPECT_EQ(IsIn(inverse->holds, x), decided.is_true()) << what;
  }
}

const std::vector<double> kDoubles = {0.0,
                                      -0.0,
                                      1.0,
                                      -1.0,
                                      0.1,
                                      0.3,
                                      3.0,
                                      1e308,
                                      -1e308,
                                      5e-324,
                                      2.5,
                                      9007199254740992.0,
                                      1e-300,
                                      0.30000000000000004,
                                      std::numeric_limits<double>::max(),
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity()};
const std::vector<std::int64_t> kInts = {
    0, 1, -1, 2, 7, 10, INT64_MIN, INT64_MAX, INT64_MIN + 1, INT64_MAX - 1, std::int64_t{1} << 53, (std::int64_t{1} << 53) + 1};

TEST(Inverse, RandomChainsOfInts) {
  std::mt19937_64 random(1);
  const auto pick = [&](const auto& items) { return items[random() % items.size()]; };
  constexpr Function kSteps[] = {Function::kAdd, Function::kSubtract, Function::kMultiply, Function::kDivide, Function::kNegate};
  std::vector<Value> numbers;
  for (const std::int64_t number : kInts) numbers.push_back(Value::Int(number));
  for (int round = 0; round < 4'000; ++round) {
    std::vector<ChainStep> chain(random() % 4);
    for (ChainStep& step : chain) {
      step.function = kSteps[random() % std::size(kSteps)];
      step.constant = Value::Int(pick(kInts));
      const bool scales = step.function == Function::kMultiply || step.function == Function::kDivide;
      if (scales && step.constant.integer == 0) step.constant = Value::Int(3);
      step.is_constant_first = step.function != Function::kDivide && random() % 2 == 0;
    }
    const Value constant = random() % 4 == 0 ? Value::Double(pick(kDoubles)) : Value::Int(pick(kInts));
    ExpectSame(ChainType::kInt, chain, kComparisons[random() % std::size(kComparisons)], constant, numbers);
    if (HasFailure()) return;
  }
}

TEST(Inverse, RandomChainsOfDoubles) {
  std::mt19937_64 random(2);
  const auto pick = [&](const auto& items) { return items[random() % items.size()]; };
  constexpr Function kSteps[] = {Function::kAdd, Function::kSubtract, Function::kMultiply, Function::kDivide, Function::kNegate};
  std::vector<Value> numbers;
  for (const double number : kDoubles) numbers.push_back(Value::Double(number));
  for (int round = 0; round < 4'000; ++round) {
    std::vector<ChainStep> chain(random() % 4);
    for (ChainStep& step : chain) {
      step.function = kSteps[random() % std::size(kSteps)];
      step.constant = Value::Double(pick(kDoubles));
      const bool scales = step.function == Function::kMultiply || step.function == Function::kDivide;
      if (!std::isfinite(step.constant.real) || (scales && step.constant.real == 0)) step.constant = Value::Double(0.7);
      step.is_constant_first = step.function != Function::kDivide && random() % 2 == 0;
    }
    ExpectSame(ChainType::kDouble, chain, kComparisons[random() % std::size(kComparisons)], Value::Double(pick(kDoubles)), numbers);
    if (HasFailure()) return;
  }
}

TEST(Inverse, WhatJumpsIsLeftAlone) {
  const ChainStep divides{.function = Function::kDivide, .constant = Value::Int(10), .is_constant_first = true};
  EXPECT_FALSE(InvertChain(ChainType::kInt, std::span(&divides, 1), Function::kLess, Value::Int(1)));
  const ChainStep zero{.function = Function::kMultiply, .constant = Value::Double(0.0)};
  EXPECT_FALSE(InvertChain(ChainType::kDouble, std::span(&zero, 1), Function::kLess, Value::Double(1.0)));
}

}  // namespace
}  // namespace writ
