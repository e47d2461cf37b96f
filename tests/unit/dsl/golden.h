// Golden files whose expectation stands in the file itself, in comments `//= …` at its end. With WRIT_UPDATE_GOLDEN set they are
// rewritten in place (never when CI is set).
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace writ::dsl {

inline std::string ReadWholeFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Files below tests/golden/<folder> that end in `suffix`, sorted.
inline std::vector<std::filesystem::path> GoldenFiles(std::string_view folder, std::string_view suffix) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(WRIT_SOURCE_DIR) / "tests/golden" / folder)) {
    if (entry.path().string().ends_with(suffix)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline bool UpdatesGolden() { return std::getenv("WRIT_UPDATE_GOLDEN") != nullptr && std::getenv("CI") == nullptr; }

struct GoldenFile {
  std::string input;  // without the expectation
  std::string expected;
};

inline GoldenFile ReadGolden(const std::filesystem::path& path) {
  const std::string text = ReadWholeFile(path);
  GoldenFile golden;
  const std::size_t begin = text.starts_with("//=") ? 0 : std::min(text.find("\n//=") + 1, text.size());
  golden.input = text.substr(0, begin == 0 && !text.starts_with("//=") ? text.size() : begin);
  for (std::size_t at = golden.input.size(); at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    golden.expected += line.substr(std::min<std::size_t>(line.size(), line.starts_with("//= ") ? 4 : 3)) + "\n";
    at = end + 1;
  }
  return golden;
}

inline void WriteGolden(const std::filesystem::path& path, const std::string& input, const std::string& output) {
  std::ofstream stream(path, std::ios::binary);
  stream << input;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string line = output.substr(at, end - at);
    stream << (line.empty() ? "//=" : "//= ") << line << "\n";
    at = end + 1;
  }
}

}  // namespace writ::dsl
