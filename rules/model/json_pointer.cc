// Checking JSON pointers; see json_pointer.h.
#include "rules/model/json_pointer.h"

namespace writ {

std::string_view JsonPointerFault(std::string_view pointer) {
  if (!pointer.empty() && pointer[0] != '/') return "a JSON pointer starts with `/`";
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '~' && (i + 1 >= pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')))
      return "`~` is written `~0` in a JSON pointer";
  }
  return {};
}

}  // namespace writ
