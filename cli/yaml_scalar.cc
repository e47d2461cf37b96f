#include "cli/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "cli/text.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

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
    while (i < text.size() && IsDigit(text[i])) ++i;
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

// The decimal digits of a finite whole double, as Go's encoding/json writes them: the shortest ones that read back, filled up with
// zeros. 2^60 becomes 1152921504606847000.
std::string WholeText(double value) {
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value), std::chars_format::scientific).ptr;
  const std::string_view written(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = written.find('e');
  std::string digits;
  for (const char c : written.substr(0, e)) {
    if (c != '.') digits += c;
  }
  std::size_t exponent = 0;
  std::from_chars(written.data() + e + 2, end, exponent);
  digits.resize(exponent + 1, '0');
  return (value < 0 ? "-" : "") + digits;
}

// A double as it arrives in the cluster. Whole numbers lose their fraction on the way through JSON (`replicas: 1.0` is 1) as long as
// they fit 64 bits; larger ones stay floating-point numbers.
ScalarValue NumberValue(double value) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (value == 0) return {"0", true};
  if (std::abs(value) < kTwoTo63 && std::trunc(value) == value) {
    std::string whole = WholeText(value);
    std::int64_t fits = 0;
    if (std::from_chars(whole.data(), whole.data() + whole.size(), fits).ec == std::errc()) return {std::move(whole), true};
  }
  std::array<char, 40> buffer{};
  const bool is_large = std::abs(value) >= kTwoTo63 / 2;
  const auto end = is_large ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr
                            : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {std::string(buffer.data(), end), false};
}

Result<ScalarValue> FloatValue(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) return OutOfRange(text);
  return NumberValue(value);
}

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonString(text, json);
  return json;
}

ScalarValue Text(std::string_view text) { return {Quoted(text), false}; }

Result<ScalarValue> ResolvePlain(std::string_view text) {
  if (IsNull(text)) return ScalarValue{"null", false};
  if (const std::optional<bool> boolean = TryBool(text)) return ScalarValue{*boolean ? "true" : "false", false};
  std::string_view unsigned_text = text;
  if (text[0] == '-' || text[0] == '+') unsigned_text.remove_prefix(1);
  if (IsOneOf(unsigned_text, {".inf", ".Inf", ".INF"}) || IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return Error{ErrorCode::kInvalidArgument, "`" + std::string(text) + "` has no JSON form"};
  }
  const bool may_be_number =
      !unsigned_text.empty() && text[0] != '_' && std::string_view("._0123456789").find(unsigned_text[0]) != std::string_view::npos;
  if (!may_be_number) return Text(text);
  std::string plain(text);
  plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  // Go reads `.5_0` by other rules than `0.5_0`.
  if (text[0] == '.' && plain.size() != text.size()) {
    if (LooksLikeFloat(plain)) return Error{ErrorCode::kInvalidArgument, "the number `" + std::string(text) + "` has a `_`: leave it out"};
    return Text(text);
  }
  bool out_of_range = false;
  if (const std::optional<std::int64_t> integer = TryInteger(plain, out_of_range)) return ScalarValue{std::to_string(*integer), false};
  // Beyond int64 a decimal is a double, as in JSON; of the other spellings kubectl's loader makes
  // now this, now that.
  const bool is_decimal = plain.find_first_not_of("+-") != std::string::npos && plain[plain.find_first_not_of("+-")] != '0';
  if (out_of_range && !is_decimal) return OutOfRange(text);
  if (out_of_range || LooksLikeFloat(plain)) return FloatValue(plain);
  return Text(text);
}

Error NotBase64() { return {ErrorCode::kInvalidArgument, "a !!binary scalar is not base64"}; }

// As Go's base64.StdEncoding: padded, line breaks are passed over.
Result<std::string> DecodeBase64(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  std::size_t count = 0, padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const std::size_t digit = kAlphabet.find(c);
    const bool is_padding = c == '=';
    if (is_padding ? count % 4 < 2 : digit == std::string_view::npos || padding > 0) return NotBase64();
    padding += is_padding;
    bits = bits << 6U | (is_padding ? 0U : static_cast<std::uint32_t>(digit));
    if (++count % 4 != 0) continue;
    for (const unsigned shift : {16U, 8U, 0U}) out += static_cast<char>(bits >> shift & 0xFFU);
    bits = 0;
  }
  if (count % 4 != 0) return NotBase64();
  out.resize(out.size() - padding);
  if (FindInvalidUtf8(out)) return Error{ErrorCode::kInvalidArgument, "a !!binary scalar is not UTF-8 text"};
  return out;
}

// Is the text a decimal integer that only an unsigned one of 64 bits holds? To Go it is an integer;
// JSON makes a double of it.
bool IsLargeUnsigned(std::string_view text) {
  std::string digits(text);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() && value > std::uint64_t{INT64_MAX} && digits[0] != '0';
}

// `!!int` and its like: the text must be what the tag says.
Result<ScalarValue> ResolveTyped(std::string_view type, std::string_view text) {
  Result<ScalarValue> value = ResolvePlain(text);
  if (!value) return value;
  const std::string& json = value->json;
  const bool is_number = json[0] == '-' || IsDigit(json[0]);
  const bool is_integer = is_number && !value->is_whole_float && json.find_first_of(".e") == std::string::npos;
  const bool agrees = type == "null"   ? json == "null"
                      : type == "bool" ? json == "true" || json == "false"
                      : type == "int"  ? is_integer || IsLargeUnsigned(text)
                                       : is_number;
  if (!agrees) return Error{ErrorCode::kInvalidArgument, "`" + std::string(text) + "` is not of the type !!" + std::string(type)};
  if (type == "float" && is_integer) value->is_whole_float = true;
  return value;
}

// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?: hours and minutes to people, a number to the base of 60 to YAML 1.1.
bool IsSexagesimal(std::string_view text) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (i == text.size() || !IsDigit(text[i])) return false;
  while (i < text.size() && (IsDigit(text[i]) || text[i] == '_')) ++i;
  std::size_t groups = 0;
  for (; i < text.size() && text[i] == ':'; ++groups) {
    const std::size_t from = ++i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    if (i == from || i - from > 2 || (i - from == 2 && text[from] > '5')) return false;
  }
  if (groups == 0) return false;
  if (i < text.size() && text[i] == '.') i = std::min(text.find_first_not_of("0123456789_", i + 1), text.size());
  return i == text.size();
}

std::string Write(std::string_view text, std::string_view or_else) {
  return "write " + Quoted(text) + (or_else.empty() ? "" : " or " + std::string(or_else));
}

// Says what else a plain text that Kubernetes reads as a number, or does not, is taken for. `json`: what Kubernetes reads.
std::string NumberSurprise(std::string_view text, const std::string& json) {
  const bool is_number = json[0] != '"';
  std::string_view digits = text;
  if (digits[0] == '-' || digits[0] == '+') digits.remove_prefix(1);
  const std::string shown = "`" + std::string(text) + "` ";
  if (IsSexagesimal(text)) return shown + "is a time or a number to the base of 60: " + Write(text, "");
  if (!is_number || digits.size() < 2) return {};
  if (text.find('_') != std::string_view::npos) return shown + "is a number to some readers and text to others: " + Write(text, json);
  if (digits[0] != '0' || digits[1] == '.' || digits[1] == 'e' || digits[1] == 'E' || (digits[1] | 0x20) == 'x') return {};
  const std::string_view base = (digits[1] | 0x20) == 'b' ? "is a binary number" : "is octal to some readers and decimal to others";
  return shown + std::string(base) + ": " + Write(text, json);
}

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

}  // namespace

Result<ScalarValue> ResolveScalar(const YamlScalar& scalar) {
  if (scalar.tag.empty()) return scalar.is_plain ? ResolvePlain(scalar.text) : Text(scalar.text);
  if (!scalar.tag.starts_with(kCoreTags)) return Text(scalar.text);  // a tag of somebody else's: text, as Kubernetes has it
  const std::string_view type = scalar.tag.substr(kCoreTags.size());
  if (type == "binary") {
    const Result<std::string> octets = DecodeBase64(scalar.text);
    return octets ? Result<ScalarValue>(Text(*octets)) : octets.error();
  }
  if (type == "timestamp") return Error{ErrorCode::kInvalidArgument, "the tag !!timestamp is not read: write a quoted text"};
  return IsOneOf(type, {"bool", "int", "float", "null"}) ? ResolveTyped(type, scalar.text) : Text(scalar.text);
}

Result<std::string> ResolveKey(const YamlScalar& scalar) {
  Result<ScalarValue> value = ResolveScalar(scalar);
  if (!value) return value.error();
  if (value->json == "null") return Error{ErrorCode::kInvalidArgument, "a key is null"};
  const std::string shown = "`" + std::string(scalar.text) + "`";
  if (scalar.tag == "tag:yaml.org,2002:binary")
    return Error{ErrorCode::kInvalidArgument, "the key " + shown + " is !!binary, expected text"};
  if (value->json[0] == '"') return std::string(scalar.text);
  const bool is_bool = value->json == "true" || value->json == "false";
  if (!is_bool && (value->is_whole_float || value->json.find_first_of(".e") != std::string::npos)) {
    return Error{ErrorCode::kInvalidArgument, "the key " + shown + " is a floating-point number: write " + Quoted(scalar.text)};
  }
  return std::move(value->json);
}

std::string ValueSurprise(const YamlScalar& scalar) {
  if (!scalar.tag.empty()) return scalar.tag == kStringTag ? "" : "a tag is not read here, only !!str: write the value without it";
  if (!scalar.is_plain || scalar.text.empty()) return {};
  const Result<ScalarValue> value = ResolvePlain(scalar.text);
  if (!value) return {};  // refused anyway
  const bool is_bool = value->json == "true" || value->json == "false";
  if (!is_bool) return NumberSurprise(scalar.text, value->json);
  if ((scalar.text[0] | 0x20) == value->json[0] && scalar.text.size() == value->json.size()) return {};
  return "`" + std::string(scalar.text) + "` is " + value->json + " to some readers and text to others: " + Write(scalar.text, value->json);
}

std::string KeySurprise(const YamlScalar& scalar) {
  if (!scalar.tag.empty()) return ValueSurprise(scalar);
  if (!scalar.is_plain) return {};
  const Result<ScalarValue> value = ResolvePlain(scalar.text);
  if (value && value->json[0] == '"') return ValueSurprise(scalar);
  return "the key `" + std::string(scalar.text) + "` is not a string: " + Write(scalar.text, "");
}

}  // namespace writ::cli
