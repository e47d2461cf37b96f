// Row filters: the rules of translation, a condition each, as SQL. That databases select the right
// rows is proven in tests/databases/filter_test.py; here are the forms.
#include "writ/filter.h"

#include <gtest/gtest.h>

#include "rules/base/clock.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

constexpr const char* kTables = R"(
table area { code: string blocked: bool }
table customer { id: int tier: string? area_code: string? area: one area on area.code = area_code }
table item { order_id: int sku: string? gift: bool? }
table orders {
  id: int region: string? kind: string qty: int? n: int amount: double score: double? paid: bool? live: bool
  placed: timestamp seen: timestamp? tags: list(string) customer_id: int?
  items: many item on item.order_id = id
  customer: one customer on customer.id = customer_id
}
)";
constexpr const char* kPrincipal =
    R"({"id": "ann", "groups": ["sre", "dev"], "claims": {"level": 5, "mixed": ["eu", null, 1], "odd": {"a": 1}}})";

Result<RowFilter> FilterOf(const std::string& rules, const SqlOptions& options, std::string_view table = "orders") {
  const test::DecideHarness harness(kTables + ("policy p for rows of orders {\n" + rules + "\n}\n"));
  static const FakeClock clock(0);
  static std::vector<std::shared_ptr<const PolicySet>> kept;  // masks point into them
  kept.push_back(harness.policies());
  const Engine engine(harness.policies(), clock);
  Context context;
  return MakeRowFilter(engine, {.table = table, .principal_json = kPrincipal, .context_json = {}}, options, context);
}

// The condition of one allow, with the table called `t`, and its parameters behind it.
std::string SqlOf(const std::string& condition, SqlDialect dialect = SqlDialect::kPostgres) {
  const Result<RowFilter> filter = FilterOf("allow when " + condition, {.dialect = dialect, .alias = "t"});
  if (!filter) return filter.error().message;
  if (std::holds_alternative<AllRows>(filter->rows)) return "all";
  if (std::holds_alternative<NoRows>(filter->rows)) return "none";
  const auto& some = std::get<SomeRows>(filter->rows);
  std::string text;
  for (const char c : some.sql) {  // names stand out enough without their quotes
    if (c != '"' && c != '`') text += c;
  }
  for (const SqlParameter& parameter : some.parameters) text += (&parameter == some.parameters.data() ? " <- " : ", ") + parameter.json;
  return text;
}

struct Case {
  const char *condition, *sql;
};

void ExpectSql(std::span<const Case> cases, SqlDialect dialect = SqlDialect::kPostgres) {
  for (const auto& [condition, sql] : cases) EXPECT_EQ(SqlOf(condition, dialect), sql) << condition;
}

// A nullable column's NULL is a value. Where the query takes NULL for false, nothing is asked of
// it; below `not` it is.
TEST(RowFilter, NullsThatAreValues) {
  ExpectSql(std::array{
      Case{"row.qty == 5", "(t.qty = $1::bigint) <- 5"},
      Case{"row.qty != 5", "not ((t.qty is not null and t.qty = $1::bigint)) <- 5"},
      Case{"row.qty == null", "t.qty is null"},
      Case{"dyn(row.id) == null", "none"},
      Case{"row.paid != false", "not ((t.paid is not null and t.paid = $1::boolean)) <- false"},
      Case{"row.paid", "t.paid"},
      Case{"!row.paid", "not (t.paid)"},
      Case{"row.qty > 3", "$1::bigint < t.qty <- 3"},
      Case{"!(row.qty > 3)", "t.qty <= $1::bigint <- 3"},
      Case{"row.region in principal.claims.mixed",
           "(((t.region = $1::text and t.region collate C = $1::text)) or t.region is null) <- \"eu\""},
      Case{"has(row.region)", "all"},
      Case{"row.qty == 5 || row.qty == 6 || row.qty in [6, 7]", "(t.qty = any($1::bigint[])) <- [5,6,7]"},
  });
}

// What has the wrong type is false for `==` and an error for the rest, as in the decision.
TEST(RowFilter, TypesThatDoNotMeet) {
  ExpectSql(std::array{
      Case{"row.kind == dyn(5)", "none"},
      Case{"row.kind != dyn(5)", "all"},
      Case{"dyn(row.kind) < principal.claims.level", "none"},
      Case{"!(dyn(row.kind) < principal.claims.level)", "none"},
      Case{"row.kind in principal.claims.level", "none"},
      Case{"row.customer.tier == dyn(5)", "none"},
      Case{"row.customer.tier != dyn(5)", "exists (select 1 from customer as writ_1 where writ_1.id = t.customer_id)"},
  });
}

