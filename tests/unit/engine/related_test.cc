// Rows that a row brings along: converted to the types that their tables declare, refused where
// they are of others.
#include <gtest/gtest.h>

#include "tests/support/decide_harness.h"

namespace writ {
namespace {

constexpr std::string_view kTables = R"(
table kid { id: int  at: timestamp  price: double?  span: duration?  raw: bytes?  big: uint?  name: string?  toys: many toy on toy.kid_id = id }
table toy { kid_id: int  at: timestamp? }
table home { id: int  built: timestamp  tax: double  town: one town on town.id = id }
table town { id: int  since: timestamp  mayor: one kid on kid.id = id }
table folk { id: int  home: one home on home.id = id  kids: many kid on kid.id = id  boss: one folk on folk.id = id  at: timestamp? }
)";

struct Case {
  std::string_view condition, row, expected;
};

// "allow", "deny", "error" (of the condition), or the message of a refusal.
std::string Outcome(test::DecideHarness& harness, std::string_view row) {
  const std::string request = R"({"principal": {"id": "a"}, "table": "folk", "row": )" + std::string(row) + "}";
  const std::string text = test::DecisionText(harness.Decide(request));
  if (text.find("effect: \"allow\"") != std::string::npos) return "allow";
  if (text.find("reason: \"bad_request\"") == std::string::npos) return text.find("errors: ") == std::string::npos ? "deny" : "error";
  const std::string head = "messages: [\"";
  const std::size_t begin = text.find(head) + head.size();
  return text.substr(begin, text.find("\"]", begin) - begin);
}

constexpr Case kCases[] = {
    {"row.kids.exists(k, k.at < timestamp(\"2026-01-02T00:00:00Z\"))", R"({"kids": [{"at": "2026-01-01T00:00:00Z"}]})", "allow"},
    {"row.kids.exists(k, k.at < timestamp(\"2026-01-02T00:00:00Z\"))", R"({"kids": [{"at": "2026-01-03T00:00:00Z"}]})", "deny"},
    {"row.kids.all(k, k.price == 3.0)", R"({"kids": [{"price": 3}, {"price": 3.0}]})", "allow"},
    {"row.kids[0].price == null && type(row.kids[1].price) == double", R"({"kids": [{"price": null}, {"price": 3}]})", "allow"},
    {"row.kids[0].span < duration(\"2m\") && row.kids[0].raw == b\"ab\" && row.kids[0].big == 7u",
     R"({"kids": [{"span": "1m", "raw": "YWI=", "big": 7}]})", "allow"},
    {"!has(row.kids[0].at) && row.kids.size() == 1", R"({"kids": [{"at": null, "name": null}]})", "allow"},
    {"row.kids[0].toys[0].at == timestamp(\"2026-01-01T00:00:00Z\")", R"({"kids": [{"toys": [{"at": "2026-01-01T00:00:00Z"}]}]})", "allow"},
    // Columns of one related row, read by themselves.
    {"row.home.built < timestamp(\"2026-01-02T00:00:00Z\")", R"({"home": {"built": "2026-01-01T00:00:00Z"}})", "allow"},
    {"row.home.tax == 3.0 && type(row.home.tax) == double", R"({"home": {"tax": 3}})", "allow"},
    {"row.home.town.since < timestamp(\"2026-01-02T00:00:00Z\")", R"({"home": {"town": {"since": "2026-01-01T00:00:00Z"}}})", "allow"},
    {"row.home.town.mayor.at < timestamp(\"2026-01-02T00:00:00Z\")", R"({"home": {"town": {"mayor": {"at": "2026-01-01T00:00:00Z"}}}})",
     "allow"},
    {"row.home == row.home && row.home.built < timestamp(\"2026-01-02T00:00:00Z\")", R"({"home": {"built": "2026-01-01T00:00:00Z"}})",
     "allow"},
    {"row.boss.boss.at < timestamp(\"2026-01-02T00:00:00Z\")", R"({"boss": {"boss": {"at": "2026-01-01T00:00:00Z"}}})", "allow"},
    {"has(row.home)", R"({"home": null})", "deny"},
    {"row.home.built == null", R"({"home": {"built": null}})", "error"},
    // What is of another type is refused, wherever it stands.
    {"row.kids.size() > 0", R"({"kids": [{"at": "2026-01-01T00:00:00Z"}, {"at": 5}]})",
     R"(`row.kids[1].at` must be an RFC 3339 timestamp such as \"2026-11-20T10:00:00Z\", found int)"},
    {"row.kids.size() > 0", R"({"kids": [{"toys": [{}, {"at": "soon"}]}]})",
     R"(`row.kids[0].toys[1].at` must be an RFC 3339 timestamp such as \"2026-11-20T10:00:00Z\")"},
    {"row.kids.size() > 0", R"({"kids": [{}, 7]})", "`row.kids[1]` must be an object, found int"},
    {"row.kids.size() > 0", R"({"kids": [{"toys": {}}]})", "`row.kids[0].toys` must be a list, found object"},
    {"row.home.tax > 1.0", R"({"home": {"tax": "x"}})", "`row.home.tax` must be a double, found string"},
    {"row.home.town.since == null", R"({"home": {"town": {"since": 1}}})",
     R"(`row.home.town.since` must be an RFC 3339 timestamp such as \"2026-11-20T10:00:00Z\", found int)"},
    {"row.home.town.since == null", R"({"home": {"town": 1}})", "`row.home.town` must be an object, found int"},
};

TEST(Related, RowsHaveTheirDeclaredTypes) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(std::string(each.condition) + " of " + std::string(each.row));
    test::DecideHarness harness(std::string(kTables) + "policy p for rows of folk { allow when " + std::string(each.condition) + " }");
    ASSERT_TRUE(harness.ok());
    EXPECT_EQ(each.expected, Outcome(harness, each.row));
  }
}

}  // namespace
}  // namespace writ
