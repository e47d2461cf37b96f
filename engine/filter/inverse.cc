// Bisection; see inverse.h.
#include "engine/filter/inverse.h"

#include <bit>
#include <cmath>
#include <limits>

namespace writ {
namespace {

__extension__ using Wide = __int128;  // holds every result of one step, in nanoseconds too

constexpr std::int64_t kNanosPerMicro = 1'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63U;

// What a chain comes to: a number, or beyond an end of its type, which is an error.
struct Result {
  Wide whole = 0;
  double real = 0;
  int beyond = 0;  // -1: below, 1: above
};

// The numbers of a type in their order, as an unsigned count.
std::uint64_t RankOf(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number);
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}
double DoubleAt(std::uint64_t rank) { return std::bit_cast<double>((rank & kSignBit) != 0 ? rank & ~kSignBit : ~rank); }
std::uint64_t RankOf(std::int64_t number) { return static_cast<std::uint64_t>(number) ^ kSignBit; }
std::int64_t IntAt(std::uint64_t rank) { return static_cast<std::int64_t>(rank ^ kSignBit); }

Wide NanosOf(const Value& value) {
  if (value.is(Kind::kTimestamp)) return Wide{value.integer} * kNanosPerSecond + value.size;
  return value.integer;
}

class Chain {
 public:
  Chain(ChainType type, std::span<const ChainStep> steps) : type_(type), steps_(steps) {
    for (const ChainStep& step : steps) {
      const bool is_negated = step.function == Function::kNegate || (step.function == Function::kSubtract && step.is_constant_first);
      const bool scales = step.function == Function::kMultiply || step.function == Function::kDivide;
      is_falling_ = is_falling_ != (is_negated || (scales && IsNegative(step.constant)));
    }
  }

  bool is_falling() const { return is_falling_; }

  // Only what keeps or mirrors the order, and never comes to NaN.
  bool is_monotone() const {
    for (const ChainStep& step : steps_) {
      const Value& constant = step.constant;
      if (step.function == Function::kNegate) continue;
      if (constant.is(Kind::kDouble) && !std::isfinite(constant.real)) return false;
      const bool is_zero = constant.is(Kind::kDouble) ? constant.real == 0 : NanosOf(constant) == 0;
      const bool scales = step.function == Function::kMultiply || step.function == Function::kDivide;
      if (scales && is_zero) return false;
      if (step.function == Function::kDivide && step.is_constant_first) return false;
      if (!scales && step.function != Function::kAdd && step.function != Function::kSubtract) return false;
    }
    return true;
  }

  std::uint64_t first() const {
    switch (type_) {
      case ChainType::kDouble: return RankOf(-std::numeric_limits<double>::infinity());
      case ChainType::kTimestamp: return RankOf(kFirstSecond * kMicrosPerSecond);
      default: return RankOf(std::numeric_limits<std::int64_t>::min());  // NOLINT
    }
  }
  std::uint64_t last() const {
    switch (type_) {
      case ChainType::kDouble: return RankOf(std::numeric_limits<double>::infinity());
      case ChainType::kTimestamp: return RankOf(kLastSecond * kMicrosPerSecond + kMicrosPerSecond - 1);
      default: return RankOf(std::numeric_limits<std::int64_t>::max());  // NOLINT
    }
  }
  Value ValueAt(std::uint64_t rank) const { return type_ == ChainType::kDouble ? Value::Double(DoubleAt(rank)) : Value::Int(IntAt(rank)); }

  Result At(std::uint64_t rank) const {
    Result result;
    if (type_ == ChainType::kDouble) {
      result.real = DoubleAt(rank);
      for (const ChainStep& step : steps_) result.real = RealStep(step, result.real);
      return result;
    }
    result.whole = Wide{IntAt(rank)} * (type_ == ChainType::kInt ? 1 : kNanosPerMicro);
    Check(result);
    for (const ChainStep& step : steps_) {
      if (result.beyond != 0) {  // the error stays; it changes sides where the order is mirrored
        if (IsMirror(step)) result.beyond = -result.beyond;
        continue;
      }
      result.whole = WholeStep(step, result.whole);
      Check(result);
    }
    return result;
  }

 private:
  static bool IsNegative(const Value& constant) { return constant.is(Kind::kDouble) ? constant.real < 0 : constant.integer < 0; }

  static bool IsMirror(const ChainStep& step) {
    if (step.function == Function::kMultiply || step.function == Function::kDivide) return IsNegative(step.constant);
    return step.function == Function::kNegate || (step.function == Function::kSubtract && step.is_constant_first);
  }

