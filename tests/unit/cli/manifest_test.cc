#include "cli/manifest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace writ::cli {
namespace {

// "LINE JSON" for each document, or the error.
std::string Parsed(std::string_view text, const ManifestLimits& limits = {}) {
  const Result<std::string> decoded = DecodeText("f", std::string(text));
  if (!decoded) return decoded.error().message;
  const Result<std::vector<Document>> documents = ParseDocuments("f", *decoded, limits);
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
      {"---\n{a: 1}\n--- # next\nb: 2\n", "2 {\"a\":1}\n4 {\"b\":2}\n"},
      {"a: |\n  x\n  ---\n", "1 {\"a\":\"x\\n---\\n\"}\n"},
      {"a: &x {b: 1}\nc: *x\n", "1 {\"a\":{\"b\":1},\"c\":{\"b\":1}}\n"},
      {"base: &b {p: 1, q: 1}\nd:\n  <<: *b\n  q: 2\n", "1 {\"base\":{\"p\":1,\"q\":1},\"d\":{\"p\":1,\"q\":2}}\n"},
      {"a: &p {r: 1}\nb: &q {r: 2, s: 2}\nc: {<<: [*p, *q], t: 3}\n",
       "1 {\"a\":{\"r\":1},\"b\":{\"r\":2,\"s\":2},\"c\":{\"r\":1,\"s\":2,\"t\":3}}\n"},
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
      {"[{}, x", "f:1:1: not JSON: this `[` is not closed"},
      {"{} x", "f:1:4: not JSON: found more text after the document, expected `{` or `[`"},
  };
  for (const ManifestCase& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.expected, Parsed(c.text));
  }
}

// What kubectl's loader was seen to do with each; `./dev test --loader` looks further.
TEST(Manifest, ReadsWhatKubectlReads) {
  const ManifestCase cases[] = {
      {"a: >+\n  t\n\n\nb: 1\n", "1 {\"a\":\"t\\n\\n\\n\",\"b\":1}\n"},
      {"a: |\n  t", "1 {\"a\":\"t\\n\"}\n"},  // the last line ends, also without a line feed
      {"a: \"x\\_y\\N\\L\\P\"\n", "1 {\"a\":\"x\u00a0y\u0085\u2028\u2029\"}\n"},
      {"a: [b, null, ~, c]\n", "1 {\"a\":[\"b\",null,null,\"c\"]}\n"},
      {"{apiVersion: v1, kind: Pod}\n", "1 {\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n"},
      {"{\"apiVersion\": \"v1\", \"kind\": \"X\", # note\n}\n", "1 {\"apiVersion\":\"v1\",\"kind\":\"X\"}\n"},
      {"{\"tool\": tru}", "1 {\"tool\": tru}\n"},  // a request: left to the strict reader
      {"{tool: x}", "1 {tool: x}\n"},
      {"{\"a\":1}\n---\nb: 2\n---\nc: 3\n", "1 {\"a\":1}\n3 {\"b\":2}\n5 {\"c\":3}\n"},
      {"a:\n  !!merge <<: {b: 1}\n", "1 {\"a\":{\"b\":1}}\n"},
      {"<<: {b: 1, c: 1}\nb: 2\n", "1 {\"b\":2,\"c\":1}\n"},
      {"b: 2\n<<: {c: 1}\n", "1 {\"b\":2,\"c\":1}\n"},
      {"<<: []\na: 1\n", "1 {\"a\":1}\n"},
      {"a: &x 1\nb: &x 2\nc: *x\n", "1 {\"a\":1,\"b\":2,\"c\":2}\n"},
      {"a: x\r\nb: |\r\n  y\r\n  z\r\n", "1 {\"a\":\"x\",\"b\":\"y\\nz\\n\"}\n"},
      {"---\n---\na: 1\n...\n---\nb: 1\n", "3 {\"a\":1}\n6 {\"b\":1}\n"},
      // Of an object numbers are what arrives in the cluster, of everything else what they look like.
      {"apiVersion: v1\nkind: X\na: [1.0, 1e3, 1.5, 1e17]\n",
       "1 {\"apiVersion\":\"v1\",\"kind\":\"X\",\"a\":[1,1000,1.5,100000000000000000]}\n"},
      {"a: [1.0, 1e3, 1.5]\n", "1 {\"a\":[1.0,1000.0,1.5]}\n"},
      {std::string_view("\xFF\xFE"
                        "a\0:\0 \0\x3D\xD8\x00\xDE\n\0",
                        14),
       "1 {\"a\":\"\U0001F600\"}\n"},
      {std::string_view("\xFE\xFF"
                        "\0a\0:\0 \0"
                        "1",
                        10),
       "1 {\"a\":1}\n"},
  };
  for (const ManifestCase& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.expected, Parsed(c.text));
  }
}

