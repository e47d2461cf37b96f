// Every function and operator of the expression language, in one list: the checker's overload table, the evaluator's
// dispatch, `docs/functions.md` and the tests expand it.
//
// Signatures: overloads separated by ';'. A leading "T." makes the first parameter the receiver (method style); a function
// with both styles lists both. A, B are type parameters. opt(A) is optional_type(A).
// Source: cel-spec langdef.md (standard definitions), cel-go ext/optionals.
#pragma once

//      id                  name                  since library   signatures
#define WRIT_FUNCTIONS(F)                                                                                               \
  F(Size,               "size",               "standard", "(string)->int; (bytes)->int; (list(A))->int; (map(A,B))->int; string.()->int; bytes.()->int; list(A).()->int; map(A,B).()->int") \
  F(Contains,           "contains",           "standard", "string.(string)->bool")                                      \
  F(StartsWith,         "startsWith",         "standard", "string.(string)->bool")                                      \
  F(EndsWith,           "endsWith",           "standard", "string.(string)->bool")                                      \
  F(Matches,            "matches",            "standard", "string.(string)->bool; (string,string)->bool")               \
  F(ToInt,              "int",                "standard", "(int)->int; (uint)->int; (double)->int; (string)->int; (timestamp)->int; (duration)->int") \
  F(ToUint,             "uint",               "standard", "(uint)->uint; (int)->uint; (double)->uint; (string)->uint")  \
  F(ToDouble,           "double",             "standard", "(double)->double; (int)->double; (uint)->double; (string)->double") \
  F(ToString,           "string",             "standard", "(string)->string; (bool)->string; (int)->string; (uint)->string; (double)->string; (bytes)->string; (timestamp)->string; (duration)->string") \
  F(ToBytes,            "bytes",              "standard", "(bytes)->bytes; (string)->bytes")                            \
  F(ToBool,             "bool",               "standard", "(bool)->bool; (string)->bool")                               \
  F(ToTimestamp,        "timestamp",          "standard", "(timestamp)->timestamp; (string)->timestamp; (int)->timestamp") \
  F(ToDuration,         "duration",           "standard", "(duration)->duration; (string)->duration; (int)->duration")  \
  F(TypeOf,             "type",               "standard", "(A)->type(A)")                                               \
  F(ToDyn,              "dyn",                "standard", "(A)->dyn")                                                   \
  F(GetFullYear,        "getFullYear",        "standard", "timestamp.()->int; timestamp.(string)->int")                 \
  F(GetMonth,           "getMonth",           "standard", "timestamp.()->int; timestamp.(string)->int")                 \
  F(GetDayOfYear,       "getDayOfYear",       "standard", "timestamp.()->int; timestamp.(string)->int")                 \
  F(GetDayOfMonth,      "getDayOfMonth",      "standard", "timestamp.()->int; timestamp.(string)->int")                 \
  F(GetDate,            "getDate",            "standard", "timestamp.()->int; timestamp.(string)->int")                 \
  F(GetDayOfWeek,       "getDayOfWeek",       "standard", "timestamp.()->int; timestamp.(string)->int")                 \
  F(GetHours,           "getHours",           "standard", "timestamp.()->int; timestamp.(string)->int; duration.()->int") \
  F(GetMinutes,         "getMinutes",         "standard", "timestamp.()->int; timestamp.(string)->int; duration.()->int") \
  F(GetSeconds,         "getSeconds",         "standard", "timestamp.()->int; timestamp.(string)->int; duration.()->int") \
  F(GetMilliseconds,    "getMilliseconds",    "standard", "timestamp.()->int; timestamp.(string)->int; duration.()->int") \
  F(OptionalOf,         "optional.of",        "optional", "(A)->opt(A)")                                                \
  F(OptionalOfNonZero,  "optional.ofNonZeroValue", "optional", "(A)->opt(A)")                                           \
  F(OptionalNone,       "optional.none",      "optional", "()->opt(A)")                                                 \
  F(HasValue,           "hasValue",           "optional", "opt(A).()->bool")                                            \
  F(OptionalValue,      "value",              "optional", "opt(A).()->A")                                               \
  F(OptionalOr,         "or",                 "optional", "opt(A).(opt(A))->opt(A)")                                    \
  F(OptionalOrValue,    "orValue",            "optional", "opt(A).(A)->A")                                              \
  F(Negate,             "-_",                 "standard", "(int)->int; (double)->double")                               \
  F(Not,                "!_",                 "standard", "(bool)->bool")                                               \
  F(Multiply,           "_*_",                "standard", "(int,int)->int; (uint,uint)->uint; (double,double)->double") \
  F(Divide,             "_/_",                "standard", "(int,int)->int; (uint,uint)->uint; (double,double)->double") \
  F(Modulo,             "_%_",                "standard", "(int,int)->int; (uint,uint)->uint")                          \
  F(Add,                "_+_",                "standard", "(int,int)->int; (uint,uint)->uint; (double,double)->double; (string,string)->string; (bytes,bytes)->bytes; (list(A),list(A))->list(A); (timestamp,duration)->timestamp; (duration,timestamp)->timestamp; (duration,duration)->duration") \
  F(Subtract,           "_-_",                "standard", "(int,int)->int; (uint,uint)->uint; (double,double)->double; (timestamp,timestamp)->duration; (timestamp,duration)->timestamp; (duration,duration)->duration") \
  F(Less,               "_<_",                "standard", WRIT_ORDERING_SIGNATURES)                                     \
  F(LessOrEqual,        "_<=_",               "standard", WRIT_ORDERING_SIGNATURES)                                     \
  F(Greater,            "_>_",                "standard", WRIT_ORDERING_SIGNATURES)                                     \
  F(GreaterOrEqual,     "_>=_",               "standard", WRIT_ORDERING_SIGNATURES)                                     \
  F(Equal,              "_==_",               "standard", "(A,A)->bool")                                                \
  F(NotEqual,           "_!=_",               "standard", "(A,A)->bool")                                                \
  F(In,                 "@in",                "standard", "(A,list(A))->bool; (A,map(A,B))->bool")                      \
  F(Index,              "_[_]",               "standard", "(list(A),int)->A; (map(A,B),A)->B; (opt(list(A)),int)->opt(A); (opt(map(A,B)),A)->opt(B)") \
  F(OptionalIndex,      "_[?_]",              "optional", "(list(A),int)->opt(A); (map(A,B),A)->opt(B); (opt(list(A)),int)->opt(A); (opt(map(A,B)),A)->opt(B)")

// Mixed numeric ordering is on, as in Kubernetes since 1.28.
#define WRIT_ORDERING_SIGNATURES                                                                                        \
  "(bool,bool)->bool; (int,int)->bool; (uint,uint)->bool; (double,double)->bool; (string,string)->bool; (bytes,bytes)->bool; (timestamp,timestamp)->bool; (duration,duration)->bool; (int,uint)->bool; (int,double)->bool; (uint,int)->bool; (uint,double)->bool; (double,int)->bool; (double,uint)->bool"
