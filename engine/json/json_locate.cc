// A plain scanner for RFC 8259 that keeps the path and the keys of every open object. It runs only after the fast parser has
// refused a text, so it is written for its messages.
#include "engine/json/json_locate.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unordered_set>
#include <vector>

#include "rules/base/utf8.h"
#include "rules/model/value.h"

namespace writ {
namespace {

std::string Shown(std::string_view text) { return Shorten(text, kMaxShownNameBytes); }

bool IsIdentifier(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!word) return false;
  }
  return true;
}

class Scanner {
 public:
  Scanner(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  std::optional<JsonFault> Run() {
    if (text_.starts_with("\xEF\xBB\xBF")) return Fault(0, "a byte-order mark is not JSON");
    SkipSpace();
    if (AtEnd()) return Fault(at_, text_.empty() ? "the document is empty" : "the document holds nothing but white space");
    if (auto fault = Value()) return fault;
    while (!frames_.empty()) {
      if (auto fault = Next()) return fault;
    }
    SkipSpace();
    if (!AtEnd()) return Fault(at_, "trailing " + Found() + " after the document");
    return std::nullopt;
  }

 private:
  struct Frame {
    bool is_object = false;
    std::size_t index = 0;                   // of the current item
    std::string key;                         // of the current member
    std::unordered_set<std::uint64_t> keys;  // hashes of those seen so far, seeded: no choice of keys makes them collide
  };

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  void SkipSpace() {
    while (!AtEnd() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r')) ++at_;
  }

  // What stands at the current place, for "expected X, found Y".
  std::string Found() const {
    if (AtEnd()) return "end of text";
    const std::size_t length = Utf8SequenceLength(text_, at_);
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      char hex[16];
      std::snprintf(hex, sizeof hex, "byte 0x%02X", byte);
      return hex;
    }
    return "`" + std::string(text_.substr(at_, length)) + "`";
  }

  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (!frame.is_object) {
        path += "[" + std::to_string(frame.index) + "]";
      } else if (!frame.key.empty()) {
        if (IsIdentifier(frame.key))
          path += (path.empty() ? "" : ".") + Shown(frame.key);
        else
          path += "[\"" + Shown(frame.key) + "\"]";
      }
    }
    return Shown(path);
  }

  JsonFault Fault(std::size_t offset, std::string text) const { return {offset, Path(), std::move(text), false}; }

  // After a value: the comma and the next value, or the end of the container.
  std::optional<JsonFault> Next() {
    SkipSpace();
    Frame& frame = frames_.back();
    if (Peek() == (frame.is_object ? '}' : ']') && !AtEnd()) {
      ++at_;
      frames_.pop_back();
      return std::nullopt;
    }
    if (Peek() != ',') {
      frame.key.clear();
      return Fault(at_, std::string("expected `,` or `") + (frame.is_object ? "}" : "]") + "`, found " + Found());
    }
    ++at_;
    SkipSpace();
    if (frame.is_object) return Member();
    ++frame.index;
    return Value();
  }

  // A key, a colon, a value.
  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  std::optional<JsonFault> Member() {
    Frame& frame = frames_.back();
    frame.key.clear();
    if (Peek() != '"') return Fault(at_, "expected a key in double quotes, found " + Found());
    const std::size_t begin = at_;
    std::string key;
    if (auto fault = String(&key)) return fault;
    if (!frame.keys.insert(HashKey(writ::Value::String(key))).second) return Fault(begin, "duplicate key `" + Shown(key) + "`");
    frame.key = key;
    SkipSpace();
    if (Peek() != ':') return Fault(at_, "expected `:`, found " + Found());
    ++at_;
    SkipSpace();
    return Value();
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  std::optional<JsonFault> Value() {
    switch (Peek()) {
      case '{':
      case '[': return Open();
      case '"': return String(nullptr);
      case 't': return Word("true");
      case 'f': return Word("false");
      case 'n': return Word("null");
      default: break;
    }
    if (Peek() == '-' || (Peek() >= '0' && Peek() <= '9')) return Number();
    return Fault(at_, "expected a value, found " + Found());
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
  std::optional<JsonFault> Open() {
    const bool is_object = Peek() == '{';
    if (frames_.size() >= limits_.max_depth) {
      JsonFault fault = Fault(at_, "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
      fault.path.clear();  // a path of a hundred steps says nothing
      fault.limit = true;
      return fault;
    }
    ++at_;
    frames_.emplace_back();
    frames_.back().is_object = is_object;
    SkipSpace();
    if (!AtEnd() && Peek() == (is_object ? '}' : ']')) {
      ++at_;
      frames_.pop_back();
      return std::nullopt;
    }
    return is_object ? Member() : Value();  // NOLINT(misc-no-recursion): depth <= limits_.max_depth
  }

  std::optional<JsonFault> Word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return Fault(at_, "expected a value, found " + Found());
    at_ += word.size();
    const char next = Peek();
    const bool ends = AtEnd() || next == ',' || next == '}' || next == ']' || next == ' ' || next == '\t' || next == '\n' || next == '\r';
    if (!ends) return Fault(at_, "expected the end of `" + std::string(word) + "`, found " + Found());
    return std::nullopt;
  }

  std::size_t Digits() {
    const std::size_t begin = at_;
    while (Peek() >= '0' && Peek() <= '9' && !AtEnd()) ++at_;
    return at_ - begin;
  }

  std::optional<JsonFault> Number() {
    const std::size_t begin = at_;
    if (Peek() == '-') ++at_;
    const bool zero = Peek() == '0';
    const std::size_t digits = Digits();
    if (digits == 0) return Fault(at_, "expected a digit, found " + Found());
    if (zero && digits > 1) return Fault(begin, "a number cannot begin with a zero");
    if (Peek() == '.') {
      ++at_;
      if (Digits() == 0) return Fault(at_, "expected a digit, found " + Found());
    }
    if (Peek() == 'e' || Peek() == 'E') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      if (Digits() == 0) return Fault(at_, "expected a digit, found " + Found());
    }
    const std::string number(text_.substr(begin, at_ - begin));
    if (std::isinf(std::strtod(number.c_str(), nullptr)))
      return Fault(begin, "number out of range: `" + Shown(number) + "` does not fit in a double");
    return std::nullopt;
  }

  // A string in quotes; its decoded bytes go to `out` when wanted.
  std::optional<JsonFault> String(std::string* out) {
    const std::size_t begin = at_++;
    while (!AtEnd() && Peek() != '"') {
      if (Peek() == '\\') {
        if (auto fault = Escape(out)) return fault;
        continue;
      }
      if (static_cast<unsigned char>(Peek()) < 0x20)
        return Fault(at_, "control character " + Found() + " in a string: write it as an escape");
      const std::size_t length = Utf8SequenceLength(text_, at_);
      if (length == 0) return Fault(at_, "invalid UTF-8: " + Found());
      if (out != nullptr) out->append(text_.substr(at_, length));
      at_ += length;
    }
    if (AtEnd()) return Fault(begin, "a string without its closing quote");
    ++at_;
    return std::nullopt;
  }

  std::optional<JsonFault> Escape(std::string* out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt", kBytes = "\"\\/\b\f\n\r\t";
    const std::size_t begin = at_++;
    const std::size_t known = AtEnd() ? std::string_view::npos : kNames.find(Peek());
    if (known != std::string_view::npos) {
      if (out != nullptr) *out += kBytes[known];
      ++at_;
      return std::nullopt;
    }
    std::uint32_t code_point = 0;
    if (!Hex(&code_point)) return Fault(begin, "invalid escape in a string");
    if (code_point >= 0xDC00 && code_point <= 0xDFFF) return Fault(begin, "lone surrogate in a string");
    if (code_point >= 0xD800 && code_point <= 0xDBFF) {
      std::uint32_t low = 0;
      if (Peek() != '\\') return Fault(begin, "lone surrogate in a string");
      ++at_;
      if (!Hex(&low) || low < 0xDC00 || low > 0xDFFF) return Fault(begin, "lone surrogate in a string");
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (out != nullptr) AppendCodePoint(code_point, *out);
    return std::nullopt;
  }

  // "uXXXX" at the current place.
  bool Hex(std::uint32_t* value) {
    if (Peek() != 'u' || text_.size() - at_ < 5) return false;
    const char* digits = text_.data() + at_ + 1;
    const auto [end, error] = std::from_chars(digits, digits + 4, *value, 16);
    if (error != std::errc() || end != digits + 4) return false;
    at_ += 5;
    return true;
  }

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0;
  std::vector<Frame> frames_;
};

}  // namespace

std::optional<JsonFault> LocateJsonFault(std::string_view text, const JsonLimits& limits) { return Scanner(text, limits).Run(); }

std::string JsonFaultText(const JsonFault& fault) {
  std::string text = "byte " + std::to_string(fault.byte_offset) + ": " + fault.text;
  if (!fault.path.empty()) text += " in `" + fault.path + "`";
  return text;
}

}  // namespace writ
