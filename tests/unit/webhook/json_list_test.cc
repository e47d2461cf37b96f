// Splitting lists of requests.
#include "webhook/decide/json_list.h"

#include <gtest/gtest.h>

namespace writ {
namespace {

std::string Split(std::string_view text, std::size_t max_items = 10) {
  JsonList list;
  const Status status = SplitJsonList(text, max_items, list);
  if (!status) return std::string(ErrorCodeName(status.error().code)) + ": " + status.error().message;
  std::string shown;
  for (const std::string_view item : list.items) shown.append("<").append(item).append(">");
  return shown;
}

TEST(JsonList, KeepsItemsAsTheyWereSent) {
  struct Case {
    std::string_view text, items;
  };
  constexpr Case kCases[] = {
      {"[]", ""},
      {" [ {} ] ", "<{}>"},
      {R"([{"a":[1,{"b":"]}"}]},{"a":1,"a":2}])", R"(<{"a":[1,{"b":"]}"}]}><{"a":1,"a":2}>)"},
      {"[1.0,1e400]", "invalid_argument: "},  // numbers out of range are no JSON for simdjson
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const std::string shown = Split(c.text);
    if (c.items.substr(0, 7) == "invalid") {
      EXPECT_EQ(c.items, shown.substr(0, c.items.size()));
    } else {
      EXPECT_EQ(c.items, shown);
    }
  }
}

TEST(JsonList, RefusesWhatIsNoList) {
  for (const std::string_view text :
       {"[", "[1", "[1,]", "[1]]", "[1] x", "{}", "", "[\"\xFF\"]", "[tru]", "[{\"a\":}]", "[\"a]", "[1 2]", "\xEF\xBB\xBF[1"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ("invalid_argument", Split(text).substr(0, 16));
  }
  EXPECT_EQ("invalid_argument", Split(std::string(100'000, '[')).substr(0, 16));
  EXPECT_EQ("too_large: a list holds at most 2 requests, found 3", Split("[{},{},{}]", 2));
}

}  // namespace
}  // namespace writ
