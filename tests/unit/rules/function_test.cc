// Every row of function_list.h with random arguments: what the overloads promise is what the
// implementation takes, calls of constants and calls of variables give one value, no call costs
// more than its row says, and the simple ones agree with a naive implementation. Rows need no case
// here: their overloads make the arguments. Values, one by one: ../engine/functions_test.cc.
#include "rules/function/function.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "dsl/check/overloads.h"
#include "dsl/lower/expression.h"
#include "engine/eval/evaluator.h"
#include "rules/function/call.h"
#include "rules/function/fold.h"
#include "tests/oracle/naive_functions.h"
#include "tests/support/program_builder.h"
#include "tests/unit/engine/values.h"

namespace writ {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the makers of values

constexpr std::uint64_t kSeed = 20261130;
constexpr std::int64_t kMinInt = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxInt = std::numeric_limits<std::int64_t>::max();

using Values = std::vector<Value>;

Values Numbers() {
  const double infinity = std::numeric_limits<double>::infinity();
  Values values;
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{2}, std::int64_t{-7}, kMinInt, kMaxInt,
                               kMinInt + 1, std::int64_t{1} << 53U, (std::int64_t{1} << 53U) + 1, std::int64_t{253402300799},
                               std::int64_t{253402300800}, std::int64_t{-62135596801}})
    values.push_back(I(n));
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1} << 63U, ~std::uint64_t{0}})
    values.push_back(U(n));
  for (const double n : {0.0, -0.0, 1.0, 1.5, -2.5, 1e308, 5e-324, 0x1p53, 0x1p63, -0x1p63, 0x1p64, infinity, -infinity,
                         std::numeric_limits<double>::quiet_NaN()})
    values.push_back(D(n));
  return values;
}

Values Texts() {
  Values values;
  for (const char* text : {"",
                           "a",
                           "ab",
                           "aab",
                           "πέντε",
                           "\x01\"\\\n",
                           "{x}",
                           "true",
                           "f",
                           "1",
                           "-5",
                           "+5",
                           "9223372036854775808",
                           "1.5e3",
                           "1e400",
                           "NaN",
                           "-inf",
                           "2009-02-13T23:31:30.25Z",
                           "2009-02-30T00:00:00Z",
                           "1h30m",
                           "-0.5s",
                           "1 hour",
                           "Europe/Berlin",
                           "02:00",
                           "nope",
                           "a+",
                           "^a",
                           "("})
    values.push_back(S(text));
  // Two of these together are more than a folded constant may have.
  values.push_back(S(std::string(3000, 'a')));
  values.push_back(S(std::string(3000, 'a') + "b"));
  for (const char* bytes : {"", "a", "\xff", "\xc3\xbf"}) values.push_back(X(bytes));
  values.push_back(X(std::string_view("\0\x80", 2)));
  values.push_back(X(std::string(2500, '\xfe')));
  return values;
}

Values Others() {
  Values values = {N(), B(false), B(true)};
  for (const char* time : {"1970-01-01T00:00:00Z", "2009-02-13T23:31:30.25Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"})
    values.push_back(T(time));
  for (const std::int64_t nanos : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{5'400'000'000'000}, kMinInt, kMaxInt})
    values.push_back(Value::Duration(nanos));
  for (const char* name : {"int", "string", "list", "null_type", "google.protobuf.Timestamp"}) values.push_back(Value::Type(name));
  return values;
}

