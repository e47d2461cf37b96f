// Values as text: for people (DisplayText), as CEL literals (LiteralText), as JSON (AppendJson). One writer walks a value;
// the form says how its leaves look.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "rules/base/encoding.h"
#include "rules/base/utf8.h"
#include "rules/model/time.h"
#include "rules/model/value.h"

namespace writ {
namespace {

enum class Form : std::uint8_t { kDisplay, kLiteral, kJson };

// Aggregates may share parts, so the text can be exponentially larger than the value: it is cut here.
constexpr std::size_t kMaxTextBytes[] = {std::size_t{64} * 1024, std::size_t{1} * 1024 * 1024, std::size_t{64} * 1024 * 1024};

void AppendEscape(unsigned code, std::string& out) {
  char escape[8];
  std::snprintf(escape, sizeof(escape), "\\u%04x", code);
  out += escape;
}

// The high bit is set in the first byte of the word that does not stand in a JSON string as it is
// (and perhaps in later ones); 0 when all do.
std::uint64_t MarkSpecial(std::uint64_t word) {
  constexpr std::uint64_t kEvery = 0x0101010101010101U, kHigh = 0x80U * kEvery;
  const auto zeros = [](std::uint64_t bytes) { return (bytes - kEvery) & ~bytes; };
  const std::uint64_t control = (word - 0x20U * kEvery) & ~word;
  return (word | control | zeros(word ^ 0x22U * kEvery) | zeros(word ^ 0x5CU * kEvery) | zeros(word ^ 0x7FU * kEvery)) & kHigh;
}

template <typename Word>
std::uint64_t LoadWord(std::string_view text, std::size_t at) {
  Word word = 0;
  std::memcpy(&word, text.data() + at, sizeof(word));
  return word;
}

// How many bytes at the beginning stand in a JSON string as they are. Eight are looked at at once,
// the last ones of a longer text again, and four to seven as two halves that may overlap.
std::size_t CountPlain(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    const std::uint64_t special = MarkSpecial(LoadWord<std::uint64_t>(text, at));
    if (special != 0) return at + static_cast<std::size_t>(__builtin_ctzll(special)) / 8;
  }
  if (text.size() >= 8) {
    if (MarkSpecial(LoadWord<std::uint64_t>(text, text.size() - 8)) == 0) return text.size();
  } else if (text.size() >= 4) {
    const std::uint64_t halves = LoadWord<std::uint32_t>(text, 0) | LoadWord<std::uint32_t>(text, text.size() - 4) << 32U;
    if (MarkSpecial(halves) == 0) return text.size();
  }
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

// Appends the first character, which is not plain, and returns how many bytes it has. What is not
// UTF-8 becomes a replacement character.
std::size_t AppendSpecial(std::string_view text, std::string& out) {
  const std::size_t length = Utf8SequenceLength(text, 0);
  const char c = text[0];
  if (length == 0) {
    out += "\xEF\xBF\xBD";
    return 1;
  }
  if (length > 1) {
    out.append(text, 0, length);
  } else if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    AppendEscape(static_cast<unsigned char>(c), out);
  }
  return length;
}

// b"…" as CEL: printable ASCII stands for itself, every other octet is \xHH.
void AppendBytesLiteral(std::string_view bytes, std::string& out) {
  out += "b\"";
  for (const char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet == '"' || octet == '\\') {
      out += '\\';
      out += c;
    } else if (octet >= 0x20 && octet < 0x7F) {
      out += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\x%02x", octet);
      out += escape;
    }
  }
  out += '"';
}

