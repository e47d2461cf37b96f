// The formatter: lays the file's own tokens out again, as gofmt does. It keeps the author's line breaks and comments and decides
// indentation, spaces, blank lines and that every rule, declaration and test line starts a line. What a token is to its neighbours
// comes from the parser (LayoutFlag). The result depends on tokens, comments and line breaks only, so formatting twice changes nothing.
#include <algorithm>
#include <vector>

#include "dsl/compiler.h"
#include "dsl/parse/parser.h"

namespace writ::dsl {
namespace {

constexpr int kBlockIndent = 2;         // a block inside its declaration, a clause on a line of its own, the lines of a list or map
constexpr int kContinuationIndent = 4;  // any other line that goes on

struct Comment {
  std::string_view text;      // without trailing white space
  bool own_line = false;      // else it follows code on its line
  bool blank_before = false;  // an empty line stands before it
};

// What stands between two tokens.
struct Gap {
  std::vector<Comment> comments;
  bool line_break = false;  // right before the token that follows
  bool blank_before = false;
};

std::string_view WithoutTrailingSpace(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\f");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Requires: `text` is white space and comments.
Gap ReadGap(std::string_view text, bool at_file_start) {
  Gap gap;
  int feeds = at_file_start ? 1 : 0;  // line feeds since the last thing that is not white space
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '/') {
      const std::size_t end = std::min(text.find('\n', i), text.size());
      gap.comments.push_back({WithoutTrailingSpace(text.substr(i, end - i)), feeds > 0, feeds > 1});
      feeds = 0;
      i = end;
    } else {
      feeds += text[i] == '\n' ? 1 : 0;
      ++i;
    }
  }
  gap.line_break = feeds > 0;
  gap.blank_before = feeds > 1;
  return gap;
}

class Layout {
 public:
  Layout(std::string_view source, const std::vector<LayoutToken>& tokens) : source_(source), tokens_(tokens) {}

