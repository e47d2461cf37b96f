// Packing and reading places; see places.h and "Places" in docs/bundle_format.md.
#include "rules/ir/places.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

namespace writ {
namespace {

constexpr std::size_t kScopesOfBlock = 16;
constexpr std::size_t kMaxHeldScopes = 64;  // of one Places: it may be asked for thousands of rules

std::size_t ScopeCount(const Program& program) { return program.rules.size() + program.lets.size(); }
std::size_t BlockCount(const Program& program) { return (ScopeCount(program) + kScopesOfBlock - 1) / kScopesOfBlock; }

// Leaves keep their text, whatever names them (text.h does the same).
std::unordered_set<std::uint32_t> LetNodes(const Program& program) {
  std::unordered_set<std::uint32_t> nodes;
  for (const Let& let : program.lets) {
    if (program[let.value].arg_count > 0) nodes.insert(let.value.index);
  }
  return nodes;
}

// Where the first place of a scope is counted from.
SourceLocation StartOf(const Program& program, PlaceScope scope) {
  if (scope.index < program.rules.size()) return program.location(program.rules[scope.index]);
  return {FileId(0), 1, 1};
}

NodeId RootOf(const Program& program, PlaceScope scope) {
  const std::size_t rules = program.rules.size();
  return scope.index < rules ? program.rules[scope.index].guard : program.lets[scope.index - rules].value;
}

bool IsLogic(const Node& node) { return node.kind == NodeKind::kAnd || node.kind == NodeKind::kOr; }

// What a visitor says of the walk.
enum class Next : std::uint8_t { kInto, kPast, kEnd };

// Calls `visit(NodeId, may_be_let)` for each node of a condition that may have a place, once, before
// its arguments, from left to right. The value of a let is no name of itself.
template <typename Visit>
void WalkPlaced(const Program& program, PlaceScope scope, const std::unordered_set<std::uint32_t>& let_nodes, Visit visit) {
  const NodeId root = RootOf(program, scope);
  if (!root.valid()) return;
  const bool root_is_let = scope.index >= program.rules.size();
  std::unordered_set<std::uint32_t> seen;  // at most kMaxPlacedNodes
  std::vector<NodeId> pending = {root};
  while (!pending.empty() && seen.size() < kMaxPlacedNodes) {
    const NodeId id = pending.back();
    pending.pop_back();
    if (!seen.insert(id.index).second) continue;
    const Node& node = program[id];
    const bool may_be_let = let_nodes.contains(id.index) && !(root_is_let && id == root);
    if (may_be_let || !IsLogic(node)) {
      const Next next = visit(id, may_be_let);
      if (next == Next::kEnd) return;
      if (next == Next::kPast) continue;
    }
    std::span<const NodeId> args = program.args(node);
    if (BindsVariable(node.kind)) args = args.first(1);
    for (auto arg = args.rbegin(); arg != args.rend(); ++arg) {
      if (arg->valid() && (IsLogic(node) || program[*arg].kind != NodeKind::kConstant)) pending.push_back(*arg);
    }
  }
}

// ---- numbers ------------------------------------------------------------------------------------
// Seven bits a byte, the lowest first; bit 7 says that more follow.

void AppendNumber(std::uint64_t number, std::vector<PlaceByte>& out) {
  for (; number >= 0x80; number >>= 7U) out.push_back(static_cast<PlaceByte>(number | 0x80U));
  out.push_back(static_cast<PlaceByte>(number));
}

// 0, -1, 1, -2, … as 0, 1, 2, 3, …
std::uint64_t Folded(std::int64_t number) { return (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63); }
std::int64_t Unfolded(std::uint64_t number) { return static_cast<std::int64_t>(number >> 1U) ^ -static_cast<std::int64_t>(number & 1U); }

// Reads numbers until the bytes end.
class NumberReader {
 public:
  explicit NumberReader(std::span<const PlaceByte> bytes) : bytes_(bytes) {}

  // Nothing at the end, and for a number of more than 42 bits.
  std::optional<std::uint64_t> TryRead() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 42 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_ = bytes_.subspan(1);
      number |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return number;
    }
    return std::nullopt;
  }

