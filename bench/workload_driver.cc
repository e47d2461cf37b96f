// One measurement of a workload folder (bench/workloads.py), for bench/compare.py:
//
//   writ_workload_driver load BUNDLE SECONDS
//   writ_workload_driver decide FOLDER BUNDLE SECONDS VARIANT…
//   writ_workload_driver count FOLDER BUNDLE VARIANT…  under callgrind: one MeasuredPass each
//   writ_workload_driver floor FOLDER SECONDS VARIANT…
//
// A VARIANT is `json` (DecideJson), `fields` (DecideFields), `list` (DecideJson of listings) or
// `print` (DecisionJson); floors do not print.
// Each prints lines `VARIANT NANOSECONDS`, `load` one line `load NANOSECONDS`. All requests go
// round: with a hundred of them everything halves, because they and their rules stay in the caches.
// Every decision is compared with the expected one first; a wrong one ends the program with 1.
//
// Knows Writ by engine/include/writ/engine.h alone, so that it compiles beside older revisions.
#include <simdjson.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION  // without Valgrind's headers nothing is counted
#endif

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/tools_floor.h"
#include "engine/include/writ/engine.h"

namespace writ::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kMinDecisions = 2'000;  // of one pass: the clock does not count then
constexpr int kMinPasses = 3;

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "writ_workload_driver: %s\n", text.c_str());
  std::exit(1);
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  if (!file) Fail("cannot read " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<bool> ReadExpected(const std::string& folder) {
  std::vector<bool> expected;
  for (const std::string& line : ReadLines(folder + "/expected.jsonl")) expected.push_back(line == "true");
  return expected;
}

std::vector<std::vector<std::string>> ReadVisible(const std::string& folder) {
  std::vector<std::vector<std::string>> visible;
  simdjson::dom::parser parser;
  for (const std::string& line : ReadLines(folder + "/visible.jsonl")) {
    visible.emplace_back();
    for (const simdjson::dom::element name : parser.parse(line)) visible.back().emplace_back(std::string_view(name));
  }
  return visible;
}

std::shared_ptr<const PolicySet> Load(const std::string& bundle) {
  auto policies = PolicySet::Load(bundle, {});
  if (!policies) Fail("the bundle does not load: " + policies.error().message);
  return *policies;
}

// Decides request `i`; returns whether the decision is the expected one.
using Decide = std::function<bool(std::size_t i)>;

// What callgrind counts: --toggle-collect='*MeasuredPass*'. Its own share, a call through
// std::function and a comparison, is the same whatever engine it measures.
[[gnu::noinline]] std::size_t MeasuredPass(const Decide& decide, std::size_t requests, std::size_t decisions) {
  std::size_t right = 0;
  for (std::size_t done = 0, i = 0; done < decisions; ++done) {
    right += decide(i) ? 1 : 0;
    if (++i == requests) i = 0;
  }
  return right;
}

// Decides each request once: warms up, and finds what is wrong.
void Check(const std::string& variant, const Decide& decide, std::size_t requests) {
  for (std::size_t i = 0; i < requests; ++i) {
    if (!decide(i)) Fail(variant + ": request " + std::to_string(i + 1) + " is not decided as expected");
  }
}

// Returns nanoseconds of `step`, the least of as many as `seconds` take.
double BestOf(double seconds, const std::function<void()>& step) {
  double best = std::numeric_limits<double>::max();
  const SteadyClock::time_point begin = SteadyClock::now();
  for (int pass = 0; pass < kMinPasses || SteadyClock::now() - begin < std::chrono::duration<double>(seconds); ++pass) {
    const SteadyClock::time_point before = SteadyClock::now();
    step();
    best = std::min(best, std::chrono::duration<double, std::nano>(SteadyClock::now() - before).count());
  }
  return best;
}

void Time(const std::string& variant, const Decide& decide, std::size_t requests, double seconds) {
  Check(variant, decide, requests);
  const std::size_t decisions = std::max(requests, kMinDecisions);
  const double best = BestOf(seconds, [&] { MeasuredPass(decide, requests, decisions); });
  std::printf("%s %.1f\n", variant.c_str(), best / static_cast<double>(decisions));
}

// Prints how many decisions a pass had. --dump-before='*ReportPass*' makes a file of what callgrind
// counted in it.
[[gnu::noinline]] void ReportPass(const std::string& variant, std::size_t decisions) {
  std::printf("%s %zu\n", variant.c_str(), decisions);
}

// Under --instr-atstart=no: loading 100,000 rules with instrumentation takes minutes.
void Count(const std::string& variant, const Decide& decide, std::size_t requests) {
  CALLGRIND_START_INSTRUMENTATION;
  Check(variant, decide, requests);
  const std::size_t decisions = std::max(requests, kMinDecisions);
  MeasuredPass(decide, requests, decisions);
  ReportPass(variant, decisions);
}

// A request field by field, as a gateway hands it over: its strings side by side, its values made.
struct FieldCall {
  std::string text;
  std::string_view server, tool;
  std::vector<Value> items;
  std::vector<FieldRequest::Field> fields;
};

class FieldCallReader {
 public:
  explicit FieldCallReader(const Engine& engine) : engine_(engine) {}

  // Top-level objects become paths of two names. Paths that no rule reads are left out, as a
  // gateway does that asks FindField.
  void Read(const std::string& request, FieldCall& call) {
    call.text.reserve(request.size());  // no view moves
    call.items.reserve(kMaxItems);
    for (const auto [key, value] : simdjson::dom::object(parser_.parse(request))) {
      if (key == "server") call.server = Kept(value, call);
      if (key == "tool") call.tool = Kept(value, call);
      simdjson::dom::object members;
      if (value.get(members) != simdjson::SUCCESS) continue;
      for (const auto [name, member] : members) {
        const SlotId slot = engine_.FindField(std::string(key).append(".").append(name));
        if (slot.valid()) call.fields.push_back({slot, ValueOf(member, call)});
      }
    }
  }

 private:
  static constexpr std::size_t kMaxItems = 64;

  static std::string_view Kept(std::string_view text, FieldCall& call) {
    const std::size_t begin = call.text.size();
    call.text += text;
    return std::string_view(call.text).substr(begin);
  }

  static Value ValueOf(simdjson::dom::element value, FieldCall& call) {
    if (value.is_string()) return Value::String(Kept(value, call));
    if (value.is_int64()) return Value::Int(value.get_int64());
    if (value.is_bool()) return Value::Bool(value.get_bool());
    const std::size_t begin = call.items.size();
    for (const simdjson::dom::element item : simdjson::dom::array(value)) call.items.push_back(Value::String(Kept(item, call)));
    if (call.items.size() > kMaxItems) Fail("a request with too many list items");
    return Value::List(call.items.data() + begin, static_cast<std::uint32_t>(call.items.size() - begin));
  }

  const Engine& engine_;
  simdjson::dom::parser parser_;
};

// Hands a variant on: its name, how it decides, how many requests it has.
using Measure = std::function<void(const std::string& variant, const Decide& decide, std::size_t requests)>;

void WithJson(const std::string& folder, const Engine& engine, const Measure& measure) {
  const std::vector<std::string> requests = ReadLines(folder + "/requests.jsonl");
  const std::vector<bool> expected = ReadExpected(folder);
  Context context;
  measure(
      "json", [&](std::size_t i) { return (engine.DecideJson(requests[i], context).effect == Effect::kAllow) == expected[i]; },
      requests.size());
}

void WithFields(const std::string& folder, const Engine& engine, const Measure& measure) {
  const std::vector<std::string> requests = ReadLines(folder + "/requests.jsonl");
  const std::vector<bool> expected = ReadExpected(folder);
  std::vector<FieldCall> calls(requests.size());
  FieldCallReader reader(engine);
  for (std::size_t i = 0; i < requests.size(); ++i) reader.Read(requests[i], calls[i]);
  Context context;
  const auto decide = [&](std::size_t i) {
    const FieldCall& call = calls[i];
    const FieldRequest request{Target::kTools, call.server, call.tool, call.fields};
    return (engine.DecideFields(request, context).effect == Effect::kAllow) == expected[i];
  };
  measure("fields", decide, requests.size());
}

void WithList(const std::string& folder, const Engine& engine, const Measure& measure) {
  const std::vector<std::string> listings = ReadLines(folder + "/listings.jsonl");
  const std::vector<std::vector<std::string>> visible = ReadVisible(folder);
  Context context;
  measure(
      "list", [&](std::size_t i) { return engine.DecideJson(listings[i], context).visible == visible[i]; }, listings.size());
}

// Decisions as JSON: made once, printed each time.
void WithPrinting(const std::string& folder, const Engine& engine, const Measure& measure) {
  constexpr std::size_t kDecisions = 1'000;
  std::vector<Decision> decisions;
  Context context;
  for (const std::string& request : ReadLines(folder + "/requests.jsonl")) {
    if (decisions.size() < kDecisions) decisions.push_back(engine.DecideJson(request, context));
  }
  measure(
      "print", [&](std::size_t i) { return DecisionJson(decisions[i]).ends_with('}'); }, decisions.size());
}

void WithVariants(const std::string& folder, const Engine& engine, std::span<char*> variants, const Measure& measure) {
  for (const std::string variant : variants) {
    if (variant == "json") {
      WithJson(folder, engine, measure);
    } else if (variant == "fields") {
      WithFields(folder, engine, measure);
    } else if (variant == "list") {
      WithList(folder, engine, measure);
    } else if (variant == "print") {
      WithPrinting(folder, engine, measure);
    } else {
      Fail("no variant `" + variant + "`");
    }
  }
}

std::vector<simdjson::padded_string> Padded(const std::vector<std::string>& lines) { return {lines.begin(), lines.end()}; }

// The same variants, decided by the floor.
void WithFloor(const std::string& folder, const Floor& floor, const std::string& variant, const Measure& measure) {
  const bool is_list = variant == "list";
  const std::vector<simdjson::padded_string> texts = Padded(ReadLines(folder + (is_list ? "/listings.jsonl" : "/requests.jsonl")));
  const std::vector<bool> expected = ReadExpected(folder);
  simdjson::ondemand::parser parser;
  ToolCall call;
  if (variant == "json") {
    const auto decide = [&](std::size_t i) {
      ReadToolCall(texts[i], parser, call);
      return floor.Allows(call) == expected[i];
    };
    return measure(variant, decide, texts.size());
  }
  if (is_list) {
    const std::vector<std::vector<std::string>> visible = ReadVisible(folder);
    const auto decide = [&](std::size_t i) {
      ReadToolCall(texts[i], parser, call);
      const std::vector<std::string_view> shown = floor.Visible(call);
      return std::equal(shown.begin(), shown.end(), visible[i].begin(), visible[i].end());
    };
    return measure(variant, decide, texts.size());
  }
  if (variant != "fields") Fail("no variant `" + variant + "`");
  std::vector<std::string> stores(texts.size());
  std::vector<ToolCall> calls(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ReadToolCall(texts[i], parser, calls[i]);
    KeepStrings(calls[i], stores[i]);
  }
  measure(
      variant, [&](std::size_t i) { return floor.Allows(calls[i]) == expected[i]; }, texts.size());
}

// Until the first request can be decided: no work is to hide behind the end of PolicySet::Load.
void TimeLoad(const std::string& bundle, double seconds) {
  std::unique_ptr<const Engine> engine;
  double best = std::numeric_limits<double>::max();
  const SteadyClock::time_point begin = SteadyClock::now();
  do {
    engine.reset();  // outside of what is timed
    const SteadyClock::time_point before = SteadyClock::now();
    engine = std::make_unique<const Engine>(Load(bundle), SystemClock());
    best = std::min(best, std::chrono::duration<double, std::nano>(SteadyClock::now() - before).count());
  } while (SteadyClock::now() - begin < std::chrono::duration<double>(seconds));
  std::printf("load %.0f\n", best);
}

int Run(std::span<char*> arguments) {
  const std::string verb = arguments.empty() ? "" : arguments[0];
  if (verb == "load" && arguments.size() == 3) {
    TimeLoad(ReadText(arguments[1]), std::strtod(arguments[2], nullptr));
  } else if (verb == "decide" && arguments.size() > 4) {
    const Engine engine(Load(ReadText(arguments[2])), SystemClock());
    const double seconds = std::strtod(arguments[3], nullptr);
    WithVariants(arguments[1], engine, arguments.subspan(4),
                 [&](const std::string& variant, const Decide& decide, std::size_t requests) { Time(variant, decide, requests, seconds); });
  } else if (verb == "count" && arguments.size() > 3) {
    const Engine engine(Load(ReadText(arguments[2])), SystemClock());
    WithVariants(arguments[1], engine, arguments.subspan(3), Count);
  } else if (verb == "floor" && arguments.size() > 3) {
    const Floor floor(std::string(arguments[1]) + "/rules.json");
    const double seconds = std::strtod(arguments[2], nullptr);
    for (const char* variant : arguments.subspan(3)) {
      WithFloor(arguments[1], floor, variant,
                [&](const std::string& name, const Decide& decide, std::size_t requests) { Time(name, decide, requests, seconds); });
    }
  } else {
    Fail("the verbs are load, decide, count and floor: see the head of workload_driver.cc");
  }
  return 0;
}

}  // namespace
}  // namespace writ::bench

int main(int count, char** arguments) { return writ::bench::Run(std::span(arguments, static_cast<std::size_t>(count)).subspan(1)); }
