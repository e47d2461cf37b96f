// The evaluator: one loop over the instructions of an expression's code. The common case of every
// operation is here; the others are in rules/function, or in the cold members of Impl.
//
// Budget: code is charged its length when it is entered (careful code when it is) and a loop its
// body at each turn, so every instruction that runs has been paid for; operations whose cost grows
// with a size charge that themselves. When the budget is spent (or the arena is full) steps_left is
// 0 and the evaluation ends at the next charge.
#include "engine/eval/evaluator.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "rules/function/builders.h"
#include "rules/function/call.h"
#include "rules/function/optional/optional.h"
#include "rules/function/regex.h"
#include "rules/function/standard/operators.h"
#include "rules/model/map_lookup.h"

namespace writ {
namespace {

// Longest strings that are compared without being charged for.
constexpr std::uint32_t kFreeCompareBytes = 256;

// What is remembered of the reads of shared values within one Run; explaining a loop that reads more is cut short.
constexpr std::size_t kMaxReadLog = 10'000;

inline Value FastAdd(const Value& a, const Value& b, FunctionContext& context) {
  std::int64_t sum = 0;
  if (a.is(Kind::kInt) && b.is(Kind::kInt) && !__builtin_add_overflow(a.integer, b.integer, &sum)) [[likely]]
    return Value::Int(sum);
  return AddValues(a, b, context);
}

inline Value FastSubtract(const Value& a, const Value& b, FunctionContext& context) {
  std::int64_t difference = 0;
  if (a.is(Kind::kInt) && b.is(Kind::kInt) && !__builtin_sub_overflow(a.integer, b.integer, &difference)) [[likely]]
    return Value::Int(difference);
  return SubtractValues(a, b, context);
}

inline Value FastMultiply(const Value& a, const Value& b, FunctionContext& context) {
  std::int64_t product = 0;
  if (a.is(Kind::kInt) && b.is(Kind::kInt) && !__builtin_mul_overflow(a.integer, b.integer, &product)) [[likely]]
    return Value::Int(product);
  return MultiplyValues(a, b, context);
}

inline Value FastAnd(const Value& a, const Value& b) {
  if (a.is(Kind::kBool) && b.is(Kind::kBool)) [[likely]]
    return Value::Bool(a.boolean && b.boolean);
  return AndValues(a, b);
}

inline Value FastOr(const Value& a, const Value& b) {
  if (a.is(Kind::kBool) && b.is(Kind::kBool)) [[likely]]
    return Value::Bool(a.boolean || b.boolean);
  return OrValues(a, b);
}

enum class Fast : std::uint8_t { kFalse, kTrue, kAsk };

inline Fast AnswerOf(bool equal) { return equal ? Fast::kTrue : Fast::kFalse; }

// Equality of two values of one common kind, and of null with anything; kAsk for everything else.
inline Fast FastEqual(const Value& a, const Value& b) {
  if (a.kind != b.kind) [[unlikely]] {
    const bool is_null = a.kind == Kind::kNull || b.kind == Kind::kNull;  // equal to nothing else
    return is_null && !a.is_fault() && !b.is_fault() ? Fast::kFalse : Fast::kAsk;
  }
  if (a.kind == Kind::kString || a.kind == Kind::kType) {
    if (a.size != b.size) return Fast::kFalse;
    if (a.size > kFreeCompareBytes) return Fast::kAsk;
    return AnswerOf(a.size == 0 || std::memcmp(a.text, b.text, a.size) == 0);
  }
  if (a.kind == Kind::kInt) return AnswerOf(a.integer == b.integer);
  if (a.kind == Kind::kBool) return AnswerOf(a.boolean == b.boolean);
  if (a.kind == Kind::kDouble) return AnswerOf(a.real == b.real);
  return a.kind == Kind::kNull ? Fast::kTrue : Fast::kAsk;
}

inline Value Equal(const Value& a, const Value& b, FunctionContext& context) {
  const Fast answer = FastEqual(a, b);
  return answer != Fast::kAsk ? Value::Bool(answer == Fast::kTrue) : EqualValues(a, b, context);
}

inline Value NotEqual(const Value& a, const Value& b, FunctionContext& context) {
  const Fast answer = FastEqual(a, b);
  return answer != Fast::kAsk ? Value::Bool(answer == Fast::kFalse) : NotEqualValues(a, b, context);
}

// ---- quick code: what tests find, and where it leads -------------------------------------------

inline Fast AnswerOf(const Value& value) { return value.is(Kind::kBool) ? AnswerOf(value.boolean) : Fast::kAsk; }

inline Fast EqualAnswer(const Value& a, const Value& b, FunctionContext& context) {
  const Fast answer = FastEqual(a, b);
  return answer != Fast::kAsk ? answer : AnswerOf(EqualValues(a, b, context));
}

inline Fast KindAnswer(const Value& a, Kind kind) { return a.is_fault() ? Fast::kAsk : AnswerOf(a.is(kind)); }

// What follows a test: the jump when it found what it looks for, careful code when it has no
// answer.
inline const Instruction* NextOf(const Code& code, const Instruction* next, const Instruction& test, Fast answer) {
  if (answer == Fast::kAsk) [[unlikely]]
    return code.instructions + code.careful;
  const auto looked_for = static_cast<Fast>(test.dst & 1U);
  return answer == looked_for ? code.instructions + test.c : next;
}

template <typename Compare>
inline Value FastOrder(Function function, const Value& a, const Value& b, FunctionContext& context, Compare compare) {
  if (a.is(Kind::kInt) && b.is(Kind::kInt)) return Value::Bool(compare(a.integer, b.integer));
  if (a.is(Kind::kDouble) && b.is(Kind::kDouble)) return Value::Bool(compare(a.real, b.real));
  return OrderValues(function, a, b, context);
}

inline Value FastSelect(const Value& a, const Value& key, FunctionContext& context) {
  if (a.is(Kind::kMap) && a.map != nullptr) [[likely]] {
    const Value* found = FindMember(*a.map, key);
    if (found != nullptr) return *found;
  }
  return SelectMember(a, key.string(), context);
}

inline Value FastSelectOr(const Value& a, const Value& key, const Value& otherwise, FunctionContext& context) {
  if (a.is(Kind::kMap) && a.map != nullptr) [[likely]] {
    const Value* found = FindMember(*a.map, key);
    return found != nullptr ? *found : otherwise;
  }
  return SelectOr(a, key.string(), otherwise, context);
}

inline Fast PresentAnswer(const Value& a, const Value& key, FunctionContext& context) {
  if (a.is(Kind::kMap) && a.map != nullptr) [[likely]] {
    const Value* found = FindMember(*a.map, key);
    if (found == nullptr) return Fast::kFalse;
    return found->is_fault() ? Fast::kAsk : AnswerOf(!found->is(Kind::kNull));
  }
  const Value value = SelectOr(a, key.string(), Value::Null(), context);
  return value.is_fault() ? Fast::kAsk : AnswerOf(!value.is(Kind::kNull));
}

inline bool CanIterate(const Value& range) { return range.is(Kind::kList) || (range.is(Kind::kMap) && range.map != nullptr); }

// Moves a cursor (the range, the position) on. With `second`: `first` = index or key, `second` = item or value; without it
// `first` = item or key. Either may be nullptr. False at the end.
inline bool NextItem(Value* cursor, Value* first, Value* second) {
  const Value& range = cursor[0];
  const std::int64_t position = cursor[1].integer;
  if (range.is(Kind::kList)) {
    if (position >= range.size) return false;
    const Value item = range.items[position];
    if (first != nullptr) *first = second != nullptr ? Value::Int(position) : item;
    if (second != nullptr) *second = item;
  } else {
    if (position >= range.map->size) return false;
    const MapEntry& entry = range.map->entries[position];
    if (first != nullptr) *first = entry.key;
    if (second != nullptr) *second = entry.value;
  }
  cursor[1].integer = position + 1;
  return true;
}

// exists_one: counts in `count` how often `test` is true.
inline void CountTrue(Value& count, const Value& test) {
  if (count.is(Kind::kInt) && test.is(Kind::kBool)) {
    count.integer += test.boolean ? 1 : 0;
  } else if (!test.is(Kind::kBool)) {
    if (!count.is_fault()) count = BoolFault(test);
  }
}

[[gnu::cold]] void FailFilter(Value& list, const Value& test) {
  if (!list.is_fault()) list = BoolFault(test);
}

// What a.or(…), a.orValue(…) and optMap say of something that is no optional.
[[gnu::cold]] Value NotOptional(const Value& a, std::string_view operation) {
  return a.is_fault() ? a : Value::Error(ValueError::kNoMatchingOverload, operation);
}

}  // namespace

struct Evaluator::Impl {
  explicit Impl(const EvalLimits& eval_limits) : limits(eval_limits), temporaries(eval_limits.max_arena_bytes) {}

