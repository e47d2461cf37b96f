// WWW-Authenticate. Source: RFC 9110 §5.6 (tokens, quoted strings, lists) and §11.
//
//   challenges = *( "," / challenge )       challenge = scheme [ 1*SP ( token68 / params ) ]
//   param      = token BWS "=" BWS ( token / quoted-string )
//
// After a comma a token is a parameter when "=" follows it, otherwise the scheme of the next challenge.
#include "webhook/image/registry/challenge.h"

#include <algorithm>

#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxChallenges = 8;
constexpr std::size_t kMaxParameters = 16;

bool IsTokenLetter(char c) { return IsLetter(c) || IsDigit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; }
bool IsToken68Letter(char c) { return IsLetter(c) || IsDigit(c) || std::string_view("-._~+/").find(c) != std::string_view::npos; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<Challenge>> Read() {
    for (SkipSeparators(); at_ < text_.size(); SkipSeparators()) {
      if (out_.size() == kMaxChallenges) return Bad("has too many challenges");
      const std::string_view scheme = TakeToken();
      if (scheme.empty()) return Bad("found no scheme where one is due");
      if (at_ < text_.size() && !IsBlank(text_[at_]) && text_[at_] != ',') return Bad("found no blank behind a scheme");
      out_.push_back({Lower(scheme), {}});
      WRIT_RETURN_IF_ERROR(ReadParameters(out_.back()));
    }
    if (out_.empty()) return Bad("is empty");
    return std::move(out_);
  }

 private:
  static Error Bad(std::string_view why) { return Error{ErrorCode::kInvalidArgument, "the header WWW-Authenticate " + std::string(why)}; }

  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  void SkipSeparators() {
    while (at_ < text_.size() && (IsBlank(text_[at_]) || text_[at_] == ',')) ++at_;
  }
  std::string_view TakeToken() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsTokenLetter(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Skips one token68, as of `Negotiate`, which nobody here understands.
  bool TrySkipToken68() {
    std::size_t end = at_;
    while (end < text_.size() && IsToken68Letter(text_[end])) ++end;
    if (end == at_) return false;
    while (end < text_.size() && text_[end] == '=') ++end;
    std::size_t after = end;
    while (after < text_.size() && IsBlank(text_[after])) ++after;
    if (after < text_.size() && text_[after] != ',') return false;
    at_ = after;
    return true;
  }

  Status ReadParameters(Challenge& to) {
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] != ',' && TrySkipToken68()) return OkStatus();
    for (;;) {
      const std::size_t before = at_;
      SkipSeparators();
      const std::string_view name = TakeToken();
      SkipBlanks();
      if (name.empty() || at_ >= text_.size() || text_[at_] != '=') {
        // Not a parameter: the next challenge begins behind a comma.
        const bool is_at_comma = text_.substr(before, at_ - before).find(',') != std::string_view::npos;
        const bool is_at_end = name.empty() && at_ >= text_.size();
        at_ = before;
        return is_at_end || is_at_comma ? OkStatus() : Bad("found a parameter without a value");
      }
      ++at_;
      SkipBlanks();
      WRIT_RETURN_IF_ERROR(ReadValue(name, to));
      SkipBlanks();
      if (at_ < text_.size() && text_[at_] != ',') return Bad("found no comma between parameters");
    }
  }

  Status ReadValue(std::string_view name, Challenge& to) {
    std::string value;
    if (at_ < text_.size() && text_[at_] == '"') {
      WRIT_RETURN_IF_ERROR(ReadQuoted(value));
    } else {
      value = TakeToken();
      if (value.empty()) return Bad("found a parameter without a value");
    }
    if (to.parameters.size() == kMaxParameters) return Bad("has too many parameters");
    if (!to.parameters.emplace(Lower(name), std::move(value)).second) return Bad("has the parameter `" + Shown(name) + "` twice");
    return OkStatus();
  }

  Status ReadQuoted(std::string& to) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return OkStatus();
      }
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if ((byte < 0x20 && byte != '\t') || byte == 0x7F) return Bad("has a control character");
      to += text_[at_];
    }
    return Bad("has a quotation mark that is not closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Challenge> out_;
};

}  // namespace

Result<std::vector<Challenge>> ParseChallenges(std::string_view header) { return Reader(header).Read(); }

}  // namespace writ::image