TEST(RowFilter, NumbersAreSolvedForTheColumn) {
  ExpectSql(std::array{
      Case{"row.n + 1 > 2", "(t.n <= $1::bigint and $2::bigint <= t.n) <- 9223372036854775806, 2"},
      Case{"-row.n < 5", "($1::bigint <= t.n and $2::bigint <= t.n) <- -9223372036854775807, -4"},
      Case{"10 - row.n == 3", "($1::bigint <= t.n and (t.n = $2::bigint)) <- -9223372036854775797, 7"},
      Case{"row.n / 2 == 1", "($1::bigint <= t.n and t.n <= $2::bigint) <- 2, 3"},
      Case{"double(row.n) <= 9007199254740992.0", "t.n <= $1::bigint <- 9007199254740993"},
      Case{"double(row.n) == 2.5", "none"},
      Case{"double(row.n) == 2.0", "(t.n = $1::bigint) <- 2"},
      Case{"row.amount * 2.0 > 3.0", "($1::double precision <= t.amount and t.amount < 'NaN'::double precision) <- 1.5000000000000002"},
      Case{"row.amount > 3.0", "($1::double precision < t.amount and t.amount < 'NaN'::double precision) <- 3.0"},
      Case{"!(row.amount > 3.0)", "not (($1::double precision < t.amount and t.amount < 'NaN'::double precision)) <- 3.0"},
      Case{"row.placed < timestamp(\"2026-01-01T00:00:00.0000015Z\")", "t.placed <= $1::timestamptz <- \"2026-01-01T00:00:00.000001Z\""},
      Case{"row.placed + duration(\"1h\") > timestamp(\"2026-01-01T01:00:00Z\")",
           "(t.placed <= $1::timestamptz and $2::timestamptz <= t.placed) <- \"9999-12-31T22:59:59.999999Z\", "
           "\"2026-01-01T00:00:00.000001Z\""},
  });
}

TEST(RowFilter, ArithmeticOfColumnsLooksFirst) {
  EXPECT_EQ(SqlOf("row.n + row.id > 2"),
            "$1::bigint < (case when ((t.n)::numeric + (t.id)::numeric) between -9223372036854775808 and 9223372036854775807 then "
            "t.n + t.id end) <- 2");
  EXPECT_EQ(SqlOf("row.n + row.id > 2", SqlDialect::kSqlite), "? < (case when typeof(t.n + t.id) = 'integer' then t.n + t.id end) <- 2");
  EXPECT_EQ(SqlOf("10 / row.n > 1", SqlDialect::kMysql),
            "? < (case when t.n <> 0 and (t.n <> -1 or ? <> (-9223372036854775807 - 1)) then ? div t.n end) <- 1, 10, 10");
}

TEST(RowFilter, Texts) {
  ExpectSql(std::array{
      Case{"row.kind == \"a\"", "((t.kind = $1::text and t.kind collate C = $1::text)) <- \"a\""},
      Case{"row.kind < \"a\"", "t.kind < $1::text collate C <- \"a\""},
      Case{"row.kind.contains(\"_\")", "strpos(t.kind collate C, $1::text) > 0 <- \"_\""},
      Case{"row.kind.endsWith(row.region)", "right(t.kind, char_length(t.region)) collate C = t.region"},
      Case{"size(row.kind) > 2", "$1::bigint < length(t.kind) <- 2"},
  });
  ExpectSql(std::array{Case{"row.kind == \"a\"", "(t.kind = cast(? as char character set utf8mb4) collate utf8mb4_nopad_bin) <- \"a\""},
                       Case{"row.kind.startsWith(\"a\")", "left(t.kind, char_length(?)) collate utf8mb4_nopad_bin = ? <- \"a\", \"a\""}},
            SqlDialect::kMysql);
  ExpectSql(std::array{Case{"row.kind == \"a\"", "((t.kind = ? and t.kind collate binary = ?)) <- \"a\", \"a\""},
                       Case{"row.kind.startsWith(\"a\")", "instr(t.kind collate binary, ?) = 1 <- \"a\""}},
            SqlDialect::kSqlite);
}