  std::string Run() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) Place(i);
    while (!out_.empty() && out_.back() == '\n') out_.pop_back();
    if (!out_.empty()) out_.push_back('\n');
    return std::move(out_);
  }

 private:
  // An open bracket: how lines inside of it are indented, and a line that begins with its closing one.
  struct Bracket {
    int inner = 0;
    int outer = 0;
  };

  bool Has(std::size_t i, int flags) const { return (tokens_[i].flags & flags) != 0; }
  bool Follows(std::size_t i, int flags) const { return i > 0 && Has(i - 1, flags); }
  bool AtLineStart() const { return out_.empty() || out_.back() == '\n'; }

  // The text between token i - 1 and token i.
  std::string_view GapBefore(std::size_t i) const {
    const std::uint32_t begin = i == 0 ? 0 : tokens_[i - 1].end;
    return source_.substr(begin, tokens_[i].begin - begin);
  }

  // Lays out the comments before token i, then the token. The last token is the end of the file and has no text.
  void Place(std::size_t i) {
    const Gap gap = ReadGap(GapBefore(i), i == 0);
    if (Has(i, kStarts)) brackets_.clear();
    const bool after_opening = Follows(i, kBlockOpens | kOpens);
    bool first_comment = true;
    for (const Comment& comment : gap.comments) {
      PlaceComment(comment, CommentIndent(i), first_comment && after_opening);
      first_comment = false;
    }
    if (i + 1 == tokens_.size()) return;
    if (Has(i, kBlockCloses)) --block_depth_;
    if (Has(i, kStarts | kStartsSoftly)) statement_ = block_depth_ * kBlockIndent;
    if (!gap.comments.empty() || BreaksBefore(i, gap)) {
      EndLine();
      const bool allows_blank = !Has(i, kBlockCloses | kCloses) && !(first_comment && after_opening);
      if (gap.blank_before && allows_blank) BlankLine();
      StartLine(IndentOf(i));
    } else {
      out_.append(SpaceBefore(i));
    }
    out_.append(source_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin));
    TrackBrackets(i);
  }

  bool BreaksBefore(std::size_t i, const Gap& gap) const {
    if (i == 0) return false;
    if (Has(i, kStarts)) return true;
    if (Has(i, kBlockOpens)) return false;
    if (Has(i, kBlockCloses)) return !Follows(i, kBlockOpens) && (gap.line_break || block_has_lines_);
    return gap.line_break;
  }

  int IndentOf(std::size_t i) const {
    if (Has(i, kStarts | kStartsSoftly | kBlockCloses)) return block_depth_ * kBlockIndent;
    if (!brackets_.empty()) return Has(i, kCloses) ? brackets_.back().outer : brackets_.back().inner;
    return statement_ + (Has(i, kClause) ? kBlockIndent : kContinuationIndent);
  }

  // Comments stand where the lines around them do: before a closing bracket that is inside of it.
  int CommentIndent(std::size_t i) const {
    if (Has(i, kStarts | kStartsSoftly | kBlockCloses)) return block_depth_ * kBlockIndent;
    return brackets_.empty() ? IndentOf(i) : brackets_.back().inner;
  }

  std::string_view SpaceBefore(std::size_t i) const {
    if (i == 0 || Has(i, kGlueBefore) || Follows(i, kGlueAfter)) return "";
    if (Has(i, kBlockCloses) && Follows(i, kBlockOpens)) return "";
    return Has(i, kStartsSoftly) && !Follows(i, kBlockOpens) ? "  " : " ";
  }

  void TrackBrackets(std::size_t i) {
    if (Has(i, kStarts)) block_has_lines_ = true;
    if (Has(i, kCloses) && !brackets_.empty()) brackets_.pop_back();
    if (Has(i, kOpens)) brackets_.push_back({line_indent_ + InnerStep(i), line_indent_});
    if (!Has(i, kBlockOpens)) return;
    ++block_depth_;
    block_has_lines_ = false;
  }

  // Arguments that go on from the line of their `(` stand further in than those that start below it.
  int InnerStep(std::size_t i) const {
    const bool ends_line = GapBefore(i + 1).find('\n') != std::string_view::npos;
    return source_[tokens_[i].begin] == '(' && !ends_line ? kContinuationIndent : kBlockIndent;
  }

  void PlaceComment(const Comment& comment, int indent, bool after_opening) {
    if (comment.own_line) {
      EndLine();
      if (comment.blank_before && !after_opening) BlankLine();
      StartLine(indent);
    } else {
      out_.append("  ");
    }
    out_.append(comment.text);
    EndLine();
  }

  void EndLine() {
    if (!AtLineStart()) out_.push_back('\n');
  }
  void BlankLine() {
    if (!out_.empty()) out_.push_back('\n');
  }
  void StartLine(int indent) {
    line_indent_ = indent;
    out_.append(static_cast<std::size_t>(indent), ' ');
  }

  std::string_view source_;
  const std::vector<LayoutToken>& tokens_;
  std::string out_;
  std::vector<Bracket> brackets_;  // open brackets of the statement
  int block_depth_ = 0;
  int statement_ = 0;             // indentation of the statement being laid out
  int line_indent_ = 0;           // of the line being written
  bool block_has_lines_ = false;  // the block holds rules or test lines, so its `}` stands alone
};

}  // namespace

Formatted FormatPolicy(const SourceFile& file, const SourceLimits& limits) {
  DiagnosticSink sink(limits.max_diagnostics);
  std::vector<LayoutToken> tokens;
  const FileTree tree = ParseFile(file, FileId(0), sink, limits, &tokens);
  sink.Finish(false);
  Formatted formatted;
  formatted.diagnostics = sink.diagnostics();
  if (!sink.has_errors()) formatted.text = Layout(file.text, tokens).Run();
  return formatted;
}

}  // namespace writ::dsl
