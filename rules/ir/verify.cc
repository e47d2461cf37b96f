// The verifier's front: the pools as a whole, and what every field of every record names.
#include "rules/ir/verify.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "rules/base/utf8.h"
#include "rules/ir/enums.h"
#include "rules/ir/fields.h"
#include "rules/ir/verify_parts.h"

namespace writ {
namespace verify {
namespace {

// Ids are 32 bits; the index keeps one bit of a rule's for itself.
constexpr std::size_t kMaxItems = std::size_t{1} << 31U;

template <typename Record>
std::size_t SizeOf(const Program& program) {
  return program.pool(std::type_identity<Record>()).size();
}

// Visits the fields of one record and remembers what is wrong with the first bad one.
struct FieldChecker {
  const Program& program;
  const char* field = nullptr;
  const char* fault = nullptr;

  void operator()(const char* name, TextId text, FieldUse use) {
    Note(name, text.index < program.text_count(), "is a text that is not there");
    Note(name, text != kNoText || use != FieldUse::kFilled, "is empty");
  }
  template <typename Tag>
  void operator()(const char* name, Id<Tag> id, FieldUse use) {
    using Record = std::conditional_t<std::same_as<Id<Tag>, TypeId>, TypeRecord, Tag>;
    const bool is_good = id.index < SizeOf<Record>(program) || (!id.valid() && use == FieldUse::kOptional);
    Note(name, is_good, "names something that is not there");
  }
  template <typename Item>
  void operator()(const char* name, RangeOf<Item> range, FieldUse use) {
    Note(name, std::size_t{range.first} + range.count <= SizeOf<Item>(program), "is a range of things that are not there");
    Note(name, !range.empty() || use != FieldUse::kFilled, "is empty");
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void operator()(const char* name, Enum member, FieldUse /*use*/) {
    Note(name, static_cast<std::size_t>(member) < kMemberCount<Enum>, "is of no known kind");
  }
  void operator()(const char* name, const bool& value, FieldUse /*use*/) {
    std::uint8_t byte;  // reading it as a bool would be wrong when it is neither
    std::memcpy(&byte, &value, 1);
    Note(name, byte <= 1, "is neither 0 nor 1");
  }
  template <std::size_t kSize>
  void operator()(const char* name, const std::uint8_t (&bytes)[kSize], FieldUse /*use*/) {
    Note(name, std::all_of(bytes, bytes + kSize, [](std::uint8_t byte) { return byte == 0; }), "is not 0");
  }
  template <std::unsigned_integral Number>
  requires(!std::same_as<Number, bool>) void operator()(const char* name, const Number& number, FieldUse /*use*/) {
    Note(name, number == 0, "is not 0");
  }
  void operator()(const char* /*name*/, const SourceLocation& location, FieldUse use) { (*this)("file", location.file, use); }

  void Note(const char* name, bool is_good, const char* what) {
    if (is_good || fault != nullptr) return;
    field = name;
    fault = what;
  }
};

// Whatever names a node, but for nodes themselves, names one that can be evaluated by itself.
struct RootChecker {
  const std::vector<bool>& is_root;
  const char* bad_field = nullptr;

  void operator()(const char* name, NodeId node, FieldUse /*use*/) {
    if (node.valid() && !is_root[node.index]) bad_field = name;
  }
  template <typename Member>
  void operator()(const char* /*name*/, const Member& /*member*/, FieldUse /*use*/) {}
};

template <typename Record>
Status CheckPoolRoots(const char* what, std::span<const Record> pool, const std::vector<bool>& is_root) {
  RootChecker checker{is_root};
  return std::same_as<Record, NodeId> ? OkStatus() : CheckEach(what, pool.size(), [&](std::size_t i) {
    ForEachField(pool[i], checker);
    return checker.bad_field == nullptr ? "" : "names a node that is no expression by itself";
  });
}

template <typename Record>
Status CheckPool(const Program& program, const char* what, std::span<const Record> pool) {
  if (pool.size() >= kMaxItems) return Corrupt("the program has more items than ids can name");
  FieldChecker checker{program};
  for (std::size_t i = 0; i < pool.size(); ++i) {
    ForEachField(pool[i], checker);
    if (checker.fault != nullptr)
      return Corrupt(std::string(what) + " " + std::to_string(i) + ": `" + checker.field + "` " + checker.fault);
  }
  return OkStatus();
}

Status CheckTexts(const Program& program) {
  const std::span<const std::uint32_t> begins = program.text_begins;
  if (begins.empty()) return program.text_bytes.empty() ? OkStatus() : Corrupt("the texts have no beginnings");
  if (begins.front() != 0 || begins.back() != program.text_bytes.size() || !std::is_sorted(begins.begin(), begins.end()))
    return Corrupt("the texts do not lie one after the other");
  return CheckEach("text", program.text_count(), [&](std::size_t i) -> std::string_view {
    const std::string_view text = program[TextId(i)];
    if (!IsValidUtf8(text)) return "is not valid UTF-8";
    return i == 0 ? (text.empty() ? "" : "is not the empty one") : (program[TextId(i - 1)] < text ? "" : "is not in order");
  });
}

}  // namespace

Error Corrupt(std::string message) { return {ErrorCode::kCorrupt, std::move(message)}; }

Status CheckFields(const Program& program) {
  WRIT_RETURN_IF_ERROR(CheckTexts(program));
#define WRIT_CHECK_POOL(number, name, Record, what) WRIT_RETURN_IF_ERROR(CheckPool(program, what, program.name));
  WRIT_POOLS(WRIT_CHECK_POOL)
#undef WRIT_CHECK_POOL
  return program.rules.size() == program.rule_details.size() ? OkStatus() : Corrupt("there are not as many details as rules");
}

Status CheckRoots(const Program& program, const std::vector<bool>& is_root) {
#define WRIT_CHECK_ROOTS(number, name, Record, what) WRIT_RETURN_IF_ERROR(CheckPoolRoots(what, program.name, is_root));
  WRIT_POOLS(WRIT_CHECK_ROOTS)
#undef WRIT_CHECK_ROOTS
  return OkStatus();
}

}  // namespace verify

Result<VerifiedProgram> VerifyProgram(Program program, const BundleLimits& limits) {
  std::vector<std::uint32_t> constant_depths;
  std::vector<bool> is_root;
  WRIT_RETURN_IF_ERROR(verify::CheckFields(program));
  WRIT_RETURN_IF_ERROR(verify::CheckTypes(program));
  WRIT_RETURN_IF_ERROR(verify::CheckConstants(program, constant_depths));
  WRIT_RETURN_IF_ERROR(verify::CheckSlots(program));
  WRIT_RETURN_IF_ERROR(verify::CheckDeclarations(program));
  WRIT_RETURN_IF_ERROR(verify::CheckNodes(program, constant_depths, limits, is_root));
  WRIT_RETURN_IF_ERROR(verify::CheckRoots(program, is_root));
  WRIT_RETURN_IF_ERROR(verify::CheckRules(program));
  return VerifiedProgram(std::move(program));
}

}  // namespace writ