TEST(Manifest, RefusesWhatReadersTakeDifferently) {
  const std::string merge = ", which stands before it: Kubernetes lets `<<` win, others do not; write `<<` first";
  const std::string line_end = ", which ends a line for Kubernetes and not for others: write ";
  const std::pair<std::string_view, std::string> cases[] = {
      {"p: false\n<<: {p: true}\n", "f:2:5: `<<` holds `p`" + merge},
      {"p: false\n!!merge <<: {p: true}\n", "f:2:13: `<<` holds `p`" + merge},
      {"b: &b {p: 1}\nc: {p: 2, <<: [{q: 1}, *b]}\n", "f:2:15: `<<` holds `p`" + merge},
      {"c: {1: 2, <<: {\"1\": 1}}\n", "f:1:15: `<<` holds `1`" + merge},
      {"a:\n  <<: {p: 1}\n  <<: {q: 1}\n", "f:3:3: duplicate key `<<`"},
      {"<<: {p: 1}\np: 2\np: 3\n", "f:3:1: duplicate key `p`"},
      {"l: &l [{p: 1}]\n<<: *l\n", "f:2:5: `<<` takes a mapping or a list of mappings"},
      {"! <<: {p: 1}\n", "f:1:1: the tag `!` is not read alike everywhere: leave it out"},
      {"a: ! \"true\"\n", "f:1:4: the tag `!` is not read alike everywhere: leave it out"},
      {"a: 1 # x\rb: 2\n", "f:1:9: found a carriage return without a line feed, which ends a line for some readers and not for others"},
      {"a: 1\r", "f:1:5: found a carriage return without a line feed, which ends a line for some readers and not for others"},
      {"a: 1 # x\xC2\x85"
       "b: 2\n",
       "f:1:9: found the line separator U+0085" + line_end + "`\\u0085` in double quotes"},
      {"a: 1 # x\xE2\x80\xA8"
       "b: 2\n",
       "f:1:9: found the line separator U+2028" + line_end + "`\\u2028` in double quotes"},
      {"a: \"x\xE2\x80\xA9\"\n", "f:1:6: found the line separator U+2029" + line_end + "`\\u2029` in double quotes"},
      {"a: 1\n\xEF\xBB\xBF---\nb: 1\n", "f:2:1: found a byte-order mark inside the text"},
      {"--- {a: 1}\n", "f:1:5: found text behind `---`, which kubectl does not read: put it on the next line"},
      {"a: 1\n---b: 2\n", "f:2:4: found text behind `---`, which kubectl does not read: put it on the next line"},
      {"a: 1\n...\nb: 2\n", "f:3:1: found more text after the end of the document or list, expected `---` on a line of its own"},
      {"%YAML 1.1\n---\na: 1\n", "f:1:1: kubectl reads no directives such as `%YAML`: leave the line out"},
      {"{\"a\":1}\n{\"b\":1}\n---\nc: 1\n",
       "f:3:1: found `---` behind several JSON documents, where kubectl stops: put `---` between them all"},
      {"a: &x 1\n*x : 2\n", "f:2:1: an alias is used as a key"},
      {"&x a: 1\n", "f:1:1: a key has an anchor"},
      {"1.5: a\n", "f:1:1: the key `1.5` is a floating-point number: write \"1.5\""},
      {std::string_view("\xFF\xFE"
                        "a",
                        3),
       "f: begins with the byte-order mark of UTF-16 and is not UTF-16"},
      {std::string_view("\xFF\xFE\x00\xDC", 4), "f: begins with the byte-order mark of UTF-16 and is not UTF-16"},
  };
  for (const auto& [text, expected] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(expected, Parsed(text));
  }
}