// Draws arguments: by kind from lists of edge values, lists, maps and optionals of them.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {
    for (const Values& values : {Numbers(), Texts(), Others()}) {
      for (const Value& value : values) scalars_[value.kind].push_back(value);
    }
  }

  std::size_t Below(std::size_t count) { return random_.Below(count); }

  // Any value, nested at most `depth` levels.
  Value Any(int depth = 2) { return OfKind(kAny[Below(std::size(kAny) - (depth == 0 ? 3 : 0))], depth); }

  // A value of a parameter's type. Type parameters are one kind through a call, and sometimes
  // anything.
  Value Of(const TypeTable& types, TypeId id, std::map<std::string, Kind>& bound) {
    const Type& type = types[id];
    switch (type.kind) {
      case TypeKind::kDyn: return Any();
      case TypeKind::kNull: return N();
      case TypeKind::kBool: return OfKind(Kind::kBool, 0);
      case TypeKind::kInt: return OfKind(Kind::kInt, 0);
      case TypeKind::kUint: return OfKind(Kind::kUint, 0);
      case TypeKind::kDouble: return OfKind(Kind::kDouble, 0);
      case TypeKind::kString: return OfKind(Kind::kString, 0);
      case TypeKind::kBytes: return OfKind(Kind::kBytes, 0);
      case TypeKind::kTimestamp: return OfKind(Kind::kTimestamp, 0);
      case TypeKind::kDuration: return OfKind(Kind::kDuration, 0);
      case TypeKind::kType: return OfKind(Kind::kType, 0);
      case TypeKind::kList: return List([&] { return Of(types, type.parameters[0], bound); });
      case TypeKind::kMap:
        return Map([&] { return Of(types, type.parameters[0], bound); }, [&] { return Of(types, type.parameters[1], bound); });
      case TypeKind::kOptional: return Below(3) == 0 ? None() : Some(Of(types, type.parameters[0], bound));
      case TypeKind::kParameter: {
        const auto [kind, is_new] = bound.emplace(type.name, kAny[Below(std::size(kAny))]);
        return Below(8) == 0 ? Any() : OfKind(kind->second, 1);
      }
      case TypeKind::kError:
      case TypeKind::kNullable:
      case TypeKind::kOpaque:
      case TypeKind::kRecord:
      case TypeKind::kEnum:
      case TypeKind::kUnion: break;
    }
    ADD_FAILURE() << "teach Draw to make values of type " << types.Text(id);
    return N();
  }

 private:
  static constexpr Kind kAny[] = {Kind::kNull,      Kind::kBool,     Kind::kInt,  Kind::kUint, Kind::kDouble, Kind::kString,  Kind::kBytes,
                                  Kind::kTimestamp, Kind::kDuration, Kind::kType, Kind::kList, Kind::kMap,    Kind::kOptional};

  // NOLINTNEXTLINE(misc-no-recursion): depth
  Value OfKind(Kind kind, int depth) {
    if (kind == Kind::kList) return List([&] { return Any(std::max(depth - 1, 0)); });
    if (kind == Kind::kMap) return Map([&] { return Any(0); }, [&] { return Any(std::max(depth - 1, 0)); });
    if (kind == Kind::kOptional) return Below(3) == 0 ? None() : Some(Any(std::max(depth - 1, 0)));
    const Values& values = scalars_.at(kind);
    return values[Below(values.size())];
  }

  template <typename Make>
  Value List(Make make) {
    const std::size_t size = Below(4);
    Value* items = TestArena().AllocateArray<Value>(size + 1);
    for (std::size_t i = 0; i < size; ++i) items[i] = make();
    return Value::List(items, static_cast<std::uint32_t>(size));
  }

  // Keys that no map can have, or that it has, are left out.
  template <typename MakeKey, typename MakeValue>
  Value Map(MakeKey make_key, MakeValue make_value) {
    std::vector<std::pair<Value, Value>> entries;
    for (std::size_t left = Below(12); left > 0; --left) {
      const Value key = make_key();
      const bool is_key = key.is(Kind::kBool) || key.is(Kind::kInt) || key.is(Kind::kUint) || key.is(Kind::kString);
      if (!is_key || FindInMap(*M(entries).map, key) != nullptr) continue;
      entries.emplace_back(key, make_value());
    }
    return M(entries);
  }

  test::Random random_;
  std::map<Kind, Values> scalars_;
};

Value CallOf(Function function, const Values& arguments) {
  std::uint64_t steps_left = 10'000'000;
  FunctionContext context{TestArena(), steps_left};
  return CallFunction(function, arguments, context);
}

bool IsNoOverload(const Value& value) { return value.is(Kind::kError) && value.error() == ValueError::kNoMatchingOverload; }

std::string TextOfCall(Function function, const Values& arguments) {
  std::string text(InfoOf(function).name);
  for (const Value& argument : arguments) text += " " + LiteralText(argument).substr(0, 200);
  return text;
}

