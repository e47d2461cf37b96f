// Requests as fields mean what they mean as JSON: random policies and requests, each request cut
// into fields at random places, equal decisions. What cannot be equal, and is left out here: a
// member that nothing reads is not checked when it is no field.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "dsl/compiler.h"
#include "rules/base/arena.h"
#include "rules/bundle/bundle.h"
#include "tests/differential/generator.h"
#include "writ/engine.h"

namespace writ::differential {
namespace {

using nlohmann::json;
using Random = std::mt19937_64;

std::size_t Pick(Random& random, std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); }
bool Chance(Random& random, unsigned percent) { return Pick(random, 100) < percent; }

// Policies that read records and maps as a whole, of tools that nobody calls and of all.
constexpr std::string_view kWholes[] = {
    "policy whole_args for tools { deny no_such_tool when args == {\"x\": 1} }\n",
    "policy told_args for tools { deny * when args.size() == 2 because \"{args}\" }\n",
    "policy whole_path for tools { deny no_such_tool when args.path == {\"first\": 1} }\n",
    "policy whole_principal for tools { deny * when principal == {\"id\": \"x\"} because \"{principal}\" }\n",
    "policy whole_context for tools { deny no_such_tool when context == {\"region\": 1} }\n",
    "policy whole_tool for tools { deny * when tool == {} }\n",
    "policy whole_resource for access to document { deny write when dyn(resource) == dyn(subject) because \"{resource}\" }\n",
    "policy whole_properties for access to folder { deny write when resource.properties == subject.properties }\n",
    "policy scoped for tools { allow create_* needs scope \"pci\", \"slack:write\" }\n",
    "policy other for tools on server \"another\" { deny * }\n",
};

// A request as fields: owns what they borrow.
class Fields {
 public:
  Fields(const json& request, const Engine& engine, Random& random, Context& context) : engine_(engine), random_(random) {
    const json target = request.value("target", json());
    request_.target = *TryFindTarget(target.get_ref<const std::string&>());
    for (const auto& [key, value] : request.items()) {
      if (key == "target") continue;
      if (key == "table")
        request_.scope = Kept(value);
      else if (key == "unknown")
        for (const json& path : value) Add(path.get<std::string>(), Value::Unknown());
      else if (key == "list")
        request_.list = ValueOf(value);
      else if (!TakeSelector(key, value))
        Cut(key, value);
    }
    request_.fields = fields_;
    if (Chance(random_, 30)) Prepare(context);
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  const FieldRequest& request() const { return request_; }
  bool has_skipped() const { return has_skipped_; }
  const std::string& text() const { return text_; }

 private:
  // `"tool": "search"` may be the request's own name, or a field.
  bool TakeSelector(const std::string& key, const json& value) {
    const bool is_mcp = request_.target != Target::kAccess && request_.target != Target::kRows;
    if (!is_mcp || !value.is_string() || Chance(random_, 20)) return false;
    if (key == "server")
      request_.scope = Kept(value);
    else if (key == "tool")
      request_.name = Kept(value);
    else
      return false;
    return true;
  }

  // Some of the fields are prepared; those that follow are the rest.
  void Prepare(Context& context) {
    FieldRequest shared = request_;
    const std::size_t count = Pick(random_, fields_.size() + 1);
    shared.list = Value();
    shared.fields = std::span(fields_).first(count);
    if (Chance(random_, 50)) shared.name = {};
    const Result<PreparedFields> prepared = engine_.PrepareFields(shared, context);
    if (!prepared) return;
    request_.prepared = *prepared;
    request_.fields = request_.fields.subspan(count);
    if (Chance(random_, 50)) request_.scope = {};
    if (!shared.name.empty() && Chance(random_, 50)) request_.name = {};
    text_ += "(prepared: " + std::to_string(count) + " of them)\n";
  }

  // Adds `value` as one field, or each of its members.
  void Cut(const std::string& path, const json& value) {
    if (!value.is_object() || value.empty() || Chance(random_, 25)) return Add(path, ValueOf(value));
    for (const auto& [key, member] : value.items()) Cut(Below(path, key), member);
  }
  static std::string Below(const std::string& path, const std::string& key) {
    const bool is_plain =
        !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    return is_plain ? path + "." + key : path + "[\"" + key + "\"]";
  }

  void Add(const std::string& path, Value value) {
    const FieldId field = engine_.FindField(path);
    has_skipped_ = has_skipped_ || !field.valid();
    text_ += path + (field.valid() ? " = " : " (skipped) = ") + DisplayText(value) + "\n";
    fields_.push_back({field, value});
  }

  std::string_view Kept(const json& text) { return arena_.CopyString(text.get_ref<const std::string&>()); }
  Value ValueOf(const json& value) {
    if (value.is_boolean()) return Value::Bool(value.get<bool>());
    if (value.is_number_unsigned() && Chance(random_, 30)) return Value::Uint(value.get<std::uint64_t>());
    if (value.is_number_integer()) return Value::Int(value.get<std::int64_t>());
    if (value.is_number()) return Value::Double(value.get<double>());
    if (value.is_string()) return Value::String(Kept(value));
    if (value.is_null()) return Value::Null();
    std::uint32_t size = 0;
    if (value.is_array()) {
      Value* items = arena_.AllocateArray<Value>(value.size());
      for (const json& item : value) items[size++] = ValueOf(item);
      return Value::List(items, size);
    }
    MapEntry* entries = arena_.AllocateArray<MapEntry>(value.size());
    for (const auto& [key, member] : value.items()) entries[size++] = {Value::String(arena_.CopyString(key)), ValueOf(member)};
    return Value::Map(MakeMap(arena_, entries, size));
  }

  const Engine& engine_;
  Random& random_;
  Arena arena_;
  std::vector<FieldRequest::Field> fields_;
  FieldRequest request_;
  bool has_skipped_ = false;
  std::string text_;
};

// Makes something of the request another thing, which is seldom what its target takes.
void Spoil(json& request, Random& random) {
  static const json kOdd[] = {nullptr,         true,          -1, 2.5, "odd", " odd", json::array({1, "a"}), json::object(),
                              {{"name", "x"}}, {{"depth", 3}}};
  json* at = &request;
  while (at->is_object() && !at->empty() && Chance(random, 75)) {
    auto member = at->begin();
    std::advance(member, static_cast<std::ptrdiff_t>(Pick(random, at->size())));
    if (at == &request && (member.key() == "target" || member.key() == "table" || member.key() == "unknown")) return;
    at = &*member;
  }
  if (at == &request) return;
  if (at->is_object() && Chance(random, 30))
    (*at)["odd"] = kOdd[Pick(random, std::size(kOdd))];
  else
    *at = kOdd[Pick(random, std::size(kOdd))];
}

std::shared_ptr<const PolicySet> Load(const std::string& text) {
  dsl::Compilation compiled = dsl::CompilePolicies({{"random.writ", text}}, {});
  std::string faults;
  for (const dsl::Diagnostic& d : compiled.diagnostics) faults += dsl::RenderDiagnostic(d, compiled.files, false);
  EXPECT_TRUE(compiled.program.has_value()) << faults << text;
  if (!compiled.program) return nullptr;
  auto loaded = PolicySet::Load(WriteBundle(*compiled.program), {});
  EXPECT_TRUE(loaded.ok());
  return loaded.ok() ? *loaded : nullptr;
}

// The row is left out: who gives it as fields has it.
std::string Text(const Decision& decision) {
  json shown = json::parse(DecisionJson(decision));
  shown.erase("row");
  return shown.dump(1);
}

std::uint64_t EnvironmentNumber(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Counts {
  std::size_t compared = 0, refused = 0, unread = 0, conditional = 0, listed = 0;
};

void Agree(const std::string& policies, const Engine& engine, const json& request, Random& random, Context& context, Counts& counts) {
  const Fields fields(request, engine, random, context);
  const DecideOptions options{.consume_limits = false};
  const Decision expected = engine.DecideJson(request.dump(), context, options);
  const bool is_refused = expected.reason == Reason::kBadRequest || expected.reason == Reason::kNotCanonical;
  const std::string expected_text = Text(expected);
  const Decision found = engine.DecideFields(fields.request(), context, options);
  if (is_refused && fields.has_skipped() && expected_text != Text(found)) {
    ++counts.unread;
    return;
  }
  ++counts.compared;
  counts.refused += is_refused ? 1 : 0;
  counts.conditional += expected.effect == Effect::kConditional ? 1 : 0;
  counts.listed += expected.visible && !expected.visible->empty() ? 1 : 0;
  EXPECT_EQ(expected_text, Text(found)) << policies << "\n" << request.dump(2) << "\nfields:\n" << fields.text();
}

// WRIT_SEED and WRIT_ROUNDS repeat or lengthen a run.
TEST(FieldRequests, MeanWhatTheJsonMeans) {
  const std::uint64_t first = EnvironmentNumber("WRIT_SEED", 1), rounds = EnvironmentNumber("WRIT_ROUNDS", 120);
  Context context;
  Counts counts;
  for (std::uint64_t seed = first; seed < first + rounds && !HasFailure(); ++seed) {
    SCOPED_TRACE("WRIT_SEED=" + std::to_string(seed));
    Random random(seed);
    std::string text = Generator(seed).PolicyFile();
    for (const std::string_view whole : kWholes) {
      if (Chance(random, 25)) text += whole;
    }
    const auto policies = Load(text);
    ASSERT_NE(policies, nullptr);
    const FakeClock clock;
    const Engine engine(policies, clock);
    Generator requests(seed * 1000003);
    for (int i = 0; i < 60 && !HasFailure(); ++i) {
      json request = requests.Request();
      if (Chance(random, 30)) Spoil(request, random);
      Agree(text, engine, request, random, context, counts);
    }
  }
  if (HasFailure() || rounds < 100) return;
  std::printf("compared %zu: %zu refused, %zu conditional, %zu listings; %zu refused for what nothing reads\n", counts.compared,
              counts.refused, counts.conditional, counts.listed, counts.unread);
  EXPECT_GT(counts.refused, 100U);
  EXPECT_GT(counts.conditional, 30U);
  EXPECT_GT(counts.listed, 30U);
}

}  // namespace
}  // namespace writ::differential