  // Takes that many bytes; nothing when there are fewer.
  std::optional<std::span<const PlaceByte>> TryTake(std::uint64_t size) {
    if (size > bytes_.size()) return std::nullopt;
    const std::span<const PlaceByte> taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

 private:
  std::span<const PlaceByte> bytes_;
};

// ---- one scope ----------------------------------------------------------------------------------

class ScopeWriter {
 public:
  explicit ScopeWriter(SourceLocation start) : last_(start) {}

  const std::vector<PlaceByte>& bytes() const { return bytes_; }

  // Nothing stands behind the last place that is known.
  void AddUnknown() { ++unknown_; }

  void Add(const PlacedNode& placed, bool may_be_let) {
    if (unknown_ > 0) {
      AppendNumber(kElsewhere, bytes_);
      AppendNumber(0, bytes_);
      AppendNumber(unknown_, bytes_);
      unknown_ = 0;
    }
    AddPlace(placed.place);
    if (may_be_let) AppendNumber(placed.let.valid() ? std::uint64_t{placed.let.index} + 1 : 0, bytes_);
  }

  static constexpr std::uint64_t kElsewhere = 1;  // the line's difference would be 0

 private:
  void AddPlace(SourceLocation place) {
    const auto difference = [](std::uint32_t from, std::uint32_t to) { return Folded(std::int64_t{to} - std::int64_t{from}); };
    if (place.file != last_.file) {
      AppendNumber(kElsewhere, bytes_);
      AppendNumber(std::uint64_t{place.file.index} + 1, bytes_);
      AppendNumber(place.line, bytes_);
      AppendNumber(place.column, bytes_);
    } else if (place.line != last_.line) {
      AppendNumber(difference(last_.line, place.line) << 1U | 1U, bytes_);
      AppendNumber(place.column, bytes_);
    } else {
      AppendNumber(difference(last_.column, place.column) << 1U, bytes_);
    }
    last_ = place;
  }

  SourceLocation last_;
  std::size_t unknown_ = 0;
  std::vector<PlaceByte> bytes_;
};

// Hostile bytes end the reading; places that cannot be are none.
class ScopeReader {
 public:
  ScopeReader(const Program& program, SourceLocation start, std::span<const PlaceByte> bytes)
      : program_(program), last_(start), numbers_(bytes) {}

  // The place of the next node of the walk; nothing when there are no more.
  std::optional<PlacedNode> TryRead(NodeId node, bool may_be_let) {
    PlacedNode placed{.node = node};
    if (unknown_ == 0 && !ReadPlace()) return std::nullopt;
    if (unknown_ > 0) {
      --unknown_;
      return placed;
    }
    placed.place = last_;
    if (!may_be_let) return placed;
    const std::optional<std::uint64_t> let = numbers_.TryRead();
    if (!let) return std::nullopt;
    if (*let > 0 && *let <= program_.lets.size() && program_.lets[*let - 1].value == node) placed.let = LetId(*let - 1);
    return placed;
  }

 private:
  // Moves last_, or says how many nodes have no place. False at the end.
  bool ReadPlace() {
    const std::optional<std::uint64_t> head = numbers_.TryRead();
    if (!head) return false;
    const std::int64_t difference = Unfolded(*head >> 1U);
    if ((*head & 1U) == 0) return Move(last_.file.index, last_.line, last_.column + difference);
    std::uint64_t file = last_.file.index;
    std::int64_t line = last_.line + difference;
    if (*head == ScopeWriter::kElsewhere) {
      const std::optional<std::uint64_t> number = numbers_.TryRead();
      const std::optional<std::uint64_t> written = numbers_.TryRead();
      if (!number || !written) return false;
      if (*number == 0) {
        unknown_ = *written;
        return unknown_ > 0;
      }
      file = *number - 1;
      line = static_cast<std::int64_t>(*written);
    }
    const std::optional<std::uint64_t> column = numbers_.TryRead();
    return column && Move(file, line, static_cast<std::int64_t>(*column));
  }

  bool Move(std::uint64_t file, std::int64_t line, std::int64_t column) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    if (file >= program_.files.size() || line < 1 || line > kMost || column < 1 || column > kMost) return false;
    last_ = {FileId(file), static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(column)};
    return true;
  }