// ---- calls through the compiler and the evaluator ----

// Returns the source of a call whose arguments are these texts, as people write it.
std::string SourceOf(const FunctionInfo& info, bool is_method, const std::vector<std::string>& arguments) {
  const std::string name(info.name);
  if (name == "_[_]") return arguments[0] + "[" + arguments[1] + "]";
  if (name == "_[?_]") return arguments[0] + "[?" + arguments[1] + "]";
  if (name == "@in") return arguments[0] + " in " + arguments[1];
  if (info.is_operator() && arguments.size() == 1) return name.substr(0, 1) + arguments[0];
  if (info.is_operator()) return arguments[0] + " " + name.substr(1, name.size() - 2) + " " + arguments[1];
  std::string source = is_method ? arguments[0] + "." + name + "(" : name + "(";
  for (std::size_t i = is_method ? 1 : 0; i < arguments.size(); ++i) source += (source.back() == '(' ? "" : ", ") + arguments[i];
  return source + ")";
}

enum class Check : std::uint8_t { kNone, kTypes };

// What has to be the same: values exactly, errors by their name. How an error words its operands
// depends on the instruction.
std::string Essence(const Value& value) {
  return value.is(Kind::kError) ? "<error: " + std::string(ValueErrorName(value.error())) + ">" : LiteralText(value);
}

// Returns what the engine makes of `source`, where v0, v1, … are the arguments; "does not compile"
// when the checker refuses it.
std::string Evaluate(const std::string& source, const Values& arguments, Check check) {
  dsl::ExpressionEnvironment environment;
  environment.check = check == Check::kTypes;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    environment.variables.push_back({"v" + std::to_string(i), environment.types.Simple(TypeKind::kDyn)});
  }
  const dsl::CompiledExpression compiled = CompileExpression({"test", source}, environment);
  if (!compiled.ok) return "does not compile";
  Result<VerifiedProgram> verified = VerifyProgram(compiled.program);
  if (!verified) return "does not verify: " + verified.error().message;
  const RuntimeProgram program(std::move(*verified));
  Values slots(program.program().slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = program.program().slots[i];
    if (!slot.parent.valid())
      FillSlots(program.program(), SlotId(i), arguments.at(std::stoul(std::string(program.program()[slot.key].substr(1)))), slots);
  }
  Evaluator evaluator;
  evaluator.Begin(program, slots);
  return Essence(evaluator.Run(compiled.root));
}

// The text of an argument: a literal, or a variable. Variables that are optionals are hidden from
// the compiler: requests hold none, and so a path below one (`v0["a"]`) has no meaning there.
std::string TextOfArgument(const Value& value, std::size_t position, bool is_constant) {
  if (is_constant) return "(" + LiteralText(value) + ")";
  const std::string name = "v" + std::to_string(position);
  return value.is(Kind::kOptional) ? "[" + name + "][0]" : name;
}

// Checks one call in every mixture of constants and variables. Returns in how many of them the
// checker let it pass.
std::size_t CompareMixtures(Function function, bool is_method, const Values& arguments) {
  const std::string expected = Essence(CallOf(function, arguments));
  std::size_t passed = 0;
  for (std::uint32_t constants = 0; constants < 1U << arguments.size(); ++constants) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < arguments.size(); ++i) { texts.push_back(TextOfArgument(arguments[i], i, (constants >> i & 1U) != 0)); }
    const std::string source = SourceOf(InfoOf(function), is_method, texts);
    SCOPED_TRACE(source.substr(0, 300) + " of " + TextOfCall(function, arguments));
    EXPECT_EQ(expected, Evaluate(source, arguments, Check::kNone));
    const std::string checked = Evaluate(source, arguments, Check::kTypes);
    if (checked == "does not compile") continue;
    EXPECT_EQ(expected, checked);
    ++passed;
  }
  return passed;
}

// ---- what a row says ----

class FunctionRows : public ::testing::Test {
 protected:
  const std::vector<dsl::Overload>& OverloadsOf(Function function) { return overloads_.TryFind(InfoOf(function).name)->all; }

