#include "engine/decide/mask.h"

#include <algorithm>

#include "rules/base/check.h"
#include "rules/base/digest.h"
#include "rules/base/encoding.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

int StrictnessOf(MaskKind kind) {
  switch (kind) {
    case MaskKind::kNull: return 3;
    case MaskKind::kReplace: return 2;
    case MaskKind::kHash: return 1;
    case MaskKind::kKeepLast:
    case MaskKind::kKeepFirst: return 0;
  }
  WRIT_CHECK(false);
}

bool IsStricter(const Obligation& a, const Obligation& b) {
  const int left = StrictnessOf(a.kind), right = StrictnessOf(b.kind);
  if (left != right) return left > right;
  return left == 0 && a.count < b.count;
}

bool StartsCharacter(char byte) { return !IsTailByte(byte); }

// Stars for all but the first or last `count` code points.
std::string KeepSome(std::string_view text, std::uint32_t count, bool last) {
  const auto characters = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
  if (characters <= count) return std::string(characters, '*');
  const std::size_t stars = characters - count;
  std::size_t cut = 0;  // byte offset of the border
  for (std::size_t seen = 0; cut < text.size(); ++cut) {
    if (StartsCharacter(text[cut]) && seen++ == (last ? stars : count)) break;
  }
  if (last) return std::string(stars, '*') + std::string(text.substr(cut));
  return std::string(text.substr(0, cut)) + std::string(stars, '*');
}

std::string ShortHash(std::string_view text) {
  constexpr std::size_t kShownBytes = 8;
  return "sha256:" + EncodeHex(std::string_view(Sha256(text)).substr(0, kShownBytes));
}

}  // namespace

void AddObligations(const Program& program, Verb verb, const MaskSpec& mask, std::vector<Obligation>& obligations) {
  for (const TextId target : program[mask.targets]) {
    const Obligation added{verb, program[target], mask.kind, mask.count, program[mask.text]};
    const auto same =
        std::find_if(obligations.begin(), obligations.end(), [&](const Obligation& other) { return other.target == added.target; });
    if (same == obligations.end())
      obligations.push_back(added);
    else if (IsStricter(added, *same))
      *same = added;
  }
}

MaskedValue ApplyMask(const Obligation& mask, const Value& value) {
  if (mask.kind == MaskKind::kReplace) return {false, std::string(mask.replacement)};
  if (mask.kind == MaskKind::kNull || value.is(Kind::kNull)) return {true, ""};
  const std::string text = DisplayText(value);
  if (mask.kind == MaskKind::kHash) return {false, ShortHash(text)};
  return {false, KeepSome(text, mask.count, mask.kind == MaskKind::kKeepLast)};
}

std::string MaskedRowJson(const Value& row, const std::vector<Obligation>& masks) {
  std::string out = "{";
  for (std::uint32_t i = 0; i < row.map->size; ++i) {
    const MapEntry& entry = row.map->entries[i];
    if (i > 0) out += ',';
    AppendJsonString(entry.key.string(), out);
    out += ':';
    const auto mask = std::find_if(masks.begin(), masks.end(), [&](const Obligation& other) {
      return other.verb == Verb::kMask && other.target == entry.key.string();
    });
    if (mask == masks.end()) {
      AppendJson(entry.value, out);
      continue;
    }
    const MaskedValue masked = ApplyMask(*mask, entry.value);
    if (masked.is_null)
      out += "null";
    else
      AppendJsonString(masked.text, out);
  }
  return out + "}";
}

}  // namespace writ
