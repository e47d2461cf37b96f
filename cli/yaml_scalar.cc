#include "cli/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "rules/model/value.h"

namespace writ::cli {
namespace {

constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsNull(std::string_view text) { return IsOneOf(text, {"", "~", "null", "Null", "NULL"}); }

std::optional<bool> TryBool(std::string_view text) {
  if (IsOneOf(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (IsOneOf(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  return std::nullopt;
}

Error OutOfRange(std::string_view text) { return {ErrorCode::kInvalidArgument, "the number `" + std::string(text) + "` is out of range"}; }

// An integer as Go's strconv.ParseInt(text, 0, 64) takes it: sign, then 0x, 0o, 0b, a bare 0 for octal, or decimal.
// Returns nothing when it is not an integer. Sets `out_of_range` when it is one that does not fit int64.
std::optional<std::int64_t> TryInteger(std::string_view text, bool& out_of_range) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  if (text.empty() || text[0] == '-') return std::nullopt;
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (end != text.data() + text.size()) return std::nullopt;
  const std::uint64_t ceiling = std::uint64_t{1} << 63U;
  if (error != std::errc() || magnitude > ceiling || (magnitude == ceiling && !negative)) {
    out_of_range = true;
    return std::nullopt;
  }
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool LooksLikeFloat(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - from;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const std::size_t whole = digits();
  std::size_t fraction = 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    fraction = digits();
  }
  if (whole + fraction == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// A double as JSON. Whole numbers lose their fraction, as they do in Kubernetes' own way through JSON: `replicas: 1.0` is 1.
std::string NumberText(double value) {
  std::array<char, 40> buffer{};
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (std::abs(value) <= kExactIntegers && std::trunc(value) == value) return std::to_string(static_cast<std::int64_t>(value));
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  // Keeps a large whole number a floating-point number for readers that tell them apart.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Result<std::string> FloatText(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) return OutOfRange(text);
  return NumberText(value);
}

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonString(text, json);
  return json;
}

Result<std::string> ResolvePlain(std::string_view text) {
  if (IsNull(text)) return std::string("null");
  if (const std::optional<bool> boolean = TryBool(text)) return std::string(*boolean ? "true" : "false");
  std::string_view unsigned_text = text;
  if (text[0] == '-' || text[0] == '+') unsigned_text.remove_prefix(1);
  if (IsOneOf(unsigned_text, {".inf", ".Inf", ".INF"}) || IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return Error{ErrorCode::kInvalidArgument, "`" + std::string(text) + "` has no JSON form"};
  }
  const bool may_be_number = !unsigned_text.empty() && (unsigned_text[0] == '.' || (unsigned_text[0] >= '0' && unsigned_text[0] <= '9'));
  if (!may_be_number) return Quoted(text);
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  bool out_of_range = false;
  if (const std::optional<std::int64_t> integer = TryInteger(plain, out_of_range)) return std::to_string(*integer);
  if (out_of_range) return OutOfRange(text);
  if (LooksLikeFloat(plain)) return FloatText(plain);
  return Quoted(text);
}

Result<std::string> DecodeBase64(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
    const std::size_t digit = kAlphabet.find(c);
    if (c == '=') {
      ++padding;
      continue;
    }
    if (digit == std::string_view::npos || padding > 0) return Error{ErrorCode::kInvalidArgument, "a !!binary scalar is not base64"};
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    if (++count == 4) {
      for (const unsigned shift : {16U, 8U, 0U}) out += static_cast<char>(bits >> shift & 0xFFU);
      bits = 0;
      count = 0;
    }
  }
  if (count == 1 || padding > 2) return Error{ErrorCode::kInvalidArgument, "a !!binary scalar is not base64"};
  if (count == 2) out += static_cast<char>(bits >> 4U & 0xFFU);
  if (count == 3) {
    out += static_cast<char>(bits >> 10U & 0xFFU);
    out += static_cast<char>(bits >> 2U & 0xFFU);
  }
  return out;
}

}  // namespace

Result<std::string> ResolveScalar(std::string_view tag, std::string_view text) {
  if (tag.empty() || tag == "?") return ResolvePlain(text);
  if (!tag.starts_with(kCoreTags)) return Quoted(text);  // quoted text ("!"), or a tag of somebody else's: text, as Kubernetes has it
  const std::string_view type = tag.substr(kCoreTags.size());
  if (type == "binary") {
    Result<std::string> octets = DecodeBase64(text);
    return octets ? Result<std::string>(Quoted(*octets)) : octets;
  }
  const bool is_typed = IsOneOf(type, {"bool", "int", "float", "null"});
  if (!is_typed) return Quoted(text);
  Result<std::string> value = ResolvePlain(text);
  if (!value) return value;
  const std::string& json = *value;
  const bool is_number = json[0] == '-' || (json[0] >= '0' && json[0] <= '9');
  const bool is_whole = is_number && json.find_first_of(".e") == std::string::npos;
  const bool agrees = type == "null"   ? json == "null"
                      : type == "bool" ? json == "true" || json == "false"
                      : type == "int"  ? is_whole
                                       : is_number;
  if (agrees) return value;
  return Error{ErrorCode::kInvalidArgument, "`" + std::string(text) + "` is not of the type !!" + std::string(type)};
}

Result<std::string> ResolveKey(std::string_view tag, std::string_view text) {
  Result<std::string> value = ResolveScalar(tag, text);
  if (!value) return value;
  if (*value == "null") return Error{ErrorCode::kInvalidArgument, "a key is null"};
  if ((*value)[0] == '"') return std::string(text);  // as written; !!binary keys do not occur
  return value;
}

}  // namespace writ::cli
