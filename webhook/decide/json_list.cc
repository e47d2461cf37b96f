// Finding where the elements of a list begin and end.
#include "webhook/decide/json_list.h"

#include <algorithm>
#include <string>
#include <utility>

namespace writ::server {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

class ListSplitter {
 public:
  ListSplitter(std::string_view text, std::size_t max_items) : text_(text), max_items_(max_items) {}

  Result<std::vector<std::string_view>> Split() {
    SkipBlanks();
    if (at_ == text_.size() || text_[at_] != '[') return Fault(at_, "expected `[`");
    ++at_;
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == ']') {
      ++at_;
    } else {
      WRIT_RETURN_IF_ERROR(SplitElements());
    }
    SkipBlanks();
    if (at_ < text_.size()) return Fault(at_, "text after the list");
    if (count_ > max_items_) {
      return Error{ErrorCode::kTooLarge,
                   "a list holds at most " + std::to_string(max_items_) + " requests, found " + std::to_string(count_)};
    }
    return std::move(items_);
  }

 private:
  static Error Fault(std::size_t at, std::string_view what) {
    return {ErrorCode::kInvalidArgument, "the body is no JSON list: byte " + std::to_string(at) + ": " + std::string(what)};
  }
  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }

  // From behind `[` to behind its `]`.
  Status SplitElements() {
    for (;;) {
      SkipBlanks();
      const std::size_t begin = at_;
      WRIT_RETURN_IF_ERROR(PassElement());
      const std::string_view item = text_.substr(begin, at_ - begin);
      if (item.empty()) return Fault(begin, "expected an element");
      if (++count_ <= max_items_) items_.push_back(item.substr(0, item.find_last_not_of(kBlanks) + 1));
      if (text_[at_++] == ']') return OkStatus();
    }
  }

  // Stops at the comma or bracket that ends the element.
  Status PassElement() {
    std::string closing;  // of the brackets that are open, innermost last
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (closing.empty() && (c == ',' || c == ']')) return OkStatus();
      if (c == '"') {
        WRIT_RETURN_IF_ERROR(PassString());
      } else if (c == '[' || c == '{') {
        closing += c == '[' ? ']' : '}';
      } else if (c == ']' || c == '}') {
        if (closing.empty() || closing.back() != c) return Fault(at_, std::string("`") + c + "` closes nothing that is open here");
        closing.pop_back();
      }
    }
    return Fault(at_, "the text ends inside the list");
  }

  // From the opening quote to the closing one.
  Status PassString() {
    const std::size_t begin = at_;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) return Fault(begin, "a string without end");
    return OkStatus();
  }

  std::string_view text_;
  std::size_t max_items_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::vector<std::string_view> items_;
};

}  // namespace

Result<std::vector<std::string_view>> SplitJsonList(std::string_view text, std::size_t max_items) {
  return ListSplitter(text, max_items).Split();
}

}  // namespace writ::server