  Value RunCode(const Code& code, Value* registers);
  Value LoadShared(const SharedValue& shared, Value* free_registers);
  [[gnu::noinline]] Value ComputeShared(const SharedValue& shared, Value* free_registers);
  [[gnu::cold]] Value ComputeObserved(const SharedValue& shared, Value* free_registers);
  void MakeRoom(const Code& code) {
    if (registers.size() < code.stack_need || shared_values.size() < code.shared_end) [[unlikely]]
      Grow(code);
  }
  [[gnu::noinline]] void Grow(const Code& code);

  [[gnu::noinline]] Value LoadSlotSlowly(std::uint32_t slot);
  [[gnu::noinline]] Value HasSlot(std::uint32_t slot);
  [[gnu::noinline]] Value OptionalSlot(std::uint32_t slot, std::uint16_t plain_steps);
  std::uint32_t FirstMissing(std::uint32_t slot) const;
  bool HasMembers(SlotId slot) const;
  [[gnu::cold]] Value MissingError(std::uint32_t first_missing);
  std::uint32_t StepsFromRoot(std::uint32_t slot) const;

  Value InConstant(const Value& item, const ConstantRange& range);
  Value MatchesRegex(const Value& text, const CompiledRegex& compiled);
  bool BeginIteration(const Value& range, Value* cursor, Value& fault);