  static double RealStep(const ChainStep& step, double x) {
    switch (step.function) {
      case Function::kNegate: return -x;
      case Function::kAdd: return x + step.constant.real;
      case Function::kSubtract: return step.is_constant_first ? step.constant.real - x : x - step.constant.real;
      case Function::kMultiply: return x * step.constant.real;
      default: return x / step.constant.real;  // NOLINT: is_monotone
    }
  }

  static Wide WholeStep(const ChainStep& step, Wide x) {
    const Wide constant = step.function == Function::kNegate ? 0 : NanosOf(step.constant);
    switch (step.function) {
      case Function::kNegate: return -x;
      case Function::kAdd: return x + constant;
      case Function::kSubtract: return step.is_constant_first ? constant - x : x - constant;
      case Function::kMultiply: return x * constant;
      default: return x / constant;  // NOLINT: is_monotone
    }
  }

  void Check(Result& result) const {
    const bool is_time = type_ == ChainType::kTimestamp;
    const Wide low = is_time ? Wide{kFirstSecond} * kNanosPerSecond : Wide{std::numeric_limits<std::int64_t>::min()};
    const Wide high =
        is_time ? Wide{kLastSecond} * kNanosPerSecond + (kNanosPerSecond - 1) : Wide{std::numeric_limits<std::int64_t>::max()};
    result.beyond = result.whole < low ? -1 : result.whole > high ? 1 : 0;
  }

  ChainType type_;
  std::span<const ChainStep> steps_;
  bool is_falling_ = false;
};

// -1, 0 or 1: the result against the constant. Ints against doubles are compared as doubles.
int Against(ChainType type, const Result& result, const Value& constant) {
  if (result.beyond != 0) return result.beyond;
  if (type == ChainType::kDouble || constant.is(Kind::kDouble)) {
    const double a = type == ChainType::kDouble ? result.real : static_cast<double>(static_cast<std::int64_t>(result.whole));
    const double b = constant.is(Kind::kDouble) ? constant.real : static_cast<double>(constant.integer);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const Wide b = NanosOf(constant);
  return result.whole < b ? -1 : result.whole > b ? 1 : 0;
}

// Returns the first rank from `low` to `high` for which `is_past` holds, which holds from some
// place on; nothing if for none.
template <typename IsPast>
std::optional<std::uint64_t> FirstPast(std::uint64_t low, std::uint64_t high, IsPast is_past) {
  if (!is_past(high)) return std::nullopt;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (is_past(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

// The ranks of which `measure`, which rises, is in [from, to].
template <typename Measure>
std::optional<std::pair<std::uint64_t, std::uint64_t>> Between(std::uint64_t low, std::uint64_t high, int from, int to, Measure measure) {
  const std::optional<std::uint64_t> first = FirstPast(low, high, [&](std::uint64_t rank) { return measure(rank) >= from; });
  if (!first || measure(*first) > to) return std::nullopt;
  const std::optional<std::uint64_t> after = FirstPast(*first, high, [&](std::uint64_t rank) { return measure(rank) > to; });
  return std::pair(*first, after ? *after - 1 : high);
}

}  // namespace

std::optional<Inverse> InvertChain(ChainType type, std::span<const ChainStep> steps, Function comparison, const Value& constant) {
  const Chain chain(type, steps);
  if (!chain.is_monotone() || (constant.is(Kind::kDouble) && std::isnan(constant.real))) return std::nullopt;
  int from = -1, to = 1;  // of result against constant
  switch (comparison) {
    case Function::kLess: to = -1; break;
    case Function::kLessOrEqual: to = 0; break;
    case Function::kGreater: from = 1; break;
    case Function::kGreaterOrEqual: from = 0; break;
    case Function::kEqual: from = to = 0; break;
    default: return std::nullopt;  // NOLINT: no comparison
  }
  const int sign = chain.is_falling() ? -1 : 1;
  if (sign < 0) std::swap(from, to);
  const auto interval = [&](const std::optional<std::pair<std::uint64_t, std::uint64_t>>& ranks) {
    return ranks ? Interval{chain.ValueAt(ranks->first), chain.ValueAt(ranks->second)} : Interval{.is_empty = true};
  };
  const auto defined = Between(chain.first(), chain.last(), 0, 0, [&](std::uint64_t rank) { return sign * chain.At(rank).beyond; });
  const Interval all{chain.ValueAt(chain.first()), chain.ValueAt(chain.last())};
  if (!defined) return Inverse{.all = all, .defined = {.is_empty = true}, .holds = {.is_empty = true}};
  const auto holds = Between(defined->first, defined->second, sign * from, sign * to,
                             [&](std::uint64_t rank) { return sign * Against(type, chain.At(rank), constant); });
  const bool is_everywhere = defined->first == chain.first() && defined->second == chain.last();
  return Inverse{.all = all, .defined = interval(defined), .holds = interval(holds), .is_defined_everywhere = is_everywhere};
}

}  // namespace writ
