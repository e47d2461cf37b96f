// The bound of what a decision tells: short texts stay whole, long ones share the room that is left.
#include <algorithm>
#include <utility>

#include "rules/base/utf8.h"
#include "writ/engine.h"

namespace writ {
namespace {

std::vector<std::string*> TextsOf(Decision& decision) {
  std::vector<std::string*> texts;
  for (std::string& message : decision.messages) texts.push_back(&message);
  for (std::string& warning : decision.warnings) texts.push_back(&warning);
  for (DecisionError& error : decision.errors) texts.push_back(&error.text);
  for (auto& [name, text] : decision.notes) texts.push_back(&text);
  return texts;
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
  const std::vector<std::string*> texts = TextsOf(decision);
  std::vector<std::size_t> sizes;
  std::size_t bytes = 0;
  for (const std::string* text : texts) {
    sizes.push_back(text->size());
    bytes += text->size();
  }
  if (bytes <= max_bytes) return;
  constexpr std::size_t kMinShare = 3;  // of Shorten; at most 4 * kMaxListed texts fit with it
  const std::size_t share = std::max(kMinShare, TextShare(std::move(sizes), max_bytes));
  for (std::string* text : texts) *text = Shorten(*text, share);
}

}  // namespace writ