  Values Arguments(const dsl::Overload& overload) {
    std::map<std::string, Kind> bound;
    Values arguments;
    for (const TypeId parameter : overload.parameters) arguments.push_back(draw_.Of(types_, parameter, bound));
    return arguments;
  }

  // As many values of any kind as some overload takes.
  Values AnyArguments(const dsl::Overload& overload) {
    Values arguments;
    for (std::size_t i = 0; i < overload.parameters.size(); ++i) arguments.push_back(draw_.Any());
    return arguments;
  }

  // Calls `body(function, overload, arguments)` with `rounds` fitting lists of arguments an
  // overload, and as many of any kinds.
  template <typename Body>
  void ForEachCall(int rounds, Body body) {
    for (std::uint16_t row = 0; row < kFunctionCount; ++row) {
      const Function function = static_cast<Function>(row);
      for (const dsl::Overload& overload : OverloadsOf(function)) {
        for (int i = 0; i < rounds; ++i) body(function, overload, Arguments(overload));
        for (int i = 0; i < rounds; ++i) body(function, overload, AnyArguments(overload));
      }
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth of the table's own types
  bool Fits(TypeId id, const Value& value) const {
    const Type& type = types_[id];
    if (type.kind == TypeKind::kParameter || type.kind == TypeKind::kDyn) return true;
    if (value.is(Kind::kOptional) && value.inner != nullptr && type.kind == TypeKind::kOptional) {
      return Fits(type.parameters[0], *value.inner);
    }
    static const std::map<Kind, TypeKind> kinds = {
        {Kind::kNull, TypeKind::kNull},         {Kind::kBool, TypeKind::kBool},
        {Kind::kInt, TypeKind::kInt},           {Kind::kUint, TypeKind::kUint},
        {Kind::kDouble, TypeKind::kDouble},     {Kind::kString, TypeKind::kString},
        {Kind::kBytes, TypeKind::kBytes},       {Kind::kTimestamp, TypeKind::kTimestamp},
        {Kind::kDuration, TypeKind::kDuration}, {Kind::kList, TypeKind::kList},
        {Kind::kMap, TypeKind::kMap},           {Kind::kOptional, TypeKind::kOptional},
        {Kind::kType, TypeKind::kType},
    };
    return kinds.at(value.kind) == type.kind;
  }

  bool FitsASignature(Function function, const Values& arguments) {
    for (const dsl::Overload& overload : OverloadsOf(function)) {
      bool fits = overload.parameters.size() == arguments.size();
      for (std::size_t i = 0; fits && i < arguments.size(); ++i) fits = Fits(overload.parameters[i], arguments[i]);
      if (fits) return true;
    }
    return false;
  }

  TypeTable types_;
  dsl::OverloadTable overloads_{types_};
  Draw draw_{kSeed};
};

TEST_F(FunctionRows, SayEverything) {
  std::set<std::string_view> names;
  for (std::uint16_t row = 0; row < kFunctionCount; ++row) {
    const FunctionInfo& info = kFunctionInfo[row];
    SCOPED_TRACE(info.name);
    EXPECT_TRUE(names.insert(info.name).second) << "two rows have this name";
    EXPECT_TRUE(std::filesystem::is_directory(WRIT_SOURCE_DIR "/rules/function/" + std::string(info.library)));
    EXPECT_GE(info.since, 1U);
    EXPECT_GE(info.fuel.constant, kCallSteps);
    ASSERT_NE(nullptr, overloads_.TryFind(info.name));
    ASSERT_FALSE(OverloadsOf(static_cast<Function>(row)).empty());
    std::uint32_t counts = 0;
    for (const dsl::Overload& overload : OverloadsOf(static_cast<Function>(row))) counts |= 1U << overload.parameters.size();
    EXPECT_EQ(counts, info.argument_counts);
  }
}

// Lists are indexed by every kind of number that is a whole one, as CEL's suite wants, though the
// checker lets ints pass only; `a.or(b)` does not look at b when a has a value.
bool TakesMoreThanItSays(Function function) {
  return function == Function::kIndex || function == Function::kOptionalIndex || function == Function::kOptionalOr;
}

TEST_F(FunctionRows, TakeTheKindsOfTheirSignatures) {
  ForEachCall(100, [&](Function function, const dsl::Overload&, const Values& arguments) {
    const Value result = CallOf(function, arguments);
    if (FitsASignature(function, arguments)) {
      EXPECT_FALSE(IsNoOverload(result)) << TextOfCall(function, arguments);
    } else if (!TakesMoreThanItSays(function)) {
      EXPECT_TRUE(IsNoOverload(result)) << TextOfCall(function, arguments) << " = " << LiteralText(result);
    }
  });
}

TEST_F(FunctionRows, GiveTheTypesOfTheirSignatures) {
  for (std::uint16_t row = 0; row < kFunctionCount; ++row) {
    const Function function = static_cast<Function>(row);
    for (const dsl::Overload& overload : OverloadsOf(function)) {
      std::size_t values = 0;
      for (int i = 0; i < 100; ++i) {
        const Values arguments = Arguments(overload);
        const Value result = CallOf(function, arguments);
        if (result.is_fault()) continue;
        ++values;
        EXPECT_TRUE(overload.generic || Fits(overload.result, result)) << TextOfCall(function, arguments);
      }
      EXPECT_GT(values, 0U) << InfoOf(function).name << ": no random call of an overload has a value";
    }
  }
}

TEST_F(FunctionRows, RefuseOtherNumbersOfArguments) {
  for (std::uint16_t row = 0; row < kFunctionCount; ++row) {
    for (std::size_t count = 0; count < 5; ++count) {
      const Function function = static_cast<Function>(row);
      if (InfoOf(function).takes(count)) continue;
      const Values arguments(count, I(1));
      EXPECT_TRUE(IsNoOverload(CallOf(function, arguments))) << TextOfCall(function, arguments);
      EXPECT_FALSE(FoldCall(function, arguments, TestArena()).has_value());
    }
  }
}

// ---- one value, however it is computed ----

TEST_F(FunctionRows, ConstantsAndVariablesGiveTheSameValue) {
  std::map<std::string, std::size_t> checked;
  ForEachCall(3, [&](Function function, const dsl::Overload& overload, const Values& arguments) {
    checked[std::string(InfoOf(function).name)] += CompareMixtures(function, overload.is_method, arguments);
  });
  for (const FunctionInfo& info : kFunctionInfo)
    EXPECT_GT(checked[std::string(info.name)], 0U) << info.name << ": the checker let no call pass";
}

TEST_F(FunctionRows, AFoldedCallHasTheValueOfTheCall) {
  std::set<Function> folded;
  ForEachCall(300, [&](Function function, const dsl::Overload&, const Values& arguments) {
    const std::optional<Value> value = FoldCall(function, arguments, TestArena());
    if (!value) return;
    folded.insert(function);
    EXPECT_EQ(LiteralText(CallOf(function, arguments)), LiteralText(*value)) << TextOfCall(function, arguments);
  });
  for (std::uint16_t row = 0; row < kFunctionCount; ++row) {
    EXPECT_EQ(kFunctionInfo[row].fold.is_allowed(), folded.contains(static_cast<Function>(row))) << kFunctionInfo[row].name;
  }
}

TEST_F(FunctionRows, SimpleOnesAgreeWithTheNaiveImplementation) {
  std::size_t compared = 0;
  ForEachCall(300, [&](Function function, const dsl::Overload&, const Values& arguments) {
    std::string room;
    const std::optional<Value> naive = oracle::NaiveCall(function, arguments, room);
    if (!naive) return;
    ++compared;
    const Value value = CallOf(function, arguments);
    if (naive->is(Kind::kError)) {
      EXPECT_TRUE(value.is(Kind::kError) && value.error() == naive->error())
          << TextOfCall(function, arguments) << " = " << LiteralText(value) << ", not " << LiteralText(*naive);
    } else {
      EXPECT_EQ(LiteralText(*naive), LiteralText(value)) << TextOfCall(function, arguments);
    }
  });
  EXPECT_GT(compared, 10'000U);
}

// ---- fuel ----

struct Sizes {
  std::uint64_t bytes = 0;
  std::uint64_t items = 0;
};

// NOLINTNEXTLINE(misc-no-recursion): the values nest a few levels deep
void AddSizes(const Value& value, Sizes& sizes) {
  ++sizes.items;
  if (value.is(Kind::kString) || value.is(Kind::kBytes) || value.is(Kind::kType)) sizes.bytes += value.size;
  if (value.is(Kind::kOptional) && value.inner != nullptr) AddSizes(*value.inner, sizes);
  for (std::uint32_t i = 0; value.is(Kind::kList) && i < value.size; ++i) AddSizes(value.items[i], sizes);
  for (std::uint32_t i = 0; value.is(Kind::kMap) && i < value.map->size; ++i) {
    AddSizes(value.map->entries[i].key, sizes);
    AddSizes(value.map->entries[i].value, sizes);
  }
}

void ExpectWithinFuel(Function function, const Values& arguments) {
  constexpr std::uint64_t kSteps = 10'000'000;
  std::uint64_t steps_left = kSteps;
  FunctionContext context{TestArena(), steps_left};
  CallFunction(function, arguments, context);
  Sizes sizes;
  for (const Value& argument : arguments) AddSizes(argument, sizes);
  const Fuel& fuel = InfoOf(function).fuel;
  EXPECT_LE(kSteps - steps_left, fuel.constant + fuel.per_block * (sizes.bytes / 32) + fuel.per_item * sizes.items)
      << TextOfCall(function, arguments);
}

TEST_F(FunctionRows, NoCallCostsMoreThanItsRowSays) {
  ForEachCall(300, [&](Function function, const dsl::Overload&, const Values& arguments) { ExpectWithinFuel(function, arguments); });
}

// A map that is looked for pays for the keys of each item, never for its own long key again and
// again.
TEST_F(FunctionRows, LookingForAMapCostsWhatTheItemsAre) {
  const Value needle = M({{S(std::string(100'000, 'k')), I(1)}, {S("last"), I(1)}});
  const Value item = M({{S("first"), I(1)}, {S("last"), I(2)}});
  ExpectWithinFuel(Function::kIn, {needle, L({item, item, item, item, item, item, item, item, item, item, item, item})});
  const Value near = M({{S("first"), L({I(1), I(2), I(3)})}, {S("last"), I(1)}});
  const Value other = M({{S("first"), L({I(1), I(2), I(3)})}, {S("last"), I(2)}});
  ExpectWithinFuel(Function::kIn, {near, L({other, other, other, other, other, other, other, other, other, other})});
}

// ---- limits of folding ----

TEST(FoldCall, LeavesLargeResultsAlone) {
  const Value half = S(std::string(kMaxFoldedBytes / 2, 'a'));
  EXPECT_FALSE(FoldCall(Function::kAdd, Values{half, half}, TestArena()).has_value());
  const Value third = S(std::string(kMaxFoldedBytes / 3, 'a'));
  EXPECT_TRUE(FoldCall(Function::kAdd, Values{third, third}, TestArena()).has_value());
}

TEST(FoldCall, KeepsArgumentsOfAnySize) {
  const Value text = S(std::string(2 * kMaxFoldedBytes, 'a'));
  const std::optional<Value> folded = FoldCall(Function::kToDyn, Values{text}, TestArena());
  ASSERT_TRUE(folded.has_value());
  EXPECT_EQ(text.text, folded->text);
}

TEST(FoldCall, LeavesExpensiveCallsAlone) {
  const Value text = S(std::string(32 * kMaxFoldSteps, 'a'));
  EXPECT_FALSE(FoldCall(Function::kSize, Values{text}, TestArena()).has_value());
  EXPECT_TRUE(FoldCall(Function::kSize, Values{S(std::string(32 * 1000, 'a'))}, TestArena()).has_value());
}

TEST(FoldCall, LeavesAloneWhatFillsItsArena) {
  const Value text = S(std::string(kMaxFoldArenaBytes, 'a'));
  EXPECT_FALSE(FoldCall(Function::kAdd, Values{text, text}, TestArena()).has_value());
}

}  // namespace
}  // namespace writ
