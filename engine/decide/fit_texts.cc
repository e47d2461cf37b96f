// The bound of what a decision tells: short texts stay whole, long ones share the room that is left.
#include <algorithm>
#include <utility>

#include "rules/base/utf8.h"
#include "writ/engine.h"

namespace writ {
namespace {

template <typename Visit>
void ForEachText(Decision& decision, Visit visit) {
  for (std::string& message : decision.messages) visit(message);
  for (std::string& warning : decision.warnings) visit(warning);
  for (DecisionError& error : decision.errors) visit(error.text);
  for (auto& [name, text] : decision.notes) visit(text);
}

std::size_t BytesOf(Decision& decision) {
  std::size_t bytes = 0;
  ForEachText(decision, [&bytes](const std::string& text) { bytes += text.size(); });
  return bytes;
}

}  // namespace

std::size_t TextShare(std::vector<std::size_t> sizes, std::size_t room) {
  std::sort(sizes.begin(), sizes.end());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t share = room / (sizes.size() - i);
    if (sizes[i] > share) return share;
    room -= sizes[i];
  }
  return sizes.empty() ? 0 : sizes.back();
}

void FitTexts(Decision& decision, std::size_t max_bytes) {
  const auto fit = [](auto& list, std::uint64_t& left_out) {
    if (list.size() <= kMaxListed) return;
    left_out += list.size() - kMaxListed;
    list.resize(kMaxListed);
  };
  fit(decision.messages, decision.more.messages);
  fit(decision.warnings, decision.more.warnings);
  fit(decision.notes, decision.more.notes);
  if (BytesOf(decision) <= max_bytes) return;
  std::vector<std::string*> texts;
  ForEachText(decision, [&texts](std::string& text) { texts.push_back(&text); });
  std::vector<std::size_t> sizes;
  sizes.reserve(texts.size());
  for (const std::string* text : texts) sizes.push_back(text->size());
  constexpr std::size_t kMinShare = 3;  // of Shorten; at most 4 * kMaxListed texts fit with it
  const std::size_t share = std::max(kMinShare, TextShare(std::move(sizes), max_bytes));
  for (std::string* text : texts) *text = Shorten(*text, share);
}

}  // namespace writ