// Without the related row everything that reads it is unknown, below `not` too.
TEST(RowFilter, RelatedRows) {
  ExpectSql(std::array{
      Case{"has(row.customer)", "exists (select 1 from customer as writ_1 where writ_1.id = t.customer_id)"},
      Case{"row.customer.tier == null",
           "exists (select 1 from customer as writ_1 where writ_1.id = t.customer_id and writ_1.tier is null)"},
      Case{"row.items.exists(i, i.sku == \"a\")",
           "exists (select 1 from item as writ_1 where writ_1.order_id = t.id and (((writ_1.sku = $1::text and writ_1.sku collate C = "
           "$1::text)))) <- \"a\""},
      Case{"row.items.all(i, i.gift)",
           "not (exists (select 1 from item as writ_1 where writ_1.order_id = t.id and (not (writ_1.gift)) is not false))"},
      Case{"row.items.exists_one(i, i.gift)",
           "(not (exists (select 1 from item as writ_1 where writ_1.order_id = t.id and ((writ_1.gift) is null))) and ((select count(*) "
           "from "
           "item as writ_1 where writ_1.order_id = t.id and writ_1.gift) = $1::bigint)) <- 1"},
      Case{"size(row.items) == 0", "((select count(*) from item as writ_1 where writ_1.order_id = t.id) = $1::bigint) <- 0"},
  });
  EXPECT_EQ(
      SqlOf("row.customer.area.blocked", SqlDialect::kMysql),
      "exists (select 1 from customer as writ_1 where writ_1.id = t.customer_id and ((select 1 from area as writ_2 where writ_2.code = "
      "writ_1.area_code and writ_2.code collate utf8mb4_nopad_bin = writ_1.area_code and writ_2.blocked = 1 and rand() >= 0 limit 1) is "
      "not null))");
}

TEST(RowFilter, ListsAndChoices) {
  ExpectSql(std::array{
      Case{"\"a\" in row.tags", "jsonb_exists(t.tags, $1::text) <- \"a\""},
      Case{"row.tags.exists(t, t == \"a\")",
           "exists (select 1 from jsonb_array_elements_text(t.tags) as writ_1(value) where true and (((writ_1.value = $1::text and "
           "writ_1.value collate C = $1::text)))) <- \"a\""},
      Case{"(row.live ? row.n : 3) > 2", "(t.live and $1::bigint < t.n or not (t.live)) <- 2"},
      Case{"row.live ? row.paid : true", "(t.live and t.paid or not (t.live))"},
      Case{"principal.groups.exists(g, g == row.kind)",
           "((t.kind = any($1::text[]) and t.kind collate C = any($1::text[]))) <- [\"sre\",\"dev\"]"},
  });
}

// What a declaration says of the database is kept, and what cannot be read so is refused.
TEST(RowFilter, StorageIsWhatTheTableSays) {
  const test::DecideHarness harness(R"(
table line stored as "sales.lines" { purchase_id: int tenant: string exact kind: string exact gone: timestamp? }
table purchase stored as "purchases" on sqlite {
  id: int
  tenant: string exact stored as "tenant_key"
  region: string? null as absent
  city: string? stored as "address" at "/home/city"
  lines: many line on line.purchase_id = id and line.tenant = tenant and line.kind = "x" and line.gone = null
}
policy a for rows of purchase { allow when row.region == "eu" && principal.id == "ann" }
policy b for rows of purchase { allow when row.region != "eu" && principal.id == "bob" }
policy c for rows of purchase { allow when size(row.lines) > 0 && row.tenant == "t" && principal.id == "cy" }
policy d for rows of purchase { allow when row.city == "rome" && principal.id == "dan" }
)");
  static const FakeClock clock(0);
  const Engine engine(harness.policies(), clock);
  const auto sql = [&](const std::string& who, SqlDialect dialect) {
    Context context;
    const std::string principal = R"({"id": ")" + who + R"("})";
    const auto filter = MakeRowFilter(engine, {.table = "purchase", .principal_json = principal, .context_json = {}},
                                      {.dialect = dialect, .alias = ""}, context);
    return filter ? std::get<SomeRows>(filter->rows).sql : filter.error().message;
  };
  EXPECT_EQ(sql("ann", SqlDialect::kSqlite), R"((("purchases"."region" = ? and "purchases"."region" collate binary = ?)))");
  EXPECT_EQ(sql("bob", SqlDialect::kSqlite), R"(not ((("purchases"."region" = ? and "purchases"."region" collate binary = ?))))");
  EXPECT_EQ(sql("cy", SqlDialect::kPostgres),
            R"(($1::bigint < (select count(*) from "sales"."lines" as "writ_1" where "writ_1"."purchase_id" = "purchase"."id" and )"
            R"("writ_1"."tenant" = "purchase"."tenant_key" and (("writ_1"."kind" = $2::text) and "writ_1"."gone" is null)) and )"
            R"(("purchase"."tenant_key" = $3::text)))");
  EXPECT_EQ(sql("dan", SqlDialect::kPostgres), R"(no filter can be made: `row.city`: a filter cannot read a value inside of a column yet)");
}