// A double that cannot be mistaken for an int: "5.0".
std::string DoubleLiteral(double value) {
  std::string text = FormatDouble(value);
  if (!std::isfinite(value)) return "double(\"" + text + "\")";
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

class TextWriter {
 public:
  TextWriter(Form form, std::string& out) : TextWriter(form, out, kMaxTextBytes[static_cast<std::size_t>(form)]) {}
  TextWriter(Form form, std::string& out, std::size_t max_bytes)
      : form_(form), out_(out), end_(out.size() + std::min(max_bytes, kMaxTextBytes[static_cast<std::size_t>(form)])) {}

  // NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
  void Write(const Value& value) {
    switch (value.kind) {
      case Kind::kAbsent: out_ += form_ == Form::kJson ? "null" : "<absent>"; return;
      case Kind::kNull: out_ += "null"; return;
      case Kind::kBool: out_ += value.boolean ? "true" : "false"; return;
      case Kind::kInt: out_ += std::to_string(value.integer); return;
      case Kind::kUint: WriteUint(value.unsigned_integer); return;
      case Kind::kDouble: WriteDouble(value.real); return;
      case Kind::kString: AppendJsonString(form_ == Form::kDisplay ? CutBytes(value.string(), room()) : value.string(), out_); return;
      case Kind::kBytes: WriteBytes(form_ == Form::kDisplay ? value.string().substr(0, room()) : value.string()); return;
      case Kind::kTimestamp: WriteCall("timestamp", FormatTimestamp(value)); return;
      case Kind::kDuration: WriteCall("duration", FormatDuration(value)); return;
      case Kind::kList: WriteList(value); return;
      case Kind::kMap: WriteMap(value); return;
      case Kind::kOptional: WriteOptional(value); return;
      case Kind::kType: WriteWord(std::string(value.string())); return;
      case Kind::kError: WriteWord("<error: " + ErrorText(value) + ">"); return;
      case Kind::kUnknown: WriteWord("<unknown>"); return;
    }
  }

 private:
  bool full() const { return out_.size() >= end_; }
  std::size_t room() const { return full() ? 0 : end_ - out_.size(); }

  // JSON has no bare words: there they are strings.
  void WriteWord(const std::string& word) {
    if (form_ == Form::kJson)
      AppendJsonString(word, out_);
    else
      out_ += word;
  }

  void WriteUint(std::uint64_t value) {
    out_ += std::to_string(value);
    if (form_ == Form::kLiteral) out_ += 'u';
  }

  void WriteDouble(double value) {
    if (form_ == Form::kJson && !std::isfinite(value))
      AppendJsonString(FormatDouble(value), out_);
    else
      out_ += form_ == Form::kDisplay ? FormatDouble(value) : DoubleLiteral(value);
  }

  void WriteBytes(std::string_view bytes) {
    if (form_ == Form::kJson) {
      out_ += '"';
      out_ += EncodeBase64(bytes);
      out_ += '"';
    } else {
      AppendBytesLiteral(bytes, out_);
    }
  }

  void WriteCall(const char* function, const std::string& text) {
    if (form_ == Form::kLiteral) out_.append(function).append("(");
    AppendJsonString(text, out_);
    if (form_ == Form::kLiteral) out_ += ')';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteList(const Value& list) {
    out_ += '[';
    for (std::uint32_t i = 0; i < list.size; ++i) {
      if (i > 0) out_ += form_ == Form::kJson ? "," : ", ";
      if (full()) {
        out_ += form_ == Form::kJson ? "null" : "…";
        break;
      }
      Write(list.items[i]);
    }
    out_ += ']';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteMap(const Value& map) {
    out_ += '{';
    const std::uint32_t size = map.map == nullptr ? 0 : map.map->size;
    for (std::uint32_t i = 0; i < size; ++i) {
      const MapEntry& entry = map.map->entries[i];
      if (full()) {
        if (form_ != Form::kJson) out_ += i > 0 ? ", …" : "…";
        break;
      }
      if (i > 0) out_ += form_ == Form::kJson ? "," : ", ";
      WriteKey(entry.key);
      out_ += form_ == Form::kJson ? ":" : ": ";
      Write(entry.value);
    }
    out_ += '}';
  }

  // NOLINTNEXTLINE(misc-no-recursion): keys are scalars
  void WriteKey(const Value& key) {
    if (form_ == Form::kJson && !key.is(Kind::kString))
      AppendJsonString(DisplayText(key), out_);
    else
      Write(key);
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteOptional(const Value& optional) {
    if (optional.inner == nullptr) {
      out_ += form_ == Form::kJson ? "null" : form_ == Form::kDisplay ? "none" : "optional.none()";
      return;
    }
    if (form_ == Form::kLiteral) out_ += "optional.of(";
    Write(*optional.inner);
    if (form_ == Form::kLiteral) out_ += ')';
  }

  Form form_;
  std::string& out_;
  std::size_t end_;
};

}  // namespace

std::string FormatDouble(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  char scientific[32];
  const auto written = std::to_chars(scientific, scientific + sizeof(scientific), std::fabs(value), std::chars_format::scientific);
  const std::string_view text(scientific, static_cast<std::size_t>(written.ptr - scientific));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;  // of the first digit
  const char* exponent_begin = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_begin, text.data() + text.size(), exponent);
  std::string result = value < 0 ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent >= 21 || exponent < -7) {
    result += digits[0];
    if (count > 1) result.append(".").append(digits, 1);
    return result.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  }
  if (exponent < 0) return result.append("0.").append(static_cast<std::size_t>(-exponent) - 1, '0').append(digits);
  if (count <= exponent + 1)
    return result.append(digits).append(static_cast<std::size_t>(exponent) + 1 - static_cast<std::size_t>(count), '0');
  const std::size_t point = static_cast<std::size_t>(exponent) + 1;
  return result.append(digits, 0, point).append(".").append(digits, point);
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (true) {
    const std::size_t plain = CountPlain(text);
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    text.remove_prefix(AppendSpecial(text, out));
  }
  out += '"';
}

// NOLINTNEXTLINE(misc-no-recursion): the next one's
std::string DisplayText(const Value& value) { return DisplayText(value, std::string::npos); }

// NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
std::string DisplayText(const Value& value, std::size_t max_bytes) {
  if (value.is(Kind::kString)) return Shorten(value.string(), max_bytes);
  if (value.is(Kind::kTimestamp)) return FormatTimestamp(value);
  if (value.is(Kind::kDuration)) return FormatDuration(value);
  if (value.is(Kind::kOptional) && value.inner != nullptr) return DisplayText(*value.inner, max_bytes);
  std::string text;
  TextWriter(Form::kDisplay, text, max_bytes).Write(value);
  return Shorten(text, max_bytes);
}

std::string LiteralText(const Value& value) {
  std::string text;
  TextWriter(Form::kLiteral, text).Write(value);
  return text;
}

void AppendJson(const Value& value, std::string& out) { TextWriter(Form::kJson, out).Write(value); }

}  // namespace writ
