// The evaluator: every instruction, its faults, shared values, budget, observation. One file,
// however long: its last test demands that those before it have run every opcode.
#include "engine/eval/evaluator.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "rules/function/standard/operators.h"
#include "tests/unit/engine/program_maker.h"

namespace writ {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the makers of values
using Maker = ProgramMaker;
using Register = ProgramMaker::Register;

// Runs the code and returns its value as literal text.
std::string RunCode(Maker& maker, const Code& code, const EvalLimits& limits = {}) {
  const RuntimeProgram runtime(*VerifyProgram(maker.program()));
  Evaluator evaluator(limits);
  evaluator.Begin(runtime, maker.slot_values());
  const Value value = evaluator.Run(code);
  return evaluator.exhausted() ? "exhausted" : LiteralText(value);
}

std::set<Opcode>& Covered() {
  static std::set<Opcode> covered;
  return covered;
}

// Runs code and notes its instructions for the coverage test.
std::string Evaluate(const std::function<Register(Maker&)>& emit) {
  Maker maker;
  const Register result = emit(maker);
  const Code& code = maker.End(result);
  Covered().insert(maker.opcodes().begin(), maker.opcodes().end());
  return RunCode(maker, code);
}

// dst = a op b
struct BinaryCase {
  Opcode op;
  Value a;
  Value b;
  const char* result;
};

const BinaryCase kBinaryCases[] = {
    {Opcode::kAdd, I(1), I(2), "3"},
    {Opcode::kAdd, S("a"), S("b"), "\"ab\""},
    {Opcode::kAdd, I(INT64_MAX), I(1), "<error: overflow in _+_>"},
    {Opcode::kSubtract, I(1), I(2), "-1"},
    {Opcode::kSubtract, I(INT64_MIN), I(1), "<error: overflow in _-_>"},
    {Opcode::kMultiply, I(3), I(2), "6"},
    {Opcode::kMultiply, D(3), D(0.5), "1.5"},
    {Opcode::kDivide, I(7), I(2), "3"},
    {Opcode::kDivide, I(7), I(0), "<error: division by zero>"},
    {Opcode::kModulo, I(-7), I(2), "-1"},
    {Opcode::kModulo, I(7), I(0), "<error: modulus by zero>"},
    {Opcode::kEqual, S("a"), S("a"), "true"},
    {Opcode::kEqual, S(""), S(""), "true"},
    {Opcode::kEqual, I(1), D(1), "true"},
    {Opcode::kEqual, B(true), B(false), "false"},
    {Opcode::kEqual, D(1), D(1), "true"},
    {Opcode::kEqual, N(), N(), "true"},
    {Opcode::kEqual, L({I(1)}), L({U(1)}), "true"},
    {Opcode::kNotEqual, S("a"), S("ab"), "true"},
    {Opcode::kNotEqual, S("a"), I(1), "true"},
    {Opcode::kLess, I(1), I(2), "true"},
    {Opcode::kLess, D(1), I(2), "true"},
    {Opcode::kLess, S("a"), I(2), "<error: no matching overload: string < int: convert with int(…)>"},
    {Opcode::kLessOrEqual, D(1), D(1), "true"},
    {Opcode::kGreater, S("b"), S("a"), "true"},
    {Opcode::kGreaterOrEqual, I(1), I(2), "false"},
    {Opcode::kIn, I(1), L({S("a"), U(1)}), "true"},
    {Opcode::kIn, S("k"), M({{S("k"), N()}}), "true"},
    {Opcode::kIn, S("k"), S("k"), "<error: no matching overload: string in string: use contains(…)>"},
    {Opcode::kIndex, L({I(5)}), I(0), "5"},
    {Opcode::kIndex, M({{S("k"), I(5)}}), S("other"), "<error: no such key: other>"},
    {Opcode::kOptionalIndex, M({}), S("other"), "optional.none()"},
    {Opcode::kOptionalIndex, L({I(5)}), I(0), "optional.of(5)"},
};

TEST(Evaluator, StrictBinaryInstructions) {
  const Value other = Value::Error(ValueError::kModulusByZero);
  for (const BinaryCase& c : kBinaryCases) {
    SCOPED_TRACE(std::string(InfoOf(c.op).name) + " " + LiteralText(c.a) + " " + LiteralText(c.b));
    const auto run = [&](const Value& a, const Value& b) {
      return Evaluate([&](Maker& maker) {
        const Register left = maker.Load(a);
        return maker.Op(c.op, left, maker.Load(b));
      });
    };
    EXPECT_EQ(run(c.a, c.b), c.result);
    EXPECT_EQ(run(Fault(), other), "<error: division by zero>");
    EXPECT_EQ(run(Unknown(), other), "<error: modulus by zero>");
    EXPECT_EQ(run(other, Unknown()), "<error: modulus by zero>");
    EXPECT_EQ(run(Unknown(), c.b), "<unknown>");
    EXPECT_EQ(run(c.a, Unknown()), "<unknown>");
  }
}

// dst = op(a), possibly with a constant
struct UnaryCase {
  Opcode op;
  Value a;
  Value constant;
  const char* result;
};

const UnaryCase kUnaryCases[] = {
    {Opcode::kMove, I(1), N(), "1"},
    {Opcode::kNegate, I(1), N(), "-1"},
    {Opcode::kNegate, S("a"), N(), "<error: no matching overload: -string>"},
    {Opcode::kNot, B(true), N(), "false"},
    {Opcode::kNot, I(1), N(), "<error: no matching overload: !int>"},
    {Opcode::kSelect, M({{S("k"), I(1)}}), S("k"), "1"},
    {Opcode::kSelect, M({{S("k"), I(1)}}), S("depth"), "<error: no such key: depth>"},
    {Opcode::kSelect, S("text"), S("tag"), "<error: no matching overload: string.tag>"},
    {Opcode::kSelect, N(), S("tag"), "<error: no matching overload: null_type.tag>"},
    {Opcode::kSelect, Some(M({{S("k"), I(1)}})), S("k"), "optional.of(1)"},
    {Opcode::kSelect, Some(M({})), S("k"), "optional.none()"},
    {Opcode::kSelect, Some(N()), S("k"), "<error: no matching overload: null_type.k>"},
    {Opcode::kSelect, None(), S("k"), "optional.none()"},
    {Opcode::kHasMember, M({{S("k"), N()}}), S("k"), "true"},
    {Opcode::kHasMember, M({}), S("k"), "false"},
    {Opcode::kHasMember, I(1), S("k"), "<error: no matching overload: int.k>"},
    {Opcode::kHasMember, Some(M({{S("k"), I(1)}})), S("k"), "true"},
    {Opcode::kHasMember, None(), S("k"), "false"},
    {Opcode::kOptionalSelect, M({{S("k"), N()}}), S("k"), "optional.of(null)"},
    {Opcode::kOptionalSelect, M({}), S("k"), "optional.none()"},
    {Opcode::kOptionalSelect, Some(M({})), S("k"), "optional.none()"},
    {Opcode::kOptionalSelect, None(), S("k"), "optional.none()"},
    {Opcode::kOptionalSelect, L({}), S("k"), "<error: no matching overload: list.k>"},
    {Opcode::kEqualConstant, S("a"), S("a"), "true"},
    {Opcode::kEqualConstant, I(1), D(1.5), "false"},
    {Opcode::kNotEqualConstant, S("a"), S("b"), "true"},
    {Opcode::kInConstant, S("b"), L({S("a"), S("b")}), "true"},
    {Opcode::kInConstant, S("c"), L({S("a"), S("b")}), "false"},
    {Opcode::kInConstant, U(7), L({I(1), I(2), I(3), I(4), I(5), I(6), I(7), I(8), I(9), I(10)}), "true"},
    {Opcode::kInConstant, D(7), L({I(1), I(2), I(3), I(4), I(5), I(6), I(7), I(8), I(9), I(10)}), "true"},
    {Opcode::kInConstant, D(0x1p53), L({I((std::int64_t{1} << 53) + 1)}), "true"},  // equality of ints and doubles is lossy
    {Opcode::kInConstant, I(2), L({D(2.0), S("a")}), "true"},
    {Opcode::kInConstant, L({}), L({L({})}), "true"},
    {Opcode::kInConstant, N(), L({S("a")}), "false"},
    {Opcode::kInConstant, S("k"), M({{S("k"), N()}}), "true"},
    {Opcode::kInConstant, I(1), L({}), "false"},
    {Opcode::kConstantIn, L({S("sre"), S("dev")}), S("sre"), "true"},
    {Opcode::kConstantIn, M({{S("sre"), N()}}), S("dev"), "false"},
    {Opcode::kConstantIn, S("sre"), S("sre"), "<error: no matching overload: string in string: use contains(…)>"},
    {Opcode::kCheckOptional, None(), N(), "optional.none()"},
    {Opcode::kCheckOptional, I(1), N(), "<error: no matching overload: or>"},
};

TEST(Evaluator, StrictUnaryInstructions) {
  for (const UnaryCase& c : kUnaryCases) {
    SCOPED_TRACE(std::string(InfoOf(c.op).name) + " " + LiteralText(c.a) + " " + LiteralText(c.constant));
    const auto run = [&](const Value& a) {
      return Evaluate([&](Maker& maker) {
        const bool has_constant = InfoOf(c.op).c == Operand::K;
        const Register operand = maker.Load(a);
        if (c.op == Opcode::kInConstant) return maker.Op(c.op, operand, 0, maker.Range(c.constant));
        return maker.Op(c.op, operand, 0, has_constant ? maker.Constant(c.constant) : 0);
      });
    };
    EXPECT_EQ(run(c.a), c.result);
    EXPECT_EQ(run(Fault()), "<error: division by zero>");
    EXPECT_EQ(run(Unknown()), "<unknown>");
  }
}

TEST(Evaluator, Constants) {
  const Value values[] = {N(),
                          B(true),
                          I(-1),
                          U(1),
                          D(0.5),
                          S("é"),
                          X("\xff"),
                          T("2026-11-20T10:00:00.5Z"),
                          P("-1s"),
                          Value::Type("int"),
                          L({I(1), L({S("a")}), L({})}),
                          M({{S("k"), M({})}, {I(1), N()}}),
                          Value::Error(ValueError::kNoSuchKey, "k")};
  for (const Value& value : values) {
    EXPECT_EQ(Evaluate([&](Maker& maker) { return maker.Load(value); }), LiteralText(value));
  }
}

struct SlotCase {
  const char* path;
  const char* loaded;
  const char* has;
  const char* optional;  // every step after the root is optional
};

TEST(Evaluator, Slots) {
  constexpr const char* kGone = "<error: gone is not given in the request>";
  constexpr const char* kFault = "<error: division by zero>";
  const SlotCase cases[] = {
      {"x.text", "\"t\"", "true", "optional.of(\"t\")"},
      {"x.map", "{\"key\": 1}", "true", "optional.of({\"key\": 1})"},
      {"x.map.key", "1", "true", "optional.of(1)"},
      {"x.map.nothing", "<error: no such key: nothing>", "false", "optional.none()"},
      {"x.map.nothing.deep", "<error: no such key: nothing>", "<error: no such key: nothing>", "optional.none()"},
      {"x.text.deep", "<error: no matching overload: string.deep>", "<error: no matching overload: string.deep>",
       "<error: no matching overload: string.deep>"},
      {"x.part.seen", "2", "true", "optional.of(2)"},
      {"x.part.unseen", "<error: no such key: unseen>", "false", "optional.none()"},
      {"u.a", "<unknown>", "<unknown>", "<unknown>"},
      {"u.a.b", "<unknown>", "<unknown>", "<unknown>"},
      {"e.a", kFault, kFault, kFault},
      {"e.a.b", kFault, kFault, kFault},
      {"gone.a", kGone, kGone, kGone},
      {"gone.a.b", kGone, kGone, kGone},
  };
  for (const SlotCase& c : cases) {
    SCOPED_TRACE(c.path);
    const auto run = [&](Opcode op) { return Evaluate([&](Maker& maker) { return maker.Op(op, 0, 0, maker.SlotOf(c.path).index); }); };
    EXPECT_EQ(run(Opcode::kLoadSlot), c.loaded);
    EXPECT_EQ(run(Opcode::kHasSlot), c.has);
    EXPECT_EQ(run(Opcode::kOptionalSlot), c.optional);
  }
  EXPECT_EQ(Evaluate([](Maker& maker) { return maker.LoadSlot("gone"); }), kGone);
  EXPECT_EQ(Evaluate([](Maker& maker) { return maker.LoadSlot("u"); }), "<unknown>");
}

TEST(Evaluator, OptionalSlotWithPlainSteps) {
  // x.map.nothing.?deep: the plain step fails; x.map.?nothing.deep: it may be missing.
  const auto run = [](std::uint16_t plain_steps) {
    return Evaluate(
        [&](Maker& maker) { return maker.Op(Opcode::kOptionalSlot, plain_steps, 0, maker.SlotOf("x.map.nothing.deep").index); });
  };
  EXPECT_EQ(run(2), "<error: no such key: nothing>");
  EXPECT_EQ(run(1), "optional.none()");
}

TEST(Evaluator, AMapWhoseMembersWereNotReadDoesNotLeak) {
  Maker maker;
  maker.slot_values()[maker.SlotOf("x.map").index] = Value::Map(nullptr);  // a reader that broke its promise
  EXPECT_EQ(RunCode(maker, maker.End(maker.LoadSlot("x.map"))), "<error: invalid argument: x.map was not read>");
}

struct LogicCase {
  Value a;
  Value b;
  const char* both;
  const char* either;
};

TEST(Evaluator, AndOrAreKleene) {
  constexpr const char* kNotABool = "<error: expected a bool, found int>";
  constexpr const char* kError = "<error: division by zero>";
  const LogicCase cases[] = {
      {B(true), B(true), "true", "true"},
      {B(true), B(false), "false", "true"},
      {B(false), B(false), "false", "false"},
      {Fault(), B(false), "false", kError},
      {B(false), Fault(), "false", kError},
      {Fault(), B(true), kError, "true"},
      {B(true), Fault(), kError, "true"},
      {Unknown(), B(false), "false", "<unknown>"},
      {B(true), Unknown(), "<unknown>", "true"},
      {Unknown(), Fault(), "<unknown>", "<unknown>"},
      {Fault(), Unknown(), "<unknown>", "<unknown>"},
      {I(1), B(false), "false", kNotABool},
      {B(true), I(1), kNotABool, "true"},
      {I(1), Unknown(), "<unknown>", "<unknown>"},
      {I(1), Fault(), kNotABool, kNotABool},
      {Fault(), I(1), kError, kError},
  };
  for (const LogicCase& c : cases) {
    SCOPED_TRACE(LiteralText(c.a) + ", " + LiteralText(c.b));
    for (const bool is_and : {true, false}) {
      const auto run = [&](Opcode op) {
        return Evaluate([&](Maker& maker) {
          const Register left = maker.Load(c.a);
          return maker.Op(op, left, maker.Load(c.b));
        });
      };
      EXPECT_EQ(run(is_and ? Opcode::kAnd : Opcode::kOr), is_and ? c.both : c.either);
      // The same as a fold over [a, b], which starts with true (false) and leaves early.
      const std::string folded = Evaluate([&](Maker& maker) {
        const Register result = maker.Load(B(is_and));
        const Register a = maker.Load(c.a);
        const Register b = maker.Load(c.b);
        const Opcode fold = is_and ? Opcode::kFoldAnd : Opcode::kFoldOr;
        const std::uint32_t first = maker.Emit(fold, result, a);
        const std::uint32_t second = maker.Emit(fold, result, b);
        maker.Land(first);
        maker.Land(second);
        return result;
      });
      EXPECT_EQ(folded, is_and ? c.both : c.either);
    }
  }
}

// a ? "then" : "else"
std::string Conditional(const Value& condition) {
  return Evaluate([&](Maker& maker) {
    const Register result = maker.New();
    const Register test = maker.Load(condition);
    const std::uint32_t no_bool = maker.Emit(Opcode::kJumpUnlessBool, result, test);
    const std::uint32_t to_else = maker.Emit(Opcode::kJumpIfFalse, 0, test);
    maker.Emit(Opcode::kLoadConstant, result, 0, 0, maker.Constant(S("then")));
    const std::uint32_t to_end = maker.Emit(Opcode::kJump);
    maker.Land(to_else);
    maker.Emit(Opcode::kLoadConstant, result, 0, 0, maker.Constant(S("else")));
    maker.Land(no_bool);
    maker.Land(to_end);
    return result;
  });
}

TEST(Evaluator, ConditionalJumps) {
  EXPECT_EQ(Conditional(B(true)), "\"then\"");
  EXPECT_EQ(Conditional(B(false)), "\"else\"");
  EXPECT_EQ(Conditional(Unknown()), "<unknown>");
  EXPECT_EQ(Conditional(Fault()), "<error: division by zero>");
  EXPECT_EQ(Conditional(S("x")), "<error: expected a bool, found string>");
}

TEST(Evaluator, JumpIfTrueJumpsOnlyWhenTrue) {
  const auto run = [](const Value& value) {
    return Evaluate([&](Maker& maker) {
      const Register result = maker.Load(I(1));
      const std::uint32_t jump = maker.Emit(Opcode::kJumpIfTrue, 0, maker.Load(value));
      maker.Emit(Opcode::kLoadConstant, result, 0, 0, maker.Constant(I(2)));
      maker.Land(jump);
      return result;
    });
  };
  EXPECT_EQ(run(B(true)), "1");
  for (const Value& value : {B(false), Fault(), Unknown(), I(1)}) EXPECT_EQ(run(value), "2");
}

struct OptionalCase {
  Value a;
  const char* or_other;  // a.or(optional.of("other"))
  const char* or_value;  // a.orValue("other")
  const char* mapped;    // a.optMap(v, [v])
};

TEST(Evaluator, OptionalInstructions) {
  constexpr const char* kError = "<error: division by zero>";
  const OptionalCase cases[] = {
      {Some(I(1)), "optional.of(1)", "1", "optional.of([1])"},
      {None(), "\"other\"", "\"other\"", "optional.none()"},
      {Fault(), kError, kError, kError},
      {Unknown(), "<unknown>", "<unknown>", "<unknown>"},
      {I(1), "<error: no matching overload: or>", "<error: no matching overload: orValue>", "<error: no matching overload: optMap>"},
  };
  for (const OptionalCase& c : cases) {
    SCOPED_TRACE(LiteralText(c.a));
    for (const Opcode op : {Opcode::kOptionalOr, Opcode::kOptionalOrValue}) {
      const std::string result = Evaluate([&](Maker& maker) {
        const Register left = maker.Load(c.a);
        const Register value = maker.New();
        const std::uint32_t jump = maker.Emit(op, value, left);
        maker.Emit(Opcode::kLoadConstant, value, 0, 0, maker.Constant(S("other")));
        maker.Land(jump);
        return value;
      });
      EXPECT_EQ(result, op == Opcode::kOptionalOr ? c.or_other : c.or_value);
    }
    const std::string mapped = Evaluate([&](Maker& maker) {
      const Register left = maker.Load(c.a);
      const Register result = maker.New();
      const Register inner = maker.New();
      const std::uint32_t jump = maker.Emit(Opcode::kOptionalUnwrap, result, left, inner);
      const Register list = maker.Op(Opcode::kNewList);
      maker.Emit(Opcode::kAppend, list, inner);
      maker.Emit(Opcode::kMove, result, maker.CallOf(Function::kOptionalOf, list, 1));
      maker.Land(jump);
      return result;
    });
    EXPECT_EQ(mapped, c.mapped);
  }
}

TEST(Evaluator, Calls) {
  const auto run = [](const Value& text) {
    return Evaluate([&](Maker& maker) {
      const Register first = maker.Load(text);
      maker.Load(S("b"));
      return maker.CallOf(Function::kEndsWith, first, 2);
    });
  };
  EXPECT_EQ(run(S("ab")), "true");
  EXPECT_EQ(run(I(1)), "<error: no matching overload: int.endsWith(string): convert with string(…)>");
  EXPECT_EQ(run(Unknown()), "<unknown>");
}

TEST(Evaluator, Regexes) {
  const auto run = [](const Value& text) {
    return Evaluate(
        [&](Maker& maker) { return maker.Op(Opcode::kMatchesRegex, maker.Load(text), 0, maker.Regex("@sha256:[0-9a-f]{4}$")); });
  };
  EXPECT_EQ(run(S("image@sha256:00ff")), "true");
  EXPECT_EQ(run(S("image:latest")), "false");
  EXPECT_EQ(run(N()), "<error: no matching overload: null.matches(string): compare with null first>");
  EXPECT_EQ(run(Fault()), "<error: division by zero>");
  EXPECT_EQ(run(Unknown()), "<unknown>");
}

struct BuildCase {
  std::vector<Value> parts;  // maps: key, value, key, value
  const char* plain;
  const char* optional;
};

TEST(Evaluator, ListBuilders) {
  const BuildCase cases[] = {
      {{}, "[]", "[]"},
      {{I(1), S("a")}, "[1, \"a\"]", "<error: no matching overload: [?_]>"},
      {{None(), Some(I(1))}, "[optional.none(), optional.of(1)]", "[1]"},
      {{I(1), Fault(), I(2)}, "<error: division by zero>", "<error: no matching overload: [?_]>"},
      {{Unknown(), Fault()}, "<unknown>", "<unknown>"},
      {{I(1), I(2), I(3), I(4), I(5), I(6), I(7), I(8), I(9)}, "[1, 2, 3, 4, 5, 6, 7, 8, 9]", "<error: no matching overload: [?_]>"},
  };
  for (const BuildCase& c : cases) {
    for (const bool optional : {false, true}) {
      const std::string result = Evaluate([&](Maker& maker) {
        const Register list = maker.Op(Opcode::kNewList, 0, 0, 2);
        for (const Value& part : c.parts) maker.Emit(optional ? Opcode::kAppendOptional : Opcode::kAppend, list, maker.Load(part));
        return list;
      });
      EXPECT_EQ(result, optional ? c.optional : c.plain);
    }
  }
}

TEST(Evaluator, MapBuilders) {
  const BuildCase cases[] = {
      {{}, "{}", "{}"},
      {{S("a"), I(1), I(2), N()}, "{\"a\": 1, 2: null}", "<error: no matching overload: {?_: _}>"},
      {{S("a"), None(), S("b"), Some(I(1))}, "{\"a\": optional.none(), \"b\": optional.of(1)}", "{\"b\": 1}"},
      {{I(1), Some(I(1)), U(1), Some(I(2))}, "<error: duplicate key in map: 1>", "<error: duplicate key in map: 1>"},
      {{D(1.0), Some(I(1))}, "<error: a map key cannot be double>", "<error: a map key cannot be double>"},
      {{N(), Some(I(1))}, "<error: a map key cannot be null_type>", "<error: a map key cannot be null_type>"},
      {{Fault(), Unknown()}, "<error: division by zero>", "<error: division by zero>"},
      {{Unknown(), Fault()}, "<error: division by zero>", "<error: division by zero>"},
      {{S("a"), Unknown(), S("b"), Fault()}, "<unknown>", "<unknown>"},
  };
  for (const BuildCase& c : cases) {
    for (const bool optional : {false, true}) {
      const std::string result = Evaluate([&](Maker& maker) {
        const Register map = maker.Op(Opcode::kNewMap, 0, 0, 2);
        for (std::size_t i = 0; i + 1 < c.parts.size(); i += 2) {
          const Register key = maker.Load(c.parts[i]);
          maker.Emit(optional ? Opcode::kPutOptional : Opcode::kPut, map, key, maker.Load(c.parts[i + 1]));
        }
        return map;
      });
      EXPECT_EQ(result, optional ? c.optional : c.plain);
    }
  }
}

TEST(Evaluator, LargeMapsStayIndexed) {
  const std::string result = Evaluate([](Maker& maker) {
    const Register map = maker.Op(Opcode::kNewMap);
    for (int i = 0; i < 100; ++i) {
      const Register key = maker.Load(I(i));
      maker.Emit(Opcode::kPut, map, key, maker.Load(I(i * i)));
    }
    const Register wanted = maker.Load(D(77.0));
    return maker.Op(Opcode::kIndex, map, wanted);
  });
  EXPECT_EQ(result, "5929");
}

enum class Shape { kMap, kFilter, kExistsOne, kPairs };

// A macro over `range`: map(v, v), filter(v, v), exists_one(v, v), or a list of key and value of each item.
std::string Iterate(Shape shape, const Value& range) {
  return Evaluate([&](Maker& maker) {
    const Register result = maker.New();
    const Register source = maker.Load(range);
    const Register cursor = maker.New();
    maker.New();
    const std::uint32_t begin = maker.Emit(Opcode::kIterateBegin, cursor, source, result);
    const bool counts = shape == Shape::kExistsOne;
    const Register out = counts ? maker.Load(I(0)) : maker.Op(Opcode::kNewList);
    const Register first = maker.New();
    const Register second = maker.New();
    const std::uint32_t next = maker.Emit(Opcode::kIterateNext, first, cursor, shape == Shape::kPairs ? second : kNoRegister);
    std::uint32_t test = 0;
    if (shape == Shape::kFilter) test = maker.Emit(Opcode::kFilterTest, out, first);
    maker.Emit(counts ? Opcode::kCountTrue : Opcode::kAppend, out, first);
    if (shape == Shape::kPairs) maker.Emit(Opcode::kAppend, out, second);
    if (shape == Shape::kFilter) maker.Land(test);
    maker.Emit(Opcode::kLoop, 0, 0, 0, next);
    maker.Land(next);
    maker.Emit(Opcode::kMove, result, out);
    maker.Land(begin);
    return result;
  });
}

TEST(Evaluator, Iteration) {
  struct Case {
    Shape shape;
    Value range;
    const char* result;
  };
  const Case cases[] = {
      {Shape::kMap, L({I(1), S("a")}), "[1, \"a\"]"},
      {Shape::kMap, L({}), "[]"},
      {Shape::kMap, M({{S("k"), I(1)}, {I(2), I(3)}}), "[\"k\", 2]"},
      {Shape::kMap, Fault(), "<error: division by zero>"},
      {Shape::kMap, Unknown(), "<unknown>"},
      {Shape::kMap, I(1), "<error: no matching overload: iteration over int>"},
      {Shape::kMap, S("text"), "<error: no matching overload: iteration over string>"},
      {Shape::kPairs, L({S("a"), S("b")}), "[0, \"a\", 1, \"b\"]"},
      {Shape::kPairs, M({{S("k"), I(1)}, {I(2), I(3)}}), "[\"k\", 1, 2, 3]"},
      {Shape::kFilter, L({B(true), B(false), B(true)}), "[true, true]"},
      {Shape::kFilter, L({B(true), I(1), B(true)}), "<error: expected a bool, found int>"},
      {Shape::kExistsOne, L({B(true), B(false)}), "1"},
      {Shape::kExistsOne, L({B(true), B(true)}), "2"},
      {Shape::kExistsOne, L({B(true), S("x"), B(true), I(1)}), "<error: expected a bool, found string>"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(LiteralText(c.range));
    EXPECT_EQ(Iterate(c.shape, c.range), c.result);
  }
}

TEST(Evaluator, FirstFaultStaysInFoldsOfTests) {
  for (const Opcode op : {Opcode::kFilterTest, Opcode::kCountTrue}) {
    const auto run = [&](const Value& a, const Value& b) {
      return Evaluate([&](Maker& maker) {
        const Register out = op == Opcode::kCountTrue ? maker.Load(I(0)) : maker.Op(Opcode::kNewList);
        const Register first = maker.Load(a);
        const Register second = maker.Load(b);
        std::uint32_t jump = maker.Emit(op, out, first);
        if (op == Opcode::kFilterTest) maker.Land(jump);
        jump = maker.Emit(op, out, second);
        if (op == Opcode::kFilterTest) maker.Land(jump);
        return out;
      });
    };
    EXPECT_EQ(run(Fault(), Unknown()), "<error: division by zero>");
    EXPECT_EQ(run(Unknown(), Fault()), "<unknown>");
  }
}

TEST(Evaluator, SharedValuesAreComputedOnceADecision) {
  Maker maker;
  const SharedValue& inner = maker.EndShared(maker.LoadSlot("x.text"));
  const Register loaded = maker.Op(Opcode::kLoadShared, 0, 0, maker.Shared(inner));
  const SharedValue& outer = maker.EndShared(maker.Op(Opcode::kAdd, loaded, maker.Load(S("!"))));
  const Register a = maker.Op(Opcode::kLoadShared, 0, 0, maker.Shared(outer));
  const Register b = maker.Op(Opcode::kLoadShared, 0, 0, maker.Shared(inner));
  const Code& code = maker.End(maker.Op(Opcode::kAdd, a, b));
  Covered().insert(maker.opcodes().begin(), maker.opcodes().end());
  const RuntimeProgram runtime(*VerifyProgram(maker.program()));
  Evaluator evaluator;
  evaluator.Begin(runtime, maker.slot_values());
  EXPECT_EQ(LiteralText(evaluator.Run(code)), "\"t!t\"");
  maker.slot_values()[maker.SlotOf("x.text").index] = S("new");
  EXPECT_EQ(LiteralText(evaluator.Run(code)), "\"t!t\"");
  evaluator.ForgetShared();
  EXPECT_EQ(LiteralText(evaluator.Run(code)), "\"new!new\"");
  maker.slot_values()[maker.SlotOf("x.text").index] = S("last");
  evaluator.Begin(runtime, maker.slot_values());
  EXPECT_EQ(LiteralText(evaluator.Run(code)), "\"last!last\"");
}

class ReadLog final : public ReadObserver {
 public:
  explicit ReadLog(const Program& program) : program_(program) {}
  void OnRead(SlotId slot, const Value& value) override { text_ += SlotPath(program_, slot) + "=" + LiteralText(value) + " "; }
  std::string Take() { return std::exchange(text_, ""); }

 private:
  const Program& program_;
  std::string text_;
};

TEST(Evaluator, ObserversHearEveryReadAndChangeNothing) {
  Maker maker;
  const SharedValue& text = maker.EndShared(maker.LoadSlot("x.text"));
  const Register shared = maker.Op(Opcode::kLoadShared, 0, 0, maker.Shared(text));
  const Register has = maker.Op(Opcode::kHasSlot, 0, 0, maker.SlotOf("x.map.nothing").index);
  const Register list = maker.Op(Opcode::kNewList);
  maker.Emit(Opcode::kAppend, list, shared);
  maker.Emit(Opcode::kAppend, list, has);
  maker.Emit(Opcode::kAppend, list, maker.LoadSlot("u"));
  const Code& code = maker.End(list);
  const RuntimeProgram runtime(*VerifyProgram(maker.program()));
  Evaluator evaluator;
  ReadLog log(runtime.program());
  evaluator.Begin(runtime, maker.slot_values());
  for (int i = 0; i < 2; ++i) {  // the second time the shared value is there already
    EXPECT_EQ(LiteralText(evaluator.Run(code, &log)), "<unknown>");
    EXPECT_EQ(log.Take(), "x.text=\"t\" x.map.nothing=<absent> u=<unknown> ");
  }
  EXPECT_EQ(LiteralText(evaluator.Run(code)), "<unknown>");
  EXPECT_EQ(log.Take(), "");
}

// [0, 1, … n).map(x, …) nested `depth` deep, so that n^depth turns are made.
const Code& NestedLoops(Maker& maker, int items, int depth) {
  std::vector<Value> numbers;
  for (int i = 0; i < items; ++i) numbers.push_back(I(i));
  Value* copy = TestArena().AllocateArray<Value>(numbers.size());
  std::copy(numbers.begin(), numbers.end(), copy);
  const Register range = maker.Load(Value::List(copy, static_cast<std::uint32_t>(items)));
  const Register fault = maker.Load(N());
  std::vector<std::uint32_t> nexts;
  std::vector<std::uint32_t> begins;
  for (int level = 0; level < depth; ++level) {
    const Register cursor = maker.New();
    maker.New();
    begins.push_back(maker.Emit(Opcode::kIterateBegin, cursor, range, fault));
    nexts.push_back(maker.Emit(Opcode::kIterateNext, maker.New(), cursor, kNoRegister));
  }
  for (int level = depth - 1; level >= 0; --level) {
    maker.Emit(Opcode::kLoop, 0, 0, 0, nexts[static_cast<std::size_t>(level)]);
    maker.Land(nexts[static_cast<std::size_t>(level)]);
    maker.Land(begins[static_cast<std::size_t>(level)]);
  }
  return maker.End(range);
}

TEST(Evaluator, StopsAtItsSteps) {
  Maker maker;
  const Code& code = NestedLoops(maker, 100, 6);
  EXPECT_EQ(RunCode(maker, code, {.max_steps = 100'000}), "exhausted");
  Maker small;
  const Code& few = NestedLoops(small, 3, 2);
  EXPECT_EQ(RunCode(small, few, {.max_steps = 1'000}), "[0, 1, 2]");
  EXPECT_EQ(RunCode(small, few, {.max_steps = 1}), "exhausted");
}

TEST(Evaluator, StopsAtItsArena) {
  Maker maker;
  Register text = maker.Load(S(std::string(1000, 'a')));
  for (int i = 0; i < 20; ++i) text = maker.Op(Opcode::kAdd, text, text);
  const Code& code = maker.End(text);
  EXPECT_EQ(RunCode(maker, code, {.max_arena_bytes = 1'000'000}), "exhausted");
}

TEST(Evaluator, SharedPartsAreChargedEachTime) {
  Maker maker;
  Register pair = maker.Load(L({}));
  for (int i = 0; i < 60; ++i) {
    const Register next = maker.Op(Opcode::kNewList);
    maker.Emit(Opcode::kAppend, next, pair);
    maker.Emit(Opcode::kAppend, next, pair);
    pair = next;
  }
  const Code& code = maker.End(maker.Op(Opcode::kEqual, pair, pair));
  EXPECT_EQ(RunCode(maker, code), "exhausted");
}

TEST(Evaluator, AnExhaustedDecisionStaysExhaustedUntilBegin) {
  Maker maker;
  const Code& large = NestedLoops(maker, 100, 6);
  const Code& small = maker.End(maker.Load(B(true)));
  const RuntimeProgram runtime(*VerifyProgram(maker.program()));
  Evaluator evaluator({.max_steps = 10'000});
  evaluator.Begin(runtime, maker.slot_values());
  EXPECT_TRUE(evaluator.Run(large).is(Kind::kError));
  EXPECT_TRUE(evaluator.Run(small).is(Kind::kError));
  EXPECT_TRUE(evaluator.exhausted());
  evaluator.Begin(runtime, maker.slot_values());
  EXPECT_TRUE(evaluator.Run(small).is_true());
  EXPECT_FALSE(evaluator.exhausted());
}

TEST(FillSlots, FillsTheSubtreeAndNothingElse) {
  Maker maker;
  const Program& program = maker.program();
  std::vector<Value> slots(program.slots.size());
  FillSlots(program, maker.SlotOf("u"), M({{S("a"), M({{S("b"), I(1)}})}}), slots);
  FillSlots(program, maker.SlotOf("e"), M({{S("a"), S("text")}}), slots);
  FillSlots(program, maker.SlotOf("x.map"), Unknown(), slots);
  std::string text;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].is(Kind::kAbsent)) text += SlotPath(program, SlotId(i)) + "=" + LiteralText(slots[i]) + "\n";
  }
  EXPECT_EQ(text,
            "x.map=<unknown>\nx.map.key=<unknown>\nx.map.nothing=<unknown>\nx.map.nothing.deep=<unknown>\n"
            "u={\"a\": {\"b\": 1}}\nu.a={\"b\": 1}\nu.a.b=1\ne={\"a\": \"text\"}\ne.a=\"text\"\n");
}

// What `a` and `b` together can come to is what each of their outcomes together come to.
TEST(Evaluator, ConditionsKeepWhatTheyCanStillComeTo) {
  constexpr unsigned kAll[] = {kMayBeTrue, kMayBeFalse, kMayFail};
  const auto of = [](unsigned outcomes) {
    if (outcomes == kMayBeTrue || outcomes == kMayBeFalse) return B(outcomes == kMayBeTrue);
    return outcomes == kMayFail ? Fault() : Value::Unknown(static_cast<std::uint16_t>(outcomes));
  };
  for (unsigned x = 1; x <= kAnyOutcome; ++x) {
    EXPECT_EQ(OutcomesOf(of(x)), x);
    EXPECT_EQ(OutcomesOf(NotValue(of(x))), (x & kMayFail) | (x & kMayBeTrue) << 1 | (x & kMayBeFalse) >> 1);
    for (unsigned y = 1; y <= kAnyOutcome; ++y) {
      unsigned both = 0, either = 0;
      for (const unsigned a : kAll) {
        for (const unsigned b : kAll) {
          if ((x & a) == 0 || (y & b) == 0) continue;
          both |= OutcomesOf(AndValues(of(a), of(b)));
          either |= OutcomesOf(OrValues(of(a), of(b)));
        }
      }
      EXPECT_EQ(OutcomesOf(AndValues(of(x), of(y))), both) << x << " && " << y;
      EXPECT_EQ(OutcomesOf(OrValues(of(x), of(y))), either) << x << " || " << y;
    }
  }
}

// A strict operation makes something else of an unknown condition.
TEST(Evaluator, ForgetsWhatAConditionCanComeTo) {
  for (const bool forgets : {false, true}) {
    Maker maker;
    const Register unknown = maker.Op(Opcode::kAnd, maker.Load(Unknown()), maker.Load(Fault()));
    if (forgets) maker.Emit(Opcode::kForgetOutcomes, unknown);
    const Code& code = maker.End(unknown);
    Covered().insert(maker.opcodes().begin(), maker.opcodes().end());
    const RuntimeProgram runtime(*VerifyProgram(maker.program()));
    Evaluator evaluator;
    evaluator.Begin(runtime, maker.slot_values());
    EXPECT_EQ(OutcomesOf(evaluator.Run(code)), forgets ? kAnyOutcome : kMayBeFalse | kMayFail);
  }
  EXPECT_EQ(Evaluate([](Maker& maker) {
              const Register value = maker.Load(I(1));
              maker.Emit(Opcode::kForgetOutcomes, value);
              return value;
            }),
            "1");
}

// Where a test in quick code leads that looks for `looked_for` in a: "jumps", "goes on", "careful".
// `b`: what stands there in the instruction.
std::string Leads(Opcode op, const Value& a, bool looked_for, const std::function<std::uint32_t(Maker&)>& b, unsigned kind = 0) {
  return Evaluate([&](Maker& maker) {
    const auto dst = static_cast<Register>((looked_for ? 1U : 0U) | kind << 1U);
    const std::uint32_t test = maker.Emit(op, dst, maker.Load(a), static_cast<Register>(b(maker)));
    const Register result = maker.Load(S("goes on"));
    maker.Emit(Opcode::kReturn, 0, result);
    maker.Land(test);
    maker.Emit(Opcode::kReturn, 0, maker.Load(S("jumps")));
    maker.BeginCareful();
    return maker.Load(S("careful"));
  });
}

TEST(Evaluator, QuickTests) {
  struct Case {
    const char* name;
    Opcode op;
    Value a;
    const char* found;  // "yes", "no" or "careful"
    std::function<std::uint32_t(Maker&)> b = [](Maker&) { return 0U; };
    Kind kind = Kind::kAbsent;  // TestMemberKind
  };
  const auto constant = [](const Value& value) { return [value](Maker& maker) { return maker.Constant(value); }; };
  const auto kind = [](Kind wanted) { return [wanted](Maker&) { return static_cast<std::uint32_t>(wanted); }; };
  const auto range = [](const Value& value) { return [value](Maker& maker) { return maker.Range(value); }; };
  const auto regex = [](Maker& maker) { return maker.Regex("^a+$"); };
  const auto key = constant(S("k"));
  const Value map = M({{S("k"), I(1)}, {S("null"), N()}});
  const Case cases[] = {
      {"true", Opcode::kTestTrue, B(true), "yes"},
      {"false", Opcode::kTestTrue, B(false), "no"},
      {"no bool", Opcode::kTestTrue, I(1), "careful"},
      {"fault", Opcode::kTestTrue, Fault(), "careful"},
      {"unknown", Opcode::kTestTrue, Unknown(), "careful"},
      {"kind", Opcode::kTestKind, I(1), "yes", kind(Kind::kInt)},
      {"another kind", Opcode::kTestKind, S("1"), "no", kind(Kind::kInt)},
      {"kind of a fault", Opcode::kTestKind, Fault(), "careful", kind(Kind::kInt)},
      {"kind of a member", Opcode::kTestMemberKind, map, "yes", key, Kind::kInt},
      {"another kind of a member", Opcode::kTestMemberKind, map, "no", key, Kind::kString},
      {"kind of no member", Opcode::kTestMemberKind, map, "careful", constant(S("other")), Kind::kInt},
      {"kind of a member of no map", Opcode::kTestMemberKind, I(1), "careful", key, Kind::kInt},
      {"present", Opcode::kTestPresent, map, "yes", key},
      {"missing", Opcode::kTestPresent, map, "no", constant(S("other"))},
      {"null", Opcode::kTestPresent, map, "no", constant(S("null"))},
      {"present in an optional", Opcode::kTestPresent, Some(map), "yes", key},
      {"missing in none", Opcode::kTestPresent, None(), "no", key},
      {"present in no map", Opcode::kTestPresent, I(1), "careful", key},
      {"present in a fault", Opcode::kTestPresent, Unknown(), "careful", key},
      {"unknown member", Opcode::kTestPresent, M({{S("k"), Unknown()}}), "careful", key},
      {"equal", Opcode::kTestEqual, S("a"), "yes", constant(S("a"))},
      {"not equal", Opcode::kTestEqual, S("a"), "no", constant(S("b"))},
      {"equal across kinds", Opcode::kTestEqual, D(1), "yes", constant(I(1))},
      {"equal to a fault", Opcode::kTestEqual, Fault(), "careful", constant(I(1))},
      {"in", Opcode::kTestIn, S("a"), "yes", range(L({S("a"), S("b")}))},
      {"not in", Opcode::kTestIn, S("c"), "no", range(L({S("a"), S("b")}))},
      {"fault in", Opcode::kTestIn, Fault(), "careful", range(L({S("a")}))},
      {"matches", Opcode::kTestMatches, S("aa"), "yes", regex},
      {"does not match", Opcode::kTestMatches, S("ab"), "no", regex},
      {"no text", Opcode::kTestMatches, I(1), "careful", regex},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string found = c.found;
    for (const bool looked_for : {false, true}) {
      const std::string expected = found == "careful" ? "careful" : (found == "yes") == looked_for ? "jumps" : "goes on";
      EXPECT_EQ(Leads(c.op, c.a, looked_for, c.b, static_cast<unsigned>(c.kind)), '"' + expected + '"');
    }
  }
}

TEST(Evaluator, QuickTestsOfSharedValues) {
  for (const Value& value : {B(true), B(false), I(1), Fault()}) {
    Maker maker;
    const SharedValue& shared = maker.EndShared(maker.Load(value));
    const std::uint32_t test = maker.Emit(Opcode::kTestShared, 1, 0, static_cast<Register>(maker.Shared(shared)));
    maker.Emit(Opcode::kReturnBool, 0, 0, 0, 0);
    maker.Land(test);
    maker.Emit(Opcode::kReturnBool, 0, 0, 0, 1);
    maker.BeginCareful();
    const Code& code = maker.End(maker.Load(S("careful")));
    Covered().insert(maker.opcodes().begin(), maker.opcodes().end());
    EXPECT_EQ(RunCode(maker, code), value.is(Kind::kBool) ? LiteralText(value) : "\"careful\"");
  }
}

// [x for x in range], in quick code.
std::string IterateQuickly(const Value& range) {
  return Evaluate([&](Maker& maker) {
    const Register result = maker.Load(L({}));
    const Register source = maker.Load(range);
    const Register cursor = maker.New();
    maker.New();
    const Register item = maker.New();
    const std::uint32_t first = maker.Emit(Opcode::kIterateFirst, cursor, source);
    maker.Emit(Opcode::kNewList, result);
    const std::uint32_t body = maker.here();
    maker.Emit(Opcode::kAppend, result, item);
    maker.Emit(Opcode::kIterateAgain, 0, cursor, 0, body);
    maker.Land(first);
    maker.Emit(Opcode::kReturn, 0, result);
    maker.BeginCareful();
    return maker.Load(S("careful"));
  });
}

TEST(Evaluator, QuickLoops) {
  EXPECT_EQ(IterateQuickly(L({I(1), S("a"), N()})), "[1, \"a\", null]");
  EXPECT_EQ(IterateQuickly(L({})), "[]");
  EXPECT_EQ(IterateQuickly(M({{S("k"), I(1)}, {I(2), I(3)}})), "[\"k\", 2]");
  EXPECT_EQ(IterateQuickly(I(1)), "\"careful\"");
  EXPECT_EQ(IterateQuickly(Fault()), "\"careful\"");
  EXPECT_EQ(IterateQuickly(Unknown()), "\"careful\"");
}

// Fused instructions, and what they stand for: `select` alone, or with a zero value as missing.
TEST(Evaluator, MembersOrConstants) {
  struct Case {
    Value a;
    const char* select;
    const char* non_zero;
  };
  const Case cases[] = {
      {M({{S("k"), I(1)}}), "1", "1"},
      {M({{S("k"), S("")}}), "\"\"", "\"otherwise\""},
      {M({{S("k"), N()}}), "null", "\"otherwise\""},
      {M({{S("k"), Unknown()}}), "<unknown>", "<unknown>"},
      {M({}), "\"otherwise\"", "\"otherwise\""},
      {Some(M({{S("k"), I(1)}})), "1", "1"},
      {None(), "\"otherwise\"", "\"otherwise\""},
      {I(1), "<error: no matching overload: int.k>", "<error: no matching overload: int.k>"},
      {Fault(), "<error: division by zero>", "<error: division by zero>"},
      {Unknown(), "<unknown>", "<unknown>"},
  };
  for (const Case& c : cases) {
    const auto run = [&](Opcode op) {
      return Evaluate([&](Maker& maker) {
        const Register a = maker.Load(c.a);
        const std::uint32_t key = maker.Constant(S("k"));
        maker.Constant(S("otherwise"));
        return maker.Op(op, a, 0, key);
      });
    };
    EXPECT_EQ(run(Opcode::kSelectOr), c.select);
    EXPECT_EQ(run(Opcode::kSelectNonZeroOr), c.non_zero);
  }
}

TEST(Evaluator, NonZeroOrAndHasKind) {
  const auto run = [](Opcode op, const Value& a, Kind kind) {
    return Evaluate([&](Maker& maker) {
      const Register operand = maker.Load(a);
      return maker.Op(op, operand, 0, op == Opcode::kHasKind ? static_cast<std::uint32_t>(kind) : maker.Constant(S("otherwise")));
    });
  };
  EXPECT_EQ(run(Opcode::kNonZeroOr, I(0), Kind::kAbsent), "\"otherwise\"");
  EXPECT_EQ(run(Opcode::kNonZeroOr, I(1), Kind::kAbsent), "1");
  EXPECT_EQ(run(Opcode::kNonZeroOr, None(), Kind::kAbsent), "optional.none()");
  EXPECT_EQ(run(Opcode::kNonZeroOr, Fault(), Kind::kAbsent), "<error: division by zero>");
  EXPECT_EQ(run(Opcode::kHasKind, I(0), Kind::kInt), "true");
  EXPECT_EQ(run(Opcode::kHasKind, I(0), Kind::kString), "false");
  EXPECT_EQ(run(Opcode::kHasKind, Unknown(), Kind::kString), "<unknown>");
}

TEST(Evaluator, SumsOfMany) {
  const auto sum = [](const std::vector<Value>& values) {
    return Evaluate([&](Maker& maker) {
      std::vector<Register> loaded;
      for (const Value& value : values) loaded.push_back(maker.Load(value));
      const Register first = maker.New();
      for (std::size_t i = 1; i < values.size(); ++i) maker.New();
      for (std::size_t i = 0; i < values.size(); ++i) maker.Emit(Opcode::kMove, static_cast<Register>(first + i), loaded[i]);
      return maker.Op(Opcode::kAddAll, first, static_cast<Register>(values.size()));
    });
  };
  EXPECT_EQ(sum({S("a"), S(""), S("bc")}), "\"abc\"");
  EXPECT_EQ(sum({S(""), S(""), S("")}), "\"\"");
  EXPECT_EQ(sum({I(1), I(2), I(3)}), "6");
  EXPECT_EQ(sum({S("a"), I(2), Fault()}), "<error: no matching overload: string + int: convert with string(…)>");
  EXPECT_EQ(sum({S("a"), Unknown(), Fault()}), "<error: division by zero>");
  EXPECT_EQ(sum({Unknown(), S("a"), S("b")}), "<unknown>");
}

// Last in the file: the tests above have noted what they ran.
TEST(Evaluator, ZEveryOpcodeHasATest) {
  if (Covered().size() < 10) GTEST_SKIP() << "skipped: the other tests were filtered out";
  for (std::uint16_t op = 0; op < kOpcodeCount; ++op) {
    EXPECT_TRUE(Covered().contains(static_cast<Opcode>(op))) << kOpcodeInfo[op].name << " has no test";
  }
}

}  // namespace
}  // namespace writ
