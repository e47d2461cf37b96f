// Building a RuntimeProgram: done once a bundle, so nothing here is in a hurry.
#include "engine/eval/runtime_program.h"

#include <algorithm>

#include "rules/function/regex.h"

namespace writ {
namespace {

// Aggregates of all constants together are no larger than the program that spells them; the bundle's size bounds that.
constexpr std::size_t kArenaBytes = std::size_t{1} << 40U;

// What all regexes together may take, as long as each has its least; large ones take more.
constexpr std::int64_t kRegexesMaxMemory = std::int64_t{128} * 1024 * 1024;
constexpr std::int64_t kLeastRegexMemory = std::int64_t{256} * 1024;

Value MakeScalar(const Constant& constant) {
  switch (constant.kind) {
    case Constant::Kind::kNull: return Value::Null();
    case Constant::Kind::kBool: return Value::Bool(constant.integer != 0);
    case Constant::Kind::kInt: return Value::Int(constant.integer);
    case Constant::Kind::kUint: return Value::Uint(static_cast<std::uint64_t>(constant.integer));
    case Constant::Kind::kDouble: return Value::Double(constant.real);
    case Constant::Kind::kString: return Value::String(constant.text);
    case Constant::Kind::kBytes: return Value::Bytes(constant.text);
    case Constant::Kind::kTimestamp: return Value::Timestamp(constant.integer, constant.nanos);
    case Constant::Kind::kDuration: return Value::Duration(constant.integer);
    case Constant::Kind::kType: return Value::Type(constant.text);
    case Constant::Kind::kError: return Value::Error(static_cast<ValueError>(constant.code), constant.text);
    case Constant::Kind::kList:
    case Constant::Kind::kMap: break;
  }
  return Value::Null();
}

bool IsSetKey(const Value& value) {
  return value.is(Kind::kString) || value.is(Kind::kInt) || value.is(Kind::kUint) || value.is(Kind::kBool);
}

Value MakeList(const Constant& constant, const std::vector<Value>& earlier, Arena& arena) {
  const auto size = static_cast<std::uint32_t>(constant.items.size());
  Value* items = arena.AllocateArray<Value>(size + std::size_t{1});
  for (std::uint32_t i = 0; i < size; ++i) items[i] = earlier[constant.items[i].index];
  return Value::List(items, size);
}

Value MakeConstantMap(const Constant& constant, const std::vector<Value>& earlier, Arena& arena) {
  const auto size = static_cast<std::uint32_t>(constant.items.size() / 2);
  MapEntry* entries = arena.AllocateArray<MapEntry>(size + std::size_t{1});
  for (std::uint32_t i = 0; i < size; ++i) {
    entries[i] = {earlier[constant.items[2 * i].index], earlier[constant.items[2 * i + 1].index]};
    if (!entries[i].key.is_fault() && !IsSetKey(entries[i].key))
      return Value::Error(ValueError::kBadKeyType, TypeName(entries[i].key.kind));
  }
  const MapData* map = MakeMap(arena, entries, size);
  if (FindDuplicateKey(*map) != nullptr) return Value::Error(ValueError::kDuplicateKey, "a constant");
  return Value::Map(map);
}

// A fault inside an aggregate makes it that fault.
Value MakeAggregate(const Constant& constant, const std::vector<Value>& earlier, Arena& arena) {
  for (const ConstantId item : constant.items) {
    if (earlier[item.index].is_fault()) return earlier[item.index];
  }
  return constant.kind == Constant::Kind::kList ? MakeList(constant, earlier, arena) : MakeConstantMap(constant, earlier, arena);
}

}  // namespace

RuntimeProgram::Impl::Impl(const Program& program) : arena(kArenaBytes) {
  BuildConstants(program);
  BuildSets(program);
  CompileRegexes(program);
  MeasureStacks(program);
}

void RuntimeProgram::Impl::BuildConstants(const Program& program) {
  constants.reserve(program.constants.size());
  for (const Constant& constant : program.constants) {
    const bool is_aggregate = constant.kind == Constant::Kind::kList || constant.kind == Constant::Kind::kMap;
    constants.push_back(is_aggregate ? MakeAggregate(constant, constants, arena) : MakeScalar(constant));
  }
}

// Sets are built for the lists that InConstant looks into, and only when all items are keys that maps compare exactly as
// equality does. (A double is not: it equals ints that are not its own value beyond 2^53.)
void RuntimeProgram::Impl::BuildSets(const Program& program) {
  constant_sets.assign(constants.size(), nullptr);
  for (const Instruction& instruction : program.code) {
    if (instruction.op != Opcode::kInConstant || constant_sets[instruction.c] != nullptr) continue;
    const Value& list = constants[instruction.c];
    if (!list.is(Kind::kList) || !std::all_of(list.items, list.items + list.size, IsSetKey)) continue;
    MapEntry* entries = arena.AllocateArray<MapEntry>(list.size + std::size_t{1});
    for (std::uint32_t i = 0; i < list.size; ++i) entries[i] = {list.items[i], Value::Bool(true)};
    constant_sets[instruction.c] = MakeMap(arena, entries, list.size);  // an item that stands twice does no harm
  }
}

void RuntimeProgram::Impl::CompileRegexes(const Program& program) {
  regexes.reserve(program.regexes.size());
  // RE2 fills what it may take with the states that texts make it build, and texts come with requests.
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(program.regexes.size(), 1));
  const std::int64_t share = std::clamp(kRegexesMaxMemory / count, kLeastRegexMemory, kRegexMaxMemory);
  for (const std::string& pattern : program.regexes) {
    auto regex = std::make_unique<RE2>(pattern, RegexOptions(share));
    if (!regex->ok()) regex = std::make_unique<RE2>(pattern, RegexOptions());  // a large one
    const std::uint32_t size = regex->ok() ? RegexProgramSize(*regex) : 0;
    regexes.push_back({std::move(regex), size});
  }
}

// A block stands on the stack together with the cells that it is evaluating. Cells load only smaller cells, so one pass in
// the order of cells settles them all.
void RuntimeProgram::Impl::MeasureStacks(const Program& program) {
  stack_needs.assign(program.blocks.size(), 0);
  const auto measure = [&](std::size_t block_index) {
    const Block& block = program.blocks[block_index];
    std::uint32_t deepest = 0;
    for (std::uint32_t at = block.begin; at < block.end; ++at) {
      const Instruction& instruction = program.code[at];
      if (instruction.op == Opcode::kLoadCell) deepest = std::max(deepest, stack_needs[program.cells[instruction.c].block.index]);
    }
    stack_needs[block_index] = block.register_count + deepest;
    max_stack_need = std::max(max_stack_need, stack_needs[block_index]);
  };
  for (const Cell& cell : program.cells) measure(cell.block.index);
  for (std::size_t block = 0; block < program.blocks.size(); ++block) measure(block);
}

RuntimeProgram::RuntimeProgram(VerifiedProgram program) : program_(std::move(program)), impl_(std::make_unique<Impl>(program_.program())) {}

RuntimeProgram::~RuntimeProgram() = default;

}  // namespace writ
