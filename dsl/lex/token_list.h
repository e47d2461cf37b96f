// Every kind of token, in one list: the enum and the words diagnostics use for it expand it. Kinds with varying text come first.
#pragma once

//      name            text
#define WRIT_TOKENS(X)                   \
  X(End,            "the end of the file") \
  X(Invalid,        "invalid text")      \
  X(Ident,          "name")              \
  X(QuotedIdent,    "quoted name")       \
  X(Int,            "number")            \
  X(Uint,           "number")            \
  X(Double,         "number")            \
  X(String,         "string")            \
  X(Bytes,          "bytes")             \
  X(Pattern,        "pattern")           \
  X(Duration,       "duration")          \
  X(LeftParen,      "(")                 \
  X(RightParen,     ")")                 \
  X(LeftBracket,    "[")                 \
  X(RightBracket,   "]")                 \
  X(LeftBrace,      "{")                 \
  X(RightBrace,     "}")                 \
  X(Dot,            ".")                 \
  X(Comma,          ",")                 \
  X(Colon,          ":")                 \
  X(Question,       "?")                 \
  X(Plus,           "+")                 \
  X(Minus,          "-")                 \
  X(Star,           "*")                 \
  X(Slash,          "/")                 \
  X(Percent,        "%")                 \
  X(Not,            "!")                 \
  X(EqualEqual,     "==")                \
  X(NotEqual,       "!=")                \
  X(Less,           "<")                 \
  X(LessOrEqual,    "<=")                \
  X(Greater,        ">")                 \
  X(GreaterOrEqual, ">=")                \
  X(AndAnd,         "&&")                \
  X(OrOr,           "||")                \
  X(Assign,         "=")                 \
  X(Arrow,          "->")                \
  X(At,             "@")
