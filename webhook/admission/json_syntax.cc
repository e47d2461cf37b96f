// The grammar of JSON as a loop over values and what may follow them.
#include "webhook/admission/json_syntax.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "rules/base/utf8.h"

namespace writ::server {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Takes tokens off the front. Each Take… returns false, with nothing promised about the rest, when there is none.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void SkipBlanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  bool empty() const { return rest_.empty(); }
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A literal, number or string.
  bool TakeScalar() { return TakeWord("true") || TakeWord("false") || TakeWord("null") || TakeString() || TakeNumber(); }
  bool TakeString() {
    if (!Take('"')) return false;
    while (!Take('"')) {
      if (rest_.empty() || static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      if (!(Take('\\') ? TakeEscape() : TakeAny())) return false;
    }
    return true;
  }

 private:
  bool TakeWord(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool TakeAny() {
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeEscape() {
    if (!Take('u')) return !rest_.empty() && std::string_view("\"\\/bfnrt").find(rest_.front()) != std::string_view::npos && TakeAny();
    for (int digit = 0; digit < 4; ++digit) {
      if (rest_.empty() || !IsHexDigit(rest_.front())) return false;
      TakeAny();
    }
    return true;
  }
  bool TakeDigits() {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && IsDigit(rest_.front())) TakeAny();
    return rest_.size() < before;
  }
  bool TakeNumber() {
    Take('-');
    if (!Take('0') && !TakeDigits()) return false;
    if (Take('.') && !TakeDigits()) return false;
    if (!Take('e') && !Take('E')) return true;
    if (!Take('+')) Take('-');
    return TakeDigits();
  }

  std::string_view rest_;
};

constexpr bool kObject = true, kArray = false;

// Behind a value: closes what ends here. False for a fault. `wants_value`: another value follows.
bool TakeEnds(Scanner& scanner, std::vector<bool>& open, bool& wants_value) {
  wants_value = false;
  while (!open.empty()) {
    scanner.SkipBlanks();
    if (scanner.Take(',')) {
      wants_value = true;
      return true;
    }
    if (!scanner.Take(open.back() == kObject ? '}' : ']')) return false;
    open.pop_back();
  }
  return true;
}

bool TakeKey(Scanner& scanner) {
  scanner.SkipBlanks();
  if (!scanner.TakeString()) return false;
  scanner.SkipBlanks();
  return scanner.Take(':');
}

}  // namespace

bool IsJsonSyntax(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark; whoever reads it strictly says so
  if (!IsValidUtf8(text)) return false;
  Scanner scanner(text);
  std::vector<bool> open;  // what is open around the value: objects and arrays
  bool wants_value = true;
  bool is_first = false;  // the value may be missing: `{}`, `[]`
  while (wants_value) {
    scanner.SkipBlanks();
    const bool closes = is_first && scanner.Take(open.back() == kObject ? '}' : ']');
    is_first = false;
    if (closes) {
      open.pop_back();
    } else {
      if (!open.empty() && open.back() == kObject && !TakeKey(scanner)) return false;
      scanner.SkipBlanks();
      const bool is_object = scanner.Take('{');
      if (is_object || scanner.Take('[')) {
        open.push_back(is_object ? kObject : kArray);
        is_first = true;
        continue;
      }
      if (!scanner.TakeScalar()) return false;
    }
    if (!TakeEnds(scanner, open, wants_value)) return false;
  }
  scanner.SkipBlanks();
  return scanner.empty();
}

}  // namespace writ::server
