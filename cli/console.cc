#include "cli/console.h"

namespace writ::cli {

std::string Styled(std::string_view text, Style style, bool colour) {
  if (!colour) return std::string(text);
  std::string_view code;
  switch (style) {
    case Style::kPlain: return std::string(text);
    case Style::kBold: code = "\x1b[1m"; break;
    case Style::kDim: code = "\x1b[2m"; break;
    case Style::kGreen: code = "\x1b[32m"; break;
    case Style::kRed: code = "\x1b[31m"; break;
    case Style::kYellow: code = "\x1b[33m"; break;
  }
  return std::string(code) + std::string(text) + "\x1b[0m";
}

void PrintError(const Console& console, std::string_view message) {
  const std::string label = Styled("error: ", Style::kRed, console.colour_err);
  console.err << "writ: " << label << Printable(message) << "\n";
}

}  // namespace writ::cli
