// limit/<workload>: one charge of a quota, by what the table holds. `live` is the case that an attacker makes who varies the key: the
// limit is full, no bucket is full again, and each charge brings a new key.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "engine/limit/quota_table.h"

namespace writ {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
enum class Held { kSame, kFullAgain, kLive };

void Charge(benchmark::State& state, Held held) {
  QuotaTable table;
  const std::vector<std::shared_ptr<LimitQuota>> limits = table.Adopt({"limit"}, 0);
  UnixNanos now = 1'000 * kSecond;
  std::uint64_t key = 0;
  std::vector<QuotaCharge> charges = {{.limit = limits[0].get(), .key = {}, .count = 1'000'000, .period_nanos = 3'600 * kSecond}};
  const auto charge = [&] {
    std::uint64_t steps = 1'000;
    QuotaKeyBuilder builder;
    builder.Add(Value::String("principal-" + std::to_string(key)), steps);
    charges[0].key = builder.Finish();
    benchmark::DoNotOptimize(table.TryCharge(charges, now, ChargeMode::kConsume));
  };
  charges[0].count = held == Held::kLive ? 10 : 1'000'000;
  for (; held != Held::kSame && key < QuotaLimits().max_limit_buckets * 11 / 10; ++key) {  // the limit is full then
    charge();
    now += 1'000;
  }
  if (held == Held::kFullAgain) now += 3'600 * kSecond;
  for (auto _ : state) {
    charge();
    if (held != Held::kSame) ++key;
    if (held == Held::kFullAgain) now += 4'000'000;  // longer than one call's share: what was charged is full again at once
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(Charge, same_key, Held::kSame)->Name("limit/same_key");
BENCHMARK_CAPTURE(Charge, full_again, Held::kFullAgain)->Name("limit/full_again");
BENCHMARK_CAPTURE(Charge, live, Held::kLive)->Name("limit/live");

}  // namespace
}  // namespace writ

BENCHMARK_MAIN();
