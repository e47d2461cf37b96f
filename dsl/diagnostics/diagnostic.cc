#include "dsl/diagnostics/diagnostic.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "rules/base/check.h"
#include "rules/base/printable.h"
#include "rules/base/utf8.h"

namespace writ::dsl {
namespace {

constexpr std::uint32_t kTabWidth = 4;
constexpr std::uint32_t kMaxShownColumns = 160;  // of a source line: a minified megabyte must not flood the terminal
constexpr std::size_t kMaxShownBytes = 4096;     // the same where characters take no columns

struct KindInfo {
  std::string_view name;
  Severity severity;
  std::string_view text;
};

constexpr KindInfo kKinds[] = {
#define WRIT_INFO(name, severity, text) {#name, Severity::k##severity, text},
    WRIT_DIAGNOSTICS(WRIT_INFO)
#undef WRIT_INFO
};

const KindInfo& InfoOfKind(DiagnosticKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::string FillTemplate(std::string_view text, std::initializer_list<std::string_view> arguments) {
  std::string filled;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_hole = text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}' && text[i + 1] >= '0' && text[i + 1] <= '9';
    if (!is_hole) {
      filled.push_back(text[i]);
      continue;
    }
    const auto index = static_cast<std::size_t>(text[i + 1] - '0');
    WRIT_DCHECK(index < arguments.size());
    if (index < arguments.size()) filled.append(*(arguments.begin() + index));
    i += 2;
  }
  return filled;
}

// ---- what a code point looks like on a terminal ---------------------------------------------------------------------

struct CodePoint {
  std::uint32_t value = 0;
  std::uint32_t bytes = 1;
  bool valid = true;
};

// Decodes leniently: a byte that starts no valid sequence is a code point of its own.
CodePoint DecodeAt(std::string_view text, std::size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return {lead, 1, true};
  const auto length = static_cast<std::uint32_t>(Utf8SequenceLength(text, i));
  if (length == 0) return {lead, 1, false};
  return {CodePointOf(text.substr(i, length)), length, true};
}

struct Range {
  std::uint32_t first, last;
};

bool IsInRanges(std::uint32_t value, std::span<const Range> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) { return value >= range.first && value <= range.last; });
}

