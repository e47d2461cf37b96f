// What is JSON by its grammar.
#include "webhook/admission/json_syntax.h"

#include <string>

#include <gtest/gtest.h>

namespace writ::server {
namespace {

TEST(JsonSyntax, TakesEveryGrammaticalText) {
  for (const std::string_view text : {"null",
                                      " true ",
                                      "false",
                                      "0",
                                      "-0",
                                      "-0.5e-3",
                                      "1e400",
                                      "123456789012345678901234567890",
                                      "1E+9",
                                      "\"\"",
                                      "\"a\\u00e9\\n\\\\\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00\\ud800\"",
                                      "{}",
                                      "[]",
                                      "[ ]",
                                      "{ }",
                                      "[[],{}]",
                                      "{\"a\":{\"b\":[1,2,{}]},\"a\":null}",
                                      "\xEF\xBB\xBF{}",
                                      "{\"\\ud800\":1}",
                                      "\t[1 , 2]\r\n"}) {
    EXPECT_TRUE(IsJsonSyntax(text)) << text;
  }
  EXPECT_TRUE(IsJsonSyntax(std::string(1'000'000, '[') + std::string(1'000'000, ']')));
}

TEST(JsonSyntax, RefusesEverythingElse) {
  for (const std::string_view text : {"",         " ",       "nul",       "nulll",       "01",
                                      "-",        "+1",      "1.",        ".5",          "1e",
                                      "1e+",      "0x1",     "NaN",       "Infinity",    "'a'",
                                      "\"",       "\"a",     "\"\\q\"",   "\"\\u12g4\"", "\"\\u12",
                                      "\"a\nb\"", "[",       "]",         "[1",          "[1,",
                                      "[1,]",     "[,1]",    "[1 2]",     "{",           "}",
                                      "{\"a\"",   "{\"a\":", "{\"a\":}",  "{\"a\":1,}",  "{,}",
                                      "{a:1}",    "{1:1}",   "{\"a\" 1}", "[1}",         "{\"a\":1]",
                                      "1 2",      "{}{}",    "// x\n1",   "\"\xFF\"",    "\"\xED\xA0\x80\"",
                                      "[]]",      "{}}"}) {
    EXPECT_FALSE(IsJsonSyntax(text)) << text;
  }
  EXPECT_FALSE(IsJsonSyntax(std::string(1'000'000, '[')));
}

}  // namespace
}  // namespace writ::server
