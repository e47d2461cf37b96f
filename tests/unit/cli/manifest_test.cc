#include "cli/manifest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace writ::cli {
namespace {

// "LINE JSON" for each document, or the error.
std::string Parsed(std::string_view text, const ManifestLimits& limits = {}) {
  const Result<std::vector<Document>> documents = ParseDocuments("f", text, limits);
  if (!documents) return documents.error().message;
  std::string out;
  for (const Document& document : *documents) out += std::to_string(document.line) + " " + document.json + "\n";
  return out;
}

struct ManifestCase {
  std::string_view text, expected;
};

TEST(Manifest, ReadsYaml) {
  const ManifestCase cases[] = {
      {"a: 1\nb: [x, \"2\"]\n", "1 {\"a\":1,\"b\":[\"x\",\"2\"]}\n"},
      {"# only a comment\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n", "3 {\"a\":1}\n7 {\"b\":2}\n"},
      {"--- {a: 1}\n--- \nb: 2\n", "1 {\"a\":1}\n3 {\"b\":2}\n"},
      {"a: |\n  x\n  ---\n", "1 {\"a\":\"x\\n---\\n\"}\n"},
      {"a: &x {b: 1}\nc: *x\n", "1 {\"a\":{\"b\":1},\"c\":{\"b\":1}}\n"},
      {"base: &b {p: 1, q: 1}\nd:\n  <<: *b\n  q: 2\n", "1 {\"base\":{\"p\":1,\"q\":1},\"d\":{\"q\":2,\"p\":1}}\n"},
      {"a: &p {r: 1}\nb: &q {r: 2, s: 2}\nc: {<<: [*p, *q], t: 3}\n",
       "1 {\"a\":{\"r\":1},\"b\":{\"r\":2,\"s\":2},\"c\":{\"t\":3,\"r\":1,\"s\":2}}\n"},
      {"\"<<\": 1\n", "1 {\"<<\":1}\n"},
      {"8080: a\ntrue: b\n", "1 {\"8080\":\"a\",\"true\":\"b\"}\n"},
      {"- {a: 1}\n- {a: 2}\n", "1 {\"a\":1}\n1 {\"a\":2}\n"},
      {"\xEF\xBB\xBF"
       "a: 1\n",
       "1 {\"a\":1}\n"},
      {"a:\nb: {c, d}\n", "1 {\"a\":null,\"b\":{\"c\":null,\"d\":null}}\n"},
      {"a: 1\r\nb: 2\r\n", "1 {\"a\":1,\"b\":2}\n"},
      {"? a\n: 1\n", "1 {\"a\":1}\n"},
      {"a: |+\n  x\n\n", "1 {\"a\":\"x\\n\\n\"}\n"},
      {"a: 'x'\n# end\n", "1 {\"a\":\"x\"}\n"},
      {"a: [b, ]\n", "1 {\"a\":[\"b\"]}\n"},
  };
  for (const ManifestCase& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.expected, Parsed(c.text));
  }
}

TEST(Manifest, ReadsJsonAsItStands) {
  const ManifestCase cases[] = {
      {"{\"a\": 1, \"a\": 2}", "1 {\"a\": 1, \"a\": 2}\n"},
      {"{\"a\":1}\n{\"b\":\"}\\\"\"}\n", "1 {\"a\":1}\n2 {\"b\":\"}\\\"\"}\n"},
      {"[{\"a\":1},\n {\"b\":[1,2]} ]", "1 {\"a\":1}\n2 {\"b\":[1,2]}\n"},
      {"{}\n---\n{}\n", "1 {}\n3 {}\n"},
      {"[ ]", ""},
      {"{\"a\": 1}}", "f:1:9: not JSON: found more text after the document, expected `{` or `[`"},
      {"{\"a\": [1}", "f:1:9: not JSON: found `}`, expected `]`"},
      {"\n{\"a\": \"x", "f:2:7: not JSON: this string is not closed"},
      {"{\"a\": {", "f:1:1: not JSON: this `{` is not closed"},
      {"[{},]", "f:1:5: not JSON: found `]`, expected a value"},
      {"{} x", "f:1:4: not JSON: found more text after the document, expected `{` or `[`"},
  };
  for (const ManifestCase& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.expected, Parsed(c.text));
  }
}

