// Splitting lists of requests.
#include "webhook/decide/json_list.h"

#include <gtest/gtest.h>

namespace writ::server {
namespace {

std::string Split(std::string_view text, std::size_t max_items = 10) {
  const Result<std::vector<std::string_view>> items = SplitJsonList(text, max_items);
  if (!items) return std::string(ErrorCodeName(items.error().code)) + ": " + items.error().message;
  std::string shown;
  for (const std::string_view item : *items) shown.append("<").append(item).append(">");
  return shown;
}

TEST(JsonList, KeepsItemsAsTheyWereSent) {
  struct Case {
    std::string_view text, items;
  };
  constexpr Case kCases[] = {
      {"[]", ""},
      {" [ ] ", ""},
      {" [ {} ] ", "<{}>"},
      {R"([{"a":[1,{"b":"]}"}]},{"a":1,"a":2}])", R"(<{"a":[1,{"b":"]}"}]}><{"a":1,"a":2}>)"},
      {R"(["\"],[\\", "\\"])", R"(<"\"],[\\"><"\\">)"},
      {"[1.0, 1e400,18446744073709551616]", "<1.0><1e400><18446744073709551616>"},
      {"[{\"a\":\"\\ud800\"},\"\xFF\"]", "<{\"a\":\"\\ud800\"}><\"\xFF\">"},
      {"[{\"a\":},tru, 1 2]", "<{\"a\":}><tru><1 2>"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.items, Split(c.text));
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ("<1><" + deep + ">", Split("[1," + deep + "]"));
}

TEST(JsonList, SaysWhereATextIsNoList) {
  struct Case {
    std::string_view text, fault;
  };
  constexpr Case kCases[] = {
      {"", "byte 0: expected `[`"},
      {"{}", "byte 0: expected `[`"},
      {"\xEF\xBB\xBF[1]", "byte 0: expected `[`"},
      {"[", "byte 1: the text ends inside the list"},
      {"[1", "byte 2: the text ends inside the list"},
      {"[[1]", "byte 4: the text ends inside the list"},
      {"[1,]", "byte 3: expected an element"},
      {"[,1]", "byte 1: expected an element"},
      {"[1, ,2]", "byte 4: expected an element"},
      {"[1]]", "byte 3: text after the list"},
      {"[1] x", "byte 4: text after the list"},
      {"[{]}]", "byte 2: `]` closes nothing that is open here"},
      {"[1}]", "byte 2: `}` closes nothing that is open here"},
      {"[\"a]", "byte 1: a string without end"},
      {"[\"a\\", "byte 1: a string without end"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ("invalid_argument: the body is no JSON list: " + std::string(c.fault), Split(c.text));
  }
  EXPECT_EQ("too_large: a list holds at most 2 requests, found 3", Split("[{},{},{}]", 2));
}

}  // namespace
}  // namespace writ::server
