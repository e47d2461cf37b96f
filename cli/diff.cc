// The longest common subsequence of the lines between the common head and the common tail, by the textbook table.
#include "cli/diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace writ::cli {
namespace {

using Lines = std::span<const std::string_view>;

constexpr std::size_t kMaxTableCells = 4'000'000;
constexpr std::size_t kContextLines = 3;

struct Edit {
  char op;  // ' ' both, '-' before only, '+' after only
  std::string_view line;
};

// Each line with its line feed; the last may lack it.
std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

void AppendAll(char op, Lines lines, std::vector<Edit>& edits) {
  for (const std::string_view line : lines) edits.push_back({op, line});
}

void DiffMiddle(Lines a, Lines b, std::vector<Edit>& edits) {
  if (a.empty() || b.empty() || a.size() > kMaxTableCells / b.size()) {
    AppendAll('-', a, edits);
    AppendAll('+', b, edits);
    return;
  }
  const std::size_t width = b.size() + 1;
  std::vector<std::uint32_t> common((a.size() + 1) * width);  // [i * width + j]: longest common subsequence of a[i…] and b[j…]
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1 : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i] == b[j]) {
      edits.push_back({' ', a[i++]});
      ++j;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
      edits.push_back({'-', a[i++]});
    } else {
      edits.push_back({'+', b[j++]});
    }
  }
  AppendAll('-', a.subspan(i), edits);
  AppendAll('+', b.subspan(j), edits);
}

std::vector<Edit> DiffLines(Lines a, Lines b) {
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  std::vector<Edit> edits;
  AppendAll(' ', a.first(head), edits);
  DiffMiddle(a.subspan(head, a.size() - head - tail), b.subspan(head, b.size() - head - tail), edits);
  AppendAll(' ', a.last(tail), edits);
  return edits;
}

std::string Range(std::size_t first_line, std::size_t count) {
  // An empty range names the line before it, as diff(1) does.
  return std::to_string(count == 0 ? first_line - 1 : first_line) + (count == 1 ? "" : "," + std::to_string(count));
}

}  // namespace

std::string UnifiedDiff(std::string_view name, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const std::vector<std::string_view> a = SplitLines(before);
  const std::vector<std::string_view> b = SplitLines(after);
  const std::vector<Edit> edits = DiffLines(a, b);
  std::string out = "--- " + std::string(name) + "\n+++ " + std::string(name) + " (formatted)\n";
  std::size_t a_line = 1;
  std::size_t b_line = 1;
  for (std::size_t i = 0; i < edits.size();) {
    const auto changed = [](const Edit& edit) { return edit.op != ' '; };
    const auto next = std::find_if(edits.begin() + static_cast<std::ptrdiff_t>(i), edits.end(), changed);
    if (next == edits.end()) break;
    const auto first = static_cast<std::size_t>(next - edits.begin());
    const std::size_t begin = std::max(i, first - std::min(first, kContextLines));
    a_line += begin - i;
    b_line += begin - i;
    // A hunk ends where more than twice the context is unchanged.
    std::size_t end = first + 1;
    for (std::size_t k = first; k < edits.size() && k < end + 2 * kContextLines; ++k) {
      if (changed(edits[k])) end = k + 1;
    }
    end = std::min(end + kContextLines, edits.size());
    std::string body;
    std::size_t a_count = 0;
    std::size_t b_count = 0;
    for (i = begin; i < end; ++i) {
      a_count += edits[i].op != '+' ? 1 : 0;
      b_count += edits[i].op != '-' ? 1 : 0;
      body += edits[i].op + std::string(edits[i].line);
      if (!edits[i].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    out += "@@ -" + Range(a_line, a_count) + " +" + Range(b_line, b_count) + " @@\n" + body;
    a_line += a_count;
    b_line += b_count;
  }
  return out;
}

}  // namespace writ::cli
