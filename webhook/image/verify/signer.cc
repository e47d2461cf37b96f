#include "webhook/image/verify/signer.h"

namespace writ::image {

// Greedy with one remembered star, which is enough: a star that may not pass a `/` cannot be helped by an earlier star once a later one
// has matched up to its own literal text within the segment. O(glob × subject) at worst.
bool SubjectGlobMatches(std::string_view glob, std::string_view subject) {
  std::size_t g = 0;
  std::size_t s = 0;
  std::size_t star = std::string_view::npos;  // position behind the last star
  std::size_t resume = 0;                     // where that star's text ends so far
  while (s < subject.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = ++g;
      resume = s;
    } else if (g < glob.size() && glob[g] == subject[s]) {
      ++g;
      ++s;
    } else if (star != std::string_view::npos && subject[resume] != '/') {
      g = star;
      s = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace writ::image