  const Program& program_;
  SourceLocation last_;
  std::uint64_t unknown_ = 0;  // nodes to come
  NumberReader numbers_;
};

std::vector<PlaceByte> PackScope(const Program& program, PlaceScope scope, const std::unordered_set<std::uint32_t>& let_nodes,
                                 std::span<const PlacedNode> known) {
  std::unordered_map<std::uint32_t, const PlacedNode*> by_node;
  for (const PlacedNode& placed : known) by_node.emplace(placed.node.index, &placed);
  ScopeWriter writer(StartOf(program, scope));
  WalkPlaced(program, scope, let_nodes, [&](NodeId node, bool may_be_let) {
    const auto found = by_node.find(node.index);
    if (found == by_node.end()) {
      writer.AddUnknown();
      return Next::kInto;
    }
    writer.Add(*found->second, may_be_let);
    return may_be_let && found->second->let.valid() ? Next::kPast : Next::kInto;
  });
  return writer.bytes();
}

// The bytes of one scope; none when the section does not have it.
std::span<const PlaceByte> BytesOf(const Program& program, PlaceScope scope) {
  const std::size_t block = scope.index / kScopesOfBlock;
  std::uint32_t begin = 0;
  if (scope.index >= ScopeCount(program) || program.places.size() < BlockCount(program) * sizeof(begin)) return {};
  std::memcpy(&begin, program.places.data() + block * sizeof(begin), sizeof(begin));
  if (begin > program.places.size()) return {};
  NumberReader numbers(program.places.subspan(begin));
  std::optional<std::span<const PlaceByte>> bytes;
  for (std::size_t at = block * kScopesOfBlock; at <= scope.index; ++at) {
    const std::optional<std::uint64_t> size = numbers.TryRead();
    if (size) bytes = numbers.TryTake(*size);
    if (!size || !bytes) return {};
  }
  return *bytes;
}

}  // namespace

std::vector<PlaceByte> PackPlaces(const Program& program, const std::vector<std::span<const PlacedNode>>& known) {
  const auto has_none = [](std::span<const PlacedNode> scope) { return scope.empty(); };
  if (std::all_of(known.begin(), known.end(), has_none)) return {};
  const std::unordered_set<std::uint32_t> let_nodes = LetNodes(program);
  std::vector<PlaceByte> out(BlockCount(program) * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i % kScopesOfBlock == 0) {
      const auto begin = static_cast<std::uint32_t>(out.size());
      std::memcpy(out.data() + i / kScopesOfBlock * sizeof(begin), &begin, sizeof(begin));
    }
    const std::vector<PlaceByte> scope = PackScope(program, PlaceScope(i), let_nodes, known[i]);
    AppendNumber(scope.size(), out);
    out.insert(out.end(), scope.begin(), scope.end());
  }
  return out;
}

Places::Places(const Program& program) : program_(program), let_nodes_(LetNodes(program)) {}

std::vector<PlacedNode> Places::Read(PlaceScope scope) const {
  std::vector<PlacedNode> places;
  const std::span<const PlaceByte> bytes = BytesOf(program_, scope);
  if (bytes.empty()) return places;
  ScopeReader reader(program_, StartOf(program_, scope), bytes);
  WalkPlaced(program_, scope, let_nodes_, [&](NodeId node, bool may_be_let) {
    const std::optional<PlacedNode> placed = reader.TryRead(node, may_be_let);
    if (!placed) return Next::kEnd;
    if (placed->place.line > 0) places.push_back(*placed);
    return placed->let.valid() ? Next::kPast : Next::kInto;
  });
  return places;
}

PlacedNode Places::Find(PlaceScope scope, NodeId node) {
  if (scopes_.size() >= kMaxHeldScopes && !scopes_.contains(scope.index)) scopes_.clear();
  const auto [found, is_new] = scopes_.try_emplace(scope.index);
  if (is_new) {
    for (const PlacedNode& placed : Read(scope)) found->second.emplace(placed.node.index, placed);
  }
  const auto placed = found->second.find(node.index);
  return placed == found->second.end() ? PlacedNode{.node = node} : placed->second;
}

}  // namespace writ
