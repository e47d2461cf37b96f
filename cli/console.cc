#include "cli/console.h"

#include <array>
#include <cstdio>

#include "cli/text.h"

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

namespace {

// Bytes as "\\x1b"; line feeds and tabs by their usual names.
void AppendEscaped(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) {
    std::array<char, 8> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "\\x%02x", static_cast<unsigned char>(byte));
    out += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : buffer.data();
  }
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8Length(text, i);
    const std::string_view character = text.substr(i, length == 0 ? 1 : length);
    const auto lead = static_cast<unsigned char>(text[i]);
    // C1 controls (U+0080 … U+009F, in UTF-8 C2 80 … C2 9F) steer terminals as ESC does.
    const bool is_c1 = length == 2 && lead == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (length == 0 || lead < 0x20 || lead == 0x7F || is_c1) {
      AppendEscaped(character, out);
    } else {
      out += character;
    }
    i += character.size();
  }
  return out;
}

void PrintError(const Console& console, std::string_view message) {
  const std::string label = Styled("error: ", Style::kRed, console.colour_err);
  console.err << "writ: " << label << Printable(message) << "\n";
}

}  // namespace writ::cli