  [[gnu::cold]] void Observe(std::uint32_t slot);
  [[gnu::cold]] void ReplayReads(std::uint32_t shared);
  [[gnu::cold]] void KeepReads(std::uint32_t shared, std::size_t mark);

  EvalLimits limits;
  Arena temporaries;
  std::uint64_t steps_left = 0;
  FunctionContext context{temporaries, steps_left};

  const Program* program = nullptr;
  const CodeCache* cache = nullptr;
  const Value* slots = nullptr;

  // Both are of one generation, or out of date.
  struct Computed {
    std::uint64_t generation = 0;
    Value value;
  };
  struct Reads {
    std::uint64_t generation = 0;
    std::vector<SlotId> slots;
  };

  std::vector<Value> registers;         // a stack of frames; as large as the code that ran so far needed
  std::vector<Computed> shared_values;  // by number
  std::uint64_t generation = 0;

  ReadObserver* observer = nullptr;
  std::vector<SlotId> read_log;     // what the current Run read so far, when observed
  std::vector<Reads> shared_reads;  // by number: what computing it read, when observed
};

std::uint32_t Evaluator::Impl::FirstMissing(std::uint32_t slot) const {
  const std::span<const Slot> all = program->slots;
  while (all[slot].parent.valid() && slots[all[slot].parent.index].is(Kind::kAbsent)) slot = all[slot].parent.index;
  return slot;
}

// May the slot's value have members that stand in slots of their own?
bool Evaluator::Impl::HasMembers(SlotId slot) const {
  return slot.valid() && (slots[slot.index].is(Kind::kMap) || slots[slot.index].is_partly_unknown());
}

Value Evaluator::Impl::MissingError(std::uint32_t first_missing) {
  const Slot& slot = program->slots[first_missing];
  const std::string_view key = (*program)[slot.key];
  if (!slot.parent.valid()) return Value::Error(ValueError::kUnboundVariable, key);
  if (HasMembers(slot.parent)) return Value::Error(ValueError::kNoSuchKey, key);
  const Value& parent = slots[slot.parent.index];
  return parent.is_fault() ? parent : NoMembers(parent, key, context);
}

std::uint32_t Evaluator::Impl::StepsFromRoot(std::uint32_t slot) const {
  std::uint32_t steps = 0;
  for (; program->slots[slot].parent.valid(); slot = program->slots[slot].parent.index) ++steps;
  return steps;
}

Value Evaluator::Impl::LoadSlotSlowly(std::uint32_t slot) {
  if (observer != nullptr) Observe(slot);
  const Value& value = slots[slot];
  if (value.is(Kind::kAbsent)) return MissingError(FirstMissing(slot));
  // Members that were not read must not be mistaken for members that are not there.
  if (value.is(Kind::kMap) && value.map == nullptr)
    return MakeError(ValueError::kInvalidArgument, SlotPath(*program, SlotId(slot)) + " was not read", context);
  return value;
}

Value Evaluator::Impl::HasSlot(std::uint32_t slot) {
  if (observer != nullptr) Observe(slot);
  const Value& value = slots[slot];
  if (!value.is(Kind::kAbsent)) return value.is_fault() ? value : Value::Bool(true);
  const std::uint32_t missing = FirstMissing(slot);
  const bool only_last_is_missing = missing == slot && HasMembers(program->slots[missing].parent);
  return only_last_is_missing ? Value::Bool(false) : MissingError(missing);
}

Value Evaluator::Impl::OptionalSlot(std::uint32_t slot, std::uint16_t plain_steps) {
  if (observer != nullptr) Observe(slot);
  if (!slots[slot].is(Kind::kAbsent)) {
    const Value value = LoadSlotSlowly(slot);
    return value.is_fault() ? value : MakeOptional(value, context);
  }
  const std::uint32_t missing = FirstMissing(slot);
  const bool may_be_missing = HasMembers(program->slots[missing].parent) && StepsFromRoot(missing) > plain_steps;
  return may_be_missing ? Value::Optional(nullptr) : MissingError(missing);
}

// NOLINTNEXTLINE(misc-no-recursion): see ComputeShared
inline Value Evaluator::Impl::LoadShared(const SharedValue& shared, Value* free_registers) {
  const Computed& known = shared_values[shared.number];
  if (known.generation == generation && observer == nullptr) [[likely]]
    return known.value;
  return ComputeShared(shared, free_registers);
}

// NOLINTNEXTLINE(misc-no-recursion): at most BundleLimits::max_shared_depth levels
Value Evaluator::Impl::ComputeShared(const SharedValue& shared, Value* free_registers) {
  if (observer != nullptr) [[unlikely]]
    return ComputeObserved(shared, free_registers);
  const Value value = RunCode(*shared.code, free_registers);
  shared_values[shared.number] = {generation, value};
  return value;
}

// NOLINTNEXTLINE(misc-no-recursion): see ComputeShared
Value Evaluator::Impl::ComputeObserved(const SharedValue& shared, Value* free_registers) {
  Computed& known = shared_values[shared.number];
  if (known.generation == generation) {
    ReplayReads(shared.number);
    return known.value;
  }
  const std::size_t mark = read_log.size();
  known.value = RunCode(*shared.code, free_registers);
  known.generation = generation;
  KeepReads(shared.number, mark);
  return known.value;
}

void Evaluator::Impl::Observe(std::uint32_t slot) {
  const Value* value = &slots[slot];
  // Below an unknown value everything is unknown.
  const SlotId above = value->is(Kind::kAbsent) ? program->slots[FirstMissing(slot)].parent : SlotId();
  if (above.valid() && slots[above.index].is(Kind::kUnknown) && !HasMembers(above)) value = &slots[above.index];
  observer->OnRead(SlotId(slot), *value);
  if (read_log.size() < kMaxReadLog) read_log.emplace_back(slot);
}

void Evaluator::Impl::ReplayReads(std::uint32_t shared) {
  if (shared_reads[shared].generation != generation) return;
  for (const SlotId slot : shared_reads[shared].slots) Observe(slot.index);
}

// Keeps each slot once, in the order of first reading: a value that is shared many times must not
// multiply what it read.
void Evaluator::Impl::KeepReads(std::uint32_t shared, std::size_t mark) {
  shared_reads[shared].generation = generation;
  std::vector<SlotId>& reads = shared_reads[shared].slots;
  reads.clear();
  for (std::size_t i = mark; i < read_log.size(); ++i) {
    if (std::find(reads.begin(), reads.end(), read_log[i]) == reads.end()) reads.push_back(read_log[i]);
  }
}

Value Evaluator::Impl::InConstant(const Value& item, const ConstantRange& range) {
  const bool is_key = item.is(Kind::kString) || item.is(Kind::kInt) || item.is(Kind::kUint) || item.is(Kind::kBool);
  if (range.keys == nullptr || !is_key) return InValues(item, range.value, context);
  if (item.is(Kind::kString) && item.size > kFreeCompareBytes && !Charge(context, ScanSteps(item.size))) return OutOfBudget(context);
  return Value::Bool(FindInMap(*range.keys, item) != nullptr);
}

Value Evaluator::Impl::MatchesRegex(const Value& text, const CompiledRegex& compiled) {
  if (!text.is(Kind::kString)) return text.is_fault() ? text : NoOverload(Function::kMatches, text, Value::String(""));
  if (compiled.filter != nullptr && text.size <= kMaxMatchedBytes) {
    if (!Charge(context, kCallSteps + ScanSteps(text.size))) return OutOfBudget(context);
    if (!compiled.filter->MayMatch(text.string())) return Value::Bool(false);
  }
  return MatchRegex(*compiled.regex, compiled.program_size, text, context);
}

bool Evaluator::Impl::BeginIteration(const Value& range, Value* cursor, Value& fault) {
  if (CanIterate(range)) [[likely]] {
    const Value copy = range;  // `range` may be one of the registers that are written
    cursor[0] = copy;
    cursor[1] = Value::Int(0);
    return true;
  }
  fault = range.is_fault()
              ? range
              : MakeError(ValueError::kNoMatchingOverload, std::string("iteration over ").append(TypeName(range.kind)), context);
  return false;
}

// Over 100 lines: the opcode switch, a case an instruction.
// SAFETY: code comes from engine/emit alone, which keeps to the rules of opcode_list.h; what it
// reads from outside, the nodes, VerifyProgram has proven.
// NOLINTNEXTLINE(misc-no-recursion,readability-function-size,readability-function-cognitive-complexity): see ComputeShared
Value Evaluator::Impl::RunCode(const Code& code, Value* r) {
  if (!Charge(context, code.quick_size)) return OutOfBudget(context);
  const Instruction* const begin = code.instructions;
  const Value* const constants = code.constants;
  const Instruction* pc = begin;
  for (;;) {
    const Instruction& in = *pc++;
    if (static_cast<std::uint16_t>(in.op) >= kOpcodeCount) __builtin_unreachable();  // so that the switch does not look
    switch (in.op) {
      case Opcode::kLoadConstant: r[in.dst] = constants[in.c]; break;
      case Opcode::kLoadSlot: {
        const Value& value = slots[in.c];
        const bool is_plain = value.kind != Kind::kAbsent && value.kind != Kind::kMap && observer == nullptr;
        r[in.dst] = is_plain ? value : LoadSlotSlowly(in.c);
        break;
      }
      case Opcode::kHasSlot: r[in.dst] = HasSlot(in.c); break;
      case Opcode::kOptionalSlot: r[in.dst] = OptionalSlot(in.c, in.a); break;
      case Opcode::kLoadShared: r[in.dst] = LoadShared(code.shared[in.c], r + code.register_count); break;
      case Opcode::kMove: r[in.dst] = r[in.a]; break;
      case Opcode::kSelect: r[in.dst] = FastSelect(r[in.a], constants[in.c], context); break;
      case Opcode::kHasMember: r[in.dst] = HasMember(r[in.a], constants[in.c].string(), context); break;
      case Opcode::kOptionalSelect: r[in.dst] = OptionalSelectMember(r[in.a], constants[in.c].string(), context); break;
      case Opcode::kSelectOr: r[in.dst] = FastSelectOr(r[in.a], constants[in.c], constants[in.c + 1], context); break;
      case Opcode::kSelectNonZeroOr: {
        const Value value = FastSelectOr(r[in.a], constants[in.c], constants[in.c + 1], context);
        r[in.dst] = IsZeroValue(value) ? constants[in.c + 1] : value;
        break;
      }
      case Opcode::kNonZeroOr: r[in.dst] = IsZeroValue(r[in.a]) ? constants[in.c] : r[in.a]; break;
      case Opcode::kIndex: r[in.dst] = IndexValue(r[in.a], r[in.b], context); break;
      case Opcode::kOptionalIndex: r[in.dst] = OptionalIndexValue(r[in.a], r[in.b], context); break;
      case Opcode::kAdd: r[in.dst] = FastAdd(r[in.a], r[in.b], context); break;
      case Opcode::kAddAll: r[in.dst] = AddAll({r + in.a, in.b}, context); break;
      case Opcode::kSubtract: r[in.dst] = FastSubtract(r[in.a], r[in.b], context); break;
      case Opcode::kMultiply: r[in.dst] = FastMultiply(r[in.a], r[in.b], context); break;
      case Opcode::kDivide: r[in.dst] = DivideValues(r[in.a], r[in.b], context); break;
      case Opcode::kModulo: r[in.dst] = ModuloValues(r[in.a], r[in.b], context); break;
      case Opcode::kNegate: r[in.dst] = NegateValue(r[in.a]); break;
      case Opcode::kNot: r[in.dst] = NotValue(r[in.a]); break;
      case Opcode::kEqual: r[in.dst] = Equal(r[in.a], r[in.b], context); break;
      case Opcode::kNotEqual: r[in.dst] = NotEqual(r[in.a], r[in.b], context); break;
      case Opcode::kLess: r[in.dst] = FastOrder(Function::kLess, r[in.a], r[in.b], context, std::less<>()); break;
      case Opcode::kLessOrEqual: r[in.dst] = FastOrder(Function::kLessOrEqual, r[in.a], r[in.b], context, std::less_equal<>()); break;
      case Opcode::kGreater: r[in.dst] = FastOrder(Function::kGreater, r[in.a], r[in.b], context, std::greater<>()); break;
      case Opcode::kGreaterOrEqual:
        r[in.dst] = FastOrder(Function::kGreaterOrEqual, r[in.a], r[in.b], context, std::greater_equal<>());
        break;
      case Opcode::kIn: r[in.dst] = InValues(r[in.a], r[in.b], context); break;
      case Opcode::kEqualConstant: r[in.dst] = Equal(r[in.a], constants[in.c], context); break;
      case Opcode::kNotEqualConstant: r[in.dst] = NotEqual(r[in.a], constants[in.c], context); break;
      case Opcode::kHasKind: r[in.dst] = r[in.a].is_fault() ? r[in.a] : Value::Bool(r[in.a].kind == static_cast<Kind>(in.c)); break;
      case Opcode::kInConstant: r[in.dst] = InConstant(r[in.a], code.ranges[in.c]); break;
      case Opcode::kConstantIn: r[in.dst] = InValues(constants[in.c], r[in.a], context); break;
      case Opcode::kMatchesRegex: r[in.dst] = MatchesRegex(r[in.a], *code.regexes[in.c]); break;
      case Opcode::kAnd: r[in.dst] = FastAnd(r[in.a], r[in.b]); break;
      case Opcode::kOr: r[in.dst] = FastOr(r[in.a], r[in.b]); break;
      case Opcode::kForgetOutcomes:
        if (r[in.dst].is(Kind::kUnknown)) r[in.dst] = Value::Unknown();
        break;
      case Opcode::kJump: pc = begin + in.c; break;
      case Opcode::kJumpIfTrue:
        if (r[in.a].is_true()) pc = begin + in.c;
        break;
      case Opcode::kJumpIfFalse:
        if (r[in.a].is_false()) pc = begin + in.c;
        break;
      case Opcode::kJumpUnlessBool:
        if (!r[in.a].is(Kind::kBool)) [[unlikely]] {
          r[in.dst] = BoolFault(r[in.a]);
          pc = begin + in.c;
        }
        break;
      case Opcode::kOptionalOr:
        if (r[in.a].is(Kind::kOptional) && r[in.a].inner == nullptr) break;
        r[in.dst] = r[in.a].is(Kind::kOptional) ? r[in.a] : NotOptional(r[in.a], "or");
        pc = begin + in.c;
        break;
      case Opcode::kOptionalOrValue:
        if (r[in.a].is(Kind::kOptional) && r[in.a].inner == nullptr) break;
        r[in.dst] = r[in.a].is(Kind::kOptional) ? *r[in.a].inner : NotOptional(r[in.a], "orValue");
        pc = begin + in.c;
        break;
      case Opcode::kOptionalUnwrap:
        if (r[in.a].is(Kind::kOptional) && r[in.a].inner != nullptr) {
          r[in.b] = *r[in.a].inner;
        } else {
          r[in.dst] = r[in.a].is(Kind::kOptional) ? r[in.a] : NotOptional(r[in.a], "optMap");
          pc = begin + in.c;
        }
        break;
      case Opcode::kCheckOptional: r[in.dst] = r[in.a].is(Kind::kOptional) ? r[in.a] : NotOptional(r[in.a], "or"); break;
      case Opcode::kCall: r[in.dst] = CallFunction(static_cast<Function>(in.c), {r + in.a, in.b}, context); break;
      case Opcode::kNewList: r[in.dst] = NewListBuilder(in.c, context); break;
      case Opcode::kAppend: Append(r[in.dst], r[in.a], context); break;
      case Opcode::kAppendOptional: AppendOptional(r[in.dst], r[in.a], context); break;
      case Opcode::kNewMap: r[in.dst] = NewMapBuilder(in.c, context); break;
      case Opcode::kPut: Put(r[in.dst], r[in.a], r[in.b], context); break;
      case Opcode::kPutOptional: PutOptional(r[in.dst], r[in.a], r[in.b], context); break;
      case Opcode::kIterateBegin:
        if (!BeginIteration(r[in.a], r + in.dst, r[in.b])) pc = begin + in.c;
        break;
      case Opcode::kIterateNext:
        if (!NextItem(r + in.a, in.dst == kNoRegister ? nullptr : r + in.dst, in.b == kNoRegister ? nullptr : r + in.b)) pc = begin + in.c;
        break;
      case Opcode::kFoldAnd:
        r[in.dst] = FastAnd(r[in.dst], r[in.a]);
        if (r[in.dst].is_false()) pc = begin + in.c;
        break;
      case Opcode::kFoldOr:
        r[in.dst] = FastOr(r[in.dst], r[in.a]);
        if (r[in.dst].is_true()) pc = begin + in.c;
        break;
      case Opcode::kCountTrue: CountTrue(r[in.dst], r[in.a]); break;
      case Opcode::kFilterTest:
        if (r[in.a].is_true()) break;
        if (!r[in.a].is_false()) FailFilter(r[in.dst], r[in.a]);
        pc = begin + in.c;
        break;
      case Opcode::kLoop: {
        const Instruction* target = begin + in.c;
        if (!Charge(context, static_cast<std::uint64_t>(pc - target))) return OutOfBudget(context);
        pc = target;
        break;
      }
      case Opcode::kTestTrue: pc = NextOf(code, pc, in, AnswerOf(r[in.a])); break;
      case Opcode::kTestShared: pc = NextOf(code, pc, in, AnswerOf(LoadShared(code.shared[in.b], r + code.register_count))); break;
      case Opcode::kTestKind: pc = NextOf(code, pc, in, KindAnswer(r[in.a], static_cast<Kind>(in.b))); break;
      case Opcode::kTestMemberKind:
        pc = NextOf(code, pc, in, KindAnswer(FastSelect(r[in.a], constants[in.b], context), static_cast<Kind>(in.dst >> 1U)));
        break;
      case Opcode::kTestPresent: pc = NextOf(code, pc, in, PresentAnswer(r[in.a], constants[in.b], context)); break;
      case Opcode::kTestEqual: pc = NextOf(code, pc, in, EqualAnswer(r[in.a], constants[in.b], context)); break;
      case Opcode::kTestIn: pc = NextOf(code, pc, in, AnswerOf(InConstant(r[in.a], code.ranges[in.b]))); break;
      case Opcode::kTestMatches: pc = NextOf(code, pc, in, AnswerOf(MatchesRegex(r[in.a], *code.regexes[in.b]))); break;
      case Opcode::kIterateFirst: {
        Value* const cursor = r + in.dst;
        if (!CanIterate(r[in.a])) [[unlikely]] {
          pc = begin + code.careful;
          break;
        }
        cursor[0] = r[in.a];
        cursor[1] = Value::Int(0);
        if (!NextItem(cursor, cursor + 2, nullptr)) pc = begin + in.c;
        break;
      }
      case Opcode::kIterateAgain: {
        const Instruction* target = begin + in.c;
        if (!Charge(context, static_cast<std::uint64_t>(pc - target))) return OutOfBudget(context);
        if (NextItem(r + in.a, r + in.a + 2, nullptr)) pc = target;
        break;
      }
      case Opcode::kCareful:
        if (!Charge(context, in.c)) return OutOfBudget(context);
        break;
      case Opcode::kReturnBool: return Value::Bool(in.c != 0);
      case Opcode::kReturn: return r[in.a];
    }
  }
}

Evaluator::Evaluator(const EvalLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

void Evaluator::Begin(const RuntimeProgram& program, std::span<const Value> slots, const Deadline& deadline) {
  Impl& impl = *impl_;
  impl.program = &program.program();
  impl.cache = &program.code();
  impl.slots = slots.data();
  impl.temporaries.Reset();
  impl.context.deadline = deadline;
  impl.context.is_late = deadline.has_passed();
  const std::uint64_t steps = impl.context.is_late ? 0 : impl.limits.max_steps;
  impl.steps_left = std::min(steps, kStepsPerSlice);
  impl.context.reserve = steps - impl.steps_left;
  ++impl.generation;
}

void Evaluator::ForgetShared() { ++impl_->generation; }

void Evaluator::UseSlots(std::span<const Value> slots) {
  impl_->slots = slots.data();
  ForgetShared();
}

std::span<const Value> Evaluator::slots() const { return {impl_->slots, impl_->program->slots.size()}; }

void Evaluator::Impl::Grow(const Code& code) {
  if (registers.size() < code.stack_need) registers.resize(code.stack_need);
  if (shared_values.size() >= code.shared_end) return;
  shared_values.resize(code.shared_end);
  shared_reads.resize(code.shared_end);
}

Value Evaluator::Run(NodeId node, ReadObserver* observer) { return Run(impl_->cache->Of(node), observer); }

Value Evaluator::Run(const Code& code, ReadObserver* observer) {
  Impl& impl = *impl_;
  if (impl.steps_left == 0) [[unlikely]]
    return OutOfBudget(impl.context);
  impl.observer = observer;
  impl.read_log.clear();
  impl.MakeRoom(code);
  if (!code.is_shared) return impl.RunCode(code, impl.registers.data());
  return Charge(impl.context, code.quick_size) ? impl.LoadShared(code.shared[0], impl.registers.data()) : OutOfBudget(impl.context);
}

Value Evaluator::Run(NodeId node, std::span<const Value> variables) {
  Impl& impl = *impl_;
  const Code& code = impl.cache->Of(node, static_cast<std::uint32_t>(variables.size()));
  impl.MakeRoom(code);
  const std::size_t given = std::min<std::size_t>(variables.size(), code.variable_count);
  std::copy_n(variables.begin(), given, impl.registers.begin());
  return Run(code);
}

bool Evaluator::Spend(std::uint64_t steps) { return Charge(impl_->context, steps); }

std::uint64_t Evaluator::steps_left() const { return impl_->steps_left + impl_->context.reserve; }

bool Evaluator::exhausted() const { return impl_->steps_left == 0; }

bool Evaluator::is_late() const { return impl_->context.is_late; }

void Evaluator::Trim() { impl_->temporaries.Trim(kKeptArenaBytes); }

Arena& Evaluator::arena() { return impl_->temporaries; }

}  // namespace writ