TEST(RowFilter, OutcomesCannotBeConfused) {
  EXPECT_EQ(SqlOf("principal.id == \"ann\""), "all");
  EXPECT_EQ(SqlOf("principal.id == \"bob\""), "none");
  EXPECT_EQ(RowFilterJson({.rows = NoRows{}, .masks = {}}), R"({"outcome":"none","sql":"false","params":[],"masks":[]})");
  EXPECT_EQ(RowFilterJson({.rows = AllRows{}, .masks = {}}), R"({"outcome":"all","sql":"true","params":[],"masks":[]})");
}

TEST(RowFilter, DeniesHideRowsWhenTheyFail) {
  const Result<RowFilter> filter = FilterOf("allow\ndeny when row.qty > 3 because \"x\"", {.dialect = SqlDialect::kSqlite, .alias = ""});
  ASSERT_TRUE(filter);
  EXPECT_EQ(std::get<SomeRows>(filter->rows).sql, R"("orders"."qty" <= ?)");
}

TEST(RowFilter, OffsetAndQuotes) {
  const Result<RowFilter> filter = FilterOf("allow when row.qty == 5", {.dialect = SqlDialect::kPostgres, .alias = "a\"b", .offset = 3});
  ASSERT_TRUE(filter);
  EXPECT_EQ(std::get<SomeRows>(filter->rows).sql, R"(("a""b"."qty" = $4::bigint))");
}

TEST(RowFilter, MasksSayWhetherTheyHangOnTheRow) {
  const Result<RowFilter> filter = FilterOf("allow\nmask region null\nmask kind keep last 2 when row.live", {});
  ASSERT_TRUE(filter);
  EXPECT_EQ(
      RowFilterJson(*filter),
      R"({"outcome":"all","sql":"true","params":[],"masks":[{"mask":"region","null":true,"when":"request"},{"mask":"kind","keepLast":2,"when":"row"}]})");
}

TEST(RowFilter, RefusalsNameTheExpression) {
  EXPECT_EQ(SqlOf("row.kind.matches(\"^a\")"),
            "no filter can be made: `row.kind.matches(\"^a\")`: a filter has no `matches` of stored values");
  EXPECT_EQ(
      SqlOf("row.amount * row.amount > 1.0"),
      "no filter can be made: arithmetic of stored doubles that is not a column and constants: it can overflow, which fails a whole query");
  EXPECT_EQ(FilterOf("allow", {}, "order").error().message, "no policy declares a table `order`; did you mean `orders`?");
  EXPECT_EQ(FilterOf("allow", {.dialect = SqlDialect::kPostgres, .alias = "writ_1"}).error().code, ErrorCode::kInvalidArgument);
}

// What is given as one member cannot become another.
TEST(RowFilter, PrincipalIsOneValue) {
  const test::DecideHarness harness(std::string(kTables) + "policy p for rows of orders {\n  allow when principal.id == \"ann\"\n}\n");
  static const FakeClock clock(0);
  const Engine engine(harness.policies(), clock);
  Context context;
  for (const char* principal : {R"({"id":"bob"},"principal":{"id":"ann"})", R"({"id":"bob"}, "x": 1)", "{", "[]", "5"})
    EXPECT_FALSE(MakeRowFilter(engine, {.table = "orders", .principal_json = principal, .context_json = {}}, {}, context)) << principal;
}

}  // namespace
}  // namespace writ