TEST(Manifest, NotesWhatDataMustNotHold) {
  const auto surprise = [](std::string_view text) {
    const Result<std::vector<Document>> documents = ParseDocuments("f", text);
    return documents ? documents->front().surprise : "refused";
  };
  EXPECT_EQ("", surprise("a: x\n"));
  EXPECT_EQ("f:2:5: `off` is false to some readers and text to others: write \"off\" or false", surprise("a:\n - [off, y]\n"));
  EXPECT_EQ("f:1:5: the key `42` is not a string: write \"42\"", surprise("a: {42: x}\n"));
  EXPECT_EQ("", surprise("apiVersion: v1\nkind: X\na: {42: off}\n"));
  EXPECT_NE("", surprise("apiVersion: v1\na: off\n"));
  EXPECT_EQ("", surprise("{\"a\": {\"42\": true}}\n"));
}

TEST(Manifest, SaysWhatIsWrongAndWhere) {
  const ManifestCase cases[] = {
      {"", "f: is empty"},
      {" \n\t\n", "f: is empty"},
      {"# nothing\n", "f: holds no documents"},
      {"a: 1\nb: 2\na: 3\n", "f:3:1: duplicate key `a`"},
      {"a: 1\n\"a\": 2\n", "f:2:1: duplicate key `a`"},
      {"a:\n\tb: 1\n", "f:2:1: a tab is used for indentation, expected blanks"},
      {"a: b: c\n", "f:1:5: found `:` where no key may stand: write the value in quotes, or indent the line as its neighbours"},
      {"a: 1\nb\n", "f:2:1: found a line without `:`, expected `key: value`"},
      {"a: 1\nb\nc: 2\n", "f:2:1: found a line without `:`, expected `key: value`"},
      {"- a\nb: 1\n", "f:2:1: found more text after the end of the document or list, expected `---` on a line of its own"},
      {"a: *nope\n", "f:1:4: the anchor `nope` is not defined before this place"},
      {"a: &x [*x]\n", "f:1:8: an anchor refers to itself"},
      {"a: .inf\n", "f:1:4: `.inf` has no JSON form"},
      {"? [a]\n: b\n", "f:1:3: a list or a mapping is used as a key"},
      {"x\xFFy", "f:1:2: the text is not valid UTF-8 at byte 1"},
      {std::string_view("\x7F"
                        "ELF\0\0",
                        6),
       "f: is a binary file (a zero byte at offset 4)"},
      {"a: {<<: 5}\n", "f:1:9: `<<` takes a mapping or a list of mappings"},
      {"~: 1\n", "f:1:1: a key is null"},
      {": 1\n", "f:1:1: a key is missing before `:`"},
      {"a: 'x\nb: 2\n", "f:1:4: this quoted text is not closed"},
      {"a: \"x\nb: 2\n", "f:1:4: this quoted text is not closed"},
      {"a: [b, , c]\n", "f:1:8: found nothing between two commas"},
      {"a: [,]\n", "f:1:5: found nothing between two commas"},
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
  EXPECT_EQ("f:3:1: more than 1 document", Parsed("a\n---\nb", {.max_documents = 1}));
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
  const Result<std::string> off = ReadWholeAsJson("f", "- off\n");
  ASSERT_FALSE(off);
  EXPECT_EQ("f:1:3: `off` is false to some readers and text to others: write \"off\" or false", off.error().message);
  const Result<std::string> object = ReadWholeAsJson("f", "apiVersion: v1\nkind: X\na: off\n");  // data is never a manifest
  EXPECT_FALSE(object);
}

}  // namespace
}  // namespace writ::cli