// Columns a printable code point takes. Source: Unicode East Asian Width (W, F) and combining marks, the common blocks.
std::uint32_t WidthOf(std::uint32_t value) {
  static constexpr Range kZero[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},    {0x610, 0x61A},
                                    {0x64B, 0x65F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},  {0x20D0, 0x20FF},
                                    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};
  static constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
                                    {0xA000, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                    {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  if (value < 0x300) return 1;
  if (IsInRanges(value, kZero)) return 0;
  return IsInRanges(value, kWide) ? 2 : 1;
}

// ---- one source line, laid out --------------------------------------------------------------------------------------

// A line as shown, with the columns [begin, end) that the span covers.
struct ShownLine {
  std::string text;
  std::uint32_t underline_begin = 0;
  std::uint32_t underline_end = 0;
};

// One displayed cell group: the text of a code point and its columns.
struct Glyph {
  std::string text;
  std::uint32_t width = 0;
};

Glyph GlyphAt(std::string_view line, std::size_t i, const CodePoint& point, std::uint32_t column) {
  if (point.value == '\t') {
    const std::uint32_t width = kTabWidth - column % kTabWidth;
    return {std::string(width, ' '), width};
  }
  if (!point.valid || IsDangerous(point.value)) {
    std::string escape = Printable(line.substr(i, point.bytes));
    const auto width = static_cast<std::uint32_t>(escape.size());
    return {std::move(escape), width};
  }
  return {std::string(line.substr(i, point.bytes)), WidthOf(point.value)};
}

// Lays `line` out; `begin` and `end` are byte offsets in it. A long line is cut to a window around `begin`.
ShownLine LayOutLine(std::string_view line, std::size_t begin, std::size_t end) {
  const bool cut_left = begin > kMaxShownColumns * 3 / 4;
  std::size_t from = cut_left ? begin - kMaxShownColumns / 4 : 0;
  while (from > 0 && IsTailByte(line[from])) --from;
  ShownLine shown;
  std::uint32_t column = 0;
  if (cut_left) {
    shown.text = "…";
    column = 1;
  }
  shown.underline_begin = shown.underline_end = column;
  for (std::size_t i = from; i < line.size();) {
    if (column >= kMaxShownColumns || shown.text.size() > kMaxShownBytes) {
      shown.text += "…";
      break;
    }
    const CodePoint point = DecodeAt(line, i);
    const Glyph glyph = GlyphAt(line, i, point, column);
    shown.text += glyph.text;
    if (i < begin) shown.underline_begin = column + glyph.width;
    column += glyph.width;
    if (i < end) shown.underline_end = column;
    i += point.bytes;
  }
  shown.underline_end = std::max(shown.underline_end, shown.underline_begin + 1);  // an empty span points between
  return shown;
}

struct Colours {
  std::string_view severity, strong, dim, off;
};

Colours ColoursFor(Severity severity, bool colour) {
  if (!colour) return {};
  return {severity == Severity::kError ? "\x1b[1;31m" : "\x1b[1;33m", "\x1b[1m", "\x1b[34m", "\x1b[0m"};
}

// The source text of a span: its first line and, when it goes on, its last.
class Excerpt {
 public:
  Excerpt(std::string_view text, SourceSpan span, const Colours& colours) : text_(text), colours_(colours) {
    begin_ = std::min<std::size_t>(span.begin, text.size());
    end_ = std::min<std::size_t>(std::max(span.begin, span.end), text.size());
  }

  void Append(std::uint32_t first_line, std::string& out) const {
    const std::size_t line_begin = StartOfLine(begin_);
    const std::size_t line_end = EndOfLine(begin_);
    AppendLine(first_line, line_begin, line_end, begin_, std::min(end_, line_end), out);
    if (end_ <= line_end + 1) return;
    const std::size_t last_begin = StartOfLine(end_ - 1);
    const auto lines = static_cast<std::uint32_t>(
        std::count(text_.begin() + static_cast<std::ptrdiff_t>(begin_), text_.begin() + static_cast<std::ptrdiff_t>(last_begin), '\n'));
    if (lines > 1) out.append(colours_.dim).append(" ...").append(colours_.off).append("\n");
    std::size_t marked = last_begin;  // the underline starts at the text, not at its indentation
    while (marked < end_ && (text_[marked] == ' ' || text_[marked] == '\t')) ++marked;
    AppendLine(first_line + lines, last_begin, EndOfLine(end_ - 1), marked, end_, out);
  }

 private:
  std::size_t StartOfLine(std::size_t offset) const {
    const std::size_t feed = offset == 0 ? std::string_view::npos : text_.rfind('\n', offset - 1);
    return feed == std::string_view::npos ? 0 : feed + 1;
  }
  std::size_t EndOfLine(std::size_t offset) const {
    std::size_t end = std::min(text_.find('\n', offset), text_.size());
    if (end > offset && text_[end - 1] == '\r') --end;
    return end;
  }
  void AppendLine(std::uint32_t number, std::size_t line_begin, std::size_t line_end, std::size_t begin, std::size_t end,
                  std::string& out) const {
    const ShownLine shown = LayOutLine(text_.substr(line_begin, line_end - line_begin), begin - line_begin, end - line_begin);
    std::array<char, 16> gutter{};
    std::snprintf(gutter.data(), gutter.size(), "%4u | ", number);
    const std::string_view label = gutter.data();
    out.append(colours_.dim).append(label).append(colours_.off).append(shown.text).append("\n");
    out.append(colours_.dim).append(label.size() - 2, ' ').append("| ").append(colours_.off).append(shown.underline_begin, ' ');
    out.append(colours_.severity).append(shown.underline_end - shown.underline_begin, '^').append(colours_.off).append("\n");
  }

  std::string_view text_;
  const Colours& colours_;
  std::size_t begin_ = 0, end_ = 0;
};

void AppendRemark(std::string_view label, std::string_view text, const Colours& colours, std::string& out) {
  if (text.empty()) return;
  out.append("  ").append(colours.strong).append(label).append(colours.off).append(" ");
  for (const char c : Printable(text, LineFeeds::kKept)) {
    out.push_back(c);
    if (c == '\n') out.append("    ");
  }
  out.append("\n");
}

// "pod.writ:7:22"
std::string PlaceText(const SourceFile& file, const SourceLocation& place) {
  return Printable(file.name) + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

void AppendRelated(const RelatedPlace& related, std::span<const SourceFile> files, const Colours& colours, std::string& out) {
  WRIT_CHECK(related.span.file.index < files.size());
  const SourceFile& file = files[related.span.file.index];
  const SourceLocation place = LocateOffset(related.span.file, file.text, related.span.begin);
  AppendRemark("note:", related.text + ": " + PlaceText(file, place), colours, out);
  Excerpt(file.text, related.span, colours).Append(place.line, out);
}

}  // namespace

std::string_view DiagnosticKindName(DiagnosticKind kind) { return InfoOfKind(kind).name; }
Severity SeverityOf(DiagnosticKind kind) { return InfoOfKind(kind).severity; }
std::string_view DiagnosticTemplate(DiagnosticKind kind) { return InfoOfKind(kind).text; }

Diagnostic& DiagnosticSink::Emit(DiagnosticKind kind, SourceSpan span, std::initializer_list<std::string_view> arguments) {
  const Severity severity = SeverityOf(kind);
  const bool is_error = severity == Severity::kError;
  ++(is_error ? error_count_ : warning_count_);
  if ((is_error ? stored_errors_ : diagnostics_.size() - stored_errors_) >= max_) {
    overflow_ = {};
    return overflow_;
  }
  if (is_error) ++stored_errors_;
  return diagnostics_.emplace_back(Diagnostic{kind, severity, span, FillTemplate(DiagnosticTemplate(kind), arguments), "", ""});
}

void DiagnosticSink::Finish(bool strict) {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    if (a.span.file != b.span.file) return a.span.file < b.span.file;
    return a.span.begin < b.span.begin;
  });
  for (std::size_t i = diagnostics_.size(); i-- > 0 && diagnostics_.size() > max_;) {
    if (diagnostics_[i].severity == Severity::kWarning) diagnostics_.erase(diagnostics_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!strict) return;
  std::uint32_t told = 0;
  for (Diagnostic& diagnostic : diagnostics_) {
    if (diagnostic.kind == DiagnosticKind::kWidenedPattern) {
      ++told;  // what a release has widened is no fault: nothing could be written so that it is not told
    } else {
      diagnostic.severity = Severity::kError;
    }
  }
  error_count_ += warning_count_ - told;
  warning_count_ = told;
}

std::string RenderDiagnostic(const Diagnostic& diagnostic, std::span<const SourceFile> files, bool colour) {
  WRIT_CHECK(diagnostic.span.file.index < files.size());
  const SourceFile& file = files[diagnostic.span.file.index];
  const SourceLocation place = LocateOffset(diagnostic.span.file, file.text, diagnostic.span.begin);
  const Colours colours = ColoursFor(diagnostic.severity, colour);
  std::string out;
  out.append(colours.strong).append(PlaceText(file, place)).append(":").append(colours.off).append(" ").append(colours.severity);
  out.append(diagnostic.severity == Severity::kError ? "error:" : "warning:").append(colours.off).append(" ").append(colours.strong);
  out.append(Printable(diagnostic.message)).append(colours.off);
  out.append(" [").append(DiagnosticKindName(diagnostic.kind)).append("]\n");
  Excerpt(file.text, diagnostic.span, colours).Append(place.line, out);
  for (const RelatedPlace& related : diagnostic.related) AppendRelated(related, files, colours, out);
  AppendRemark("note:", diagnostic.note, colours, out);
  AppendRemark("help:", diagnostic.help, colours, out);
  return out;
}

}  // namespace writ::dsl