TEST(Manifest, SaysWhatIsWrongAndWhere) {
  const ManifestCase cases[] = {
      {"", "f: is empty"},
      {" \n\t\n", "f: is empty"},
      {"# nothing\n", "f: holds no documents"},
      {"a: 1\nb: 2\na: 3\n", "f:3:1: duplicate key `a`"},
      {"a: 1\n\"a\": 2\n", "f:2:1: duplicate key `a`"},
      {"a:\n\tb: 1\n", "f:2:3: a tab is used for indentation, expected blanks"},
      {"a: b: c\n", "f:1:5: not YAML: illegal map value"},
      {"a: 1\nb\n", "f:2:1: found a line without `:`, expected `key: value`"},
      {"a: 1\nb\nc: 2\n", "f:3:2: not YAML: illegal map value"},
      {"- a\nb: 1\n", "f:2:1: found more text after the end of the document, expected `---`"},
      {"a: *nope\n", "f:1:4: not YAML: the referenced anchor is not defined"},
      {"a: &x [*x]\n", "f:1:8: an anchor refers to itself"},
      {"a: .inf\n", "f:1:4: `.inf` has no JSON form"},
      {"? [a]\n: b\n", "f:1:3: a list or a mapping is used as a key"},
      {"x\xFFy", "f:1:2: the text is not valid UTF-8 at byte 1"},
      {std::string_view("\x7F"
                        "ELF\0\0",
                        6),
       "f: is a binary file (a zero byte at offset 4)"},
      {"a: {<<: 5}\n", "f:1:9: `<<` takes a mapping or a list of mappings"},
      {"~: 1\n", "f:1:1: a key is missing before `:`"},
      {"a: 'x\nb: 2\n", "f:3:1: not YAML: illegal document indicator in scalar"},
      {"a: \"x\nb: 2\n", "f:3:1: not YAML: illegal document indicator in scalar"},
      {"a: [b, , c]\n", "f:1:8: found nothing between the commas of a list"},
      {"a: [,]\n", "f:1:5: found nothing between the commas of a list"},
  };
  for (const ManifestCase& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.expected, Parsed(c.text));
  }
}

// Nine levels of ten aliases each are a thousand million values; what they cost is the limit.
TEST(Manifest, StopsAnAnchorBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int k = 1; k < 10; ++k) text += ", " + alias;
    text += "]\n";
  }
  EXPECT_EQ("f:1:1: the document is larger than 8388608 bytes as JSON", Parsed(text));
}

TEST(Manifest, HitsEachLimit) {
  ManifestLimits limits;
  limits.max_depth = 3;
  EXPECT_EQ("1 {\"a\":[[1]]}\n", Parsed("a: [[1]]", {.max_depth = 4}));
  EXPECT_EQ("f:1:6: nested more than 3 levels deep", Parsed("a: [[[1]]]", limits));
  EXPECT_EQ("f:2:6: nested more than 4 levels deep", Parsed("x: &x [[1]]\ny: [[*x]]", {.max_depth = 4}));  // through an alias, too
  EXPECT_EQ("f:2:1: more than 1 document", Parsed("a\n---\nb", {.max_documents = 1}));
  EXPECT_EQ("f:1:4: more than 1 document", Parsed("{} {}", {.max_documents = 1}));
  EXPECT_EQ("f:1:5: more than 3 values", Parsed("a: [1, 2, 3]\n", {.max_nodes = 3}));  // keys count
  EXPECT_EQ("f:1:1: the document is larger than 8 bytes", Parsed("{\"a\": 100}", {.max_document_bytes = 8}));
}

TEST(Manifest, SurvivesDeepNesting) {
  EXPECT_NE(std::string::npos, Parsed("a: " + std::string(100'000, '[') + std::string(100'000, ']')).find("levels deep"));
  EXPECT_NE(std::string::npos, Parsed("a:\n" +
                                      [] {
                                        std::string text;
                                        for (int i = 0; i < 2'000; ++i) text += std::string(static_cast<std::size_t>(i) + 1, ' ') + "b:\n";
                                        return text;
                                      }())
                                   .find("levels deep"));
  EXPECT_NE(std::string::npos, Parsed(std::string(1'000'000, '[')).find("not closed"));
}

TEST(Manifest, WholeFilesForData) {
  const Result<std::string> list = ReadWholeAsJson("f", "- 1\n- 2\n");
  ASSERT_TRUE(list);
  EXPECT_EQ("[1,2]", *list);
  const Result<std::string> two = ReadWholeAsJson("f", "a: 1\n---\nb: 2\n");
  ASSERT_FALSE(two);
  EXPECT_EQ("f:3:1: found a second document, expected one", two.error().message);
}

}  // namespace
}  // namespace writ::cli
