#include "cli/json_split.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "cli/text.h"

namespace writ::cli {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

class Splitter {
 public:
  Splitter(std::string_view file, std::string_view text, const ManifestLimits& limits) : file_(file), text_(text), limits_(limits) {}

  Result<std::vector<Document>> Split(std::size_t begin, std::size_t& end_of_json) {
    std::size_t at = begin;
    while (at < text_.size() && !IsMarker(at)) {
      commas_.clear();
      const bool begins = text_[at] == '{' || text_[at] == '[';
      if (!begins) error_ = Fail(at, "found more text after the document, expected `{` or `[`");
      const std::optional<std::size_t> end = begins ? FindEnd(at) : std::nullopt;
      if (!end) {
        // One bad line of JSON lines: the reader says what is wrong with it, and the others are read.
        const std::size_t next = FindNextLine(at);
        const bool is_marked = text_.find("\n---", at) != std::string_view::npos;  // then it is no list of lines
        if (is_marked || !IsLineOfLines(at) || (next == text_.size() && documents_.empty())) return error_;
        WRIT_RETURN_IF_ERROR(Add(at, text_.find_last_not_of(kBlanks, next - 1) + 1));
        at = next;
        continue;
      }
      if (text_[at] == '{') {
        WRIT_RETURN_IF_ERROR(Add(at, *end));
      } else {
        WRIT_RETURN_IF_ERROR(AddItems(at, *end));
      }
      at = SkipBlanks(*end);
    }
    end_of_json = at;
    return std::move(documents_);
  }

 private:
  Error Fail(std::size_t at, std::string message) const {
    return {ErrorCode::kInvalidArgument, PlaceOf(file_, text_, at) + ": not JSON: " + std::move(message)};
  }

  // Whether a line begins at `at`, and every document before it has a line of its own.
  bool IsLineOfLines(std::size_t at) const {
    const std::size_t before = at == 0 ? std::string_view::npos : text_.find_last_not_of(" \t", at - 1);
    if (before != std::string_view::npos && text_[before] != '\n') return false;
    return std::none_of(documents_.begin(), documents_.end(),
                        [](const Document& each) { return each.json.find('\n') != std::string::npos; });
  }

  // Returns where the next line begins with a document, or the end of the text.
  std::size_t FindNextLine(std::size_t at) const {
    for (std::size_t feed = text_.find('\n', at); feed != std::string_view::npos; feed = text_.find('\n', feed + 1)) {
      if (feed + 1 < text_.size() && text_[feed + 1] == '{') return feed + 1;
    }
    return text_.size();
  }

  // Returns the place after the string that begins at `at`, or nothing when it is not closed.
  std::size_t SkipString(std::size_t at) const {
    for (std::size_t i = at + 1; i < text_.size(); ++i) {
      if (text_[i] == '\n') return std::string_view::npos;  // no string has one
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '"') {
        return i + 1;
      }
    }
    return std::string_view::npos;
  }

  // Returns the place after the bracket that closes the one at `at`; notes the commas of the outermost level.
  std::optional<std::size_t> FindEnd(std::size_t at) {
    std::string closers;
    for (std::size_t i = at; i < text_.size();) {
      const char c = text_[i];
      if (c == '"') {
        const std::size_t end = SkipString(i);
        if (end == std::string_view::npos) {
          error_ = Fail(i, "this string is not closed");
          return std::nullopt;
        }
        i = end;
        continue;
      }
      if (c == '{' || c == '[') closers.push_back(c == '{' ? '}' : ']');
      if (c == ',' && closers.size() == 1) commas_.push_back(i);
      if (c == '}' || c == ']') {
        if (closers.back() != c) {
          error_ = Fail(i, std::string("found `") + c + "`, expected `" + closers.back() + "`");
          return std::nullopt;
        }
        closers.pop_back();
        if (closers.empty()) return i + 1;
      }
      ++i;
    }
    error_ = Fail(at, std::string("this `") + text_[at] + "` is not closed");
    return std::nullopt;
  }

  Status AddItems(std::size_t open, std::size_t end) {
    const bool is_empty = commas_.empty() && text_.substr(open + 1, end - open - 2).find_first_not_of(kBlanks) == std::string_view::npos;
    if (is_empty) return OkStatus();
    commas_.push_back(end - 1);
    std::size_t begin = open + 1;
    for (const std::size_t comma : commas_) {
      const std::size_t first = std::min(text_.find_first_not_of(kBlanks, begin), comma);
      if (first == comma) return Fail(comma, "found `" + std::string(1, text_[comma]) + "`, expected a value");
      WRIT_RETURN_IF_ERROR(Add(first, text_.find_last_not_of(kBlanks, comma - 1) + 1));
      begin = comma + 1;
    }
    return OkStatus();
  }

  Status Add(std::size_t begin, std::size_t end) {
    if (documents_.size() >= limits_.max_documents) {
      return Error{ErrorCode::kTooLarge, PlaceOf(file_, text_, begin) + ": more than " + Counted(limits_.max_documents, "document")};
    }
    if (end - begin > limits_.max_document_bytes) {
      return Error{ErrorCode::kTooLarge,
                   PlaceOf(file_, text_, begin) + ": the document is larger than " + std::to_string(limits_.max_document_bytes) + " bytes"};
    }
    line_ += static_cast<std::uint32_t>(
        std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_), text_.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
    counted_ = begin;
    Document document;
    document.file = file_;
    document.line = line_;
    document.is_json = true;
    document.byte_offset = begin;
    document.json = text_.substr(begin, end - begin);
    documents_.push_back(std::move(document));
    return OkStatus();
  }

  std::size_t SkipBlanks(std::size_t at) const { return std::min(text_.find_first_not_of(kBlanks, at), text_.size()); }

  bool IsMarker(std::size_t at) const { return text_.substr(at, 3) == "---" && text_[at - 1] == '\n'; }

  std::string_view file_;
  std::string_view text_;
  const ManifestLimits& limits_;
  std::vector<Document> documents_;
  std::vector<std::size_t> commas_;  // of the outermost list of the document at hand
  std::uint32_t line_ = 1;           // of byte `counted_`
  std::size_t counted_ = 0;
  Error error_;
};

}  // namespace

Result<std::vector<Document>> SplitJson(std::string_view file, std::string_view text, std::size_t begin, const ManifestLimits& limits,
                                        std::size_t& end) {
  return Splitter(file, text, limits).Split(begin, end);
}

}  // namespace writ::cli
