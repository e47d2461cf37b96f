// The library "standard": the functions and operators that CEL itself defines, a row each. The
// columns are explained in rules/function/function_list.h. Source: cel-spec langdef.md (standard
// definitions).
#pragma once

// Orders mix the kinds of numbers, as Kubernetes does since 1.28.
#define WRIT_ORDERING_SIGNATURES                                                                   \
  "(bool,bool)->bool; (int,int)->bool; (uint,uint)->bool; (double,double)->bool; "                 \
  "(string,string)->bool; (bytes,bytes)->bool; (timestamp,timestamp)->bool; "                      \
  "(duration,duration)->bool; (int,uint)->bool; (int,double)->bool; (uint,int)->bool; "            \
  "(uint,double)->bool; (double,int)->bool; (double,uint)->bool"

#define WRIT_STANDARD_FUNCTIONS(F)                                                                 \
  F(Size, "size", "standard", 1,                                                                   \
    "(string)->int; (bytes)->int; (list(A))->int; (map(A,B))->int; string.()->int; "               \
    "bytes.()->int; list(A).()->int; map(A,B).()->int",                                            \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(Contains, "contains", "standard", 1,                                                           \
    "string.(string)->bool",                                                                       \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(StartsWith, "startsWith", "standard", 1,                                                       \
    "string.(string)->bool",                                                                       \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(EndsWith, "endsWith", "standard", 1,                                                           \
    "string.(string)->bool",                                                                       \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(Matches, "matches", "standard", 1,                                                             \
    "string.(string)->bool; (string,string)->bool",                                                \
    Fuel::AtMost(80'000).PerBlock(18'000),                                                         \
    Fold::Never("patterns that are constants are compiled when the program is loaded"))            \
  F(ToInt, "int", "standard", 1,                                                                   \
    "(int)->int; (uint)->int; (double)->int; (string)->int; (timestamp)->int; "                    \
    "(duration)->int",                                                                             \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(ToUint, "uint", "standard", 1,                                                                 \
    "(uint)->uint; (int)->uint; (double)->uint; (string)->uint",                                   \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(ToDouble, "double", "standard", 1,                                                             \
    "(double)->double; (int)->double; (uint)->double; (string)->double",                           \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(ToString, "string", "standard", 1,                                                             \
    "(string)->string; (bool)->string; (int)->string; (uint)->string; (double)->string; "          \
    "(bytes)->string; (timestamp)->string; (duration)->string",                                    \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(ToBytes, "bytes", "standard", 1,                                                               \
    "(bytes)->bytes; (string)->bytes",                                                             \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(ToBool, "bool", "standard", 1,                                                                 \
    "(bool)->bool; (string)->bool",                                                                \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(ToTimestamp, "timestamp", "standard", 1,                                                       \
    "(timestamp)->timestamp; (string)->timestamp; (int)->timestamp",                               \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(ToDuration, "duration", "standard", 1,                                                         \
    "(duration)->duration; (string)->duration",                                                    \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(TypeOf, "type", "standard", 1,                                                                 \
    "(A)->type(A)",                                                                                \
    Fuel::AtMost(4), Fold::Never("the name of a type does not say its parameters"))                \
  F(ToDyn, "dyn", "standard", 1,                                                                   \
    "(A)->dyn",                                                                                    \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(GetFullYear, "getFullYear", "standard", 1,                                                     \
    "timestamp.()->int; timestamp.(string)->int",                                                  \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetMonth, "getMonth", "standard", 1,                                                           \
    "timestamp.()->int; timestamp.(string)->int",                                                  \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetDayOfYear, "getDayOfYear", "standard", 1,                                                   \
    "timestamp.()->int; timestamp.(string)->int",                                                  \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetDayOfMonth, "getDayOfMonth", "standard", 1,                                                 \
    "timestamp.()->int; timestamp.(string)->int",                                                  \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetDate, "getDate", "standard", 1,                                                             \
    "timestamp.()->int; timestamp.(string)->int",                                                  \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetDayOfWeek, "getDayOfWeek", "standard", 1,                                                   \
    "timestamp.()->int; timestamp.(string)->int",                                                  \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetHours, "getHours", "standard", 1,                                                           \
    "timestamp.()->int; timestamp.(string)->int; duration.()->int",                                \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetMinutes, "getMinutes", "standard", 1,                                                       \
    "timestamp.()->int; timestamp.(string)->int; duration.()->int",                                \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetSeconds, "getSeconds", "standard", 1,                                                       \
    "timestamp.()->int; timestamp.(string)->int; duration.()->int",                                \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(GetMilliseconds, "getMilliseconds", "standard", 1,                                             \
    "timestamp.()->int; timestamp.(string)->int; duration.()->int",                                \
    Fuel::AtMost(25).PerBlock(1),                                                                  \
    Fold::Never("the zones are those of the machine that decides"))                                \
  F(Negate, "-_", "standard", 1,                                                                   \
    "(int)->int; (double)->double",                                                                \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(Not, "!_", "standard", 1,                                                                      \
    "(bool)->bool",                                                                                \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(Multiply, "_*_", "standard", 1,                                                                \
    "(int,int)->int; (uint,uint)->uint; (double,double)->double",                                  \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(Divide, "_/_", "standard", 1,                                                                  \
    "(int,int)->int; (uint,uint)->uint; (double,double)->double",                                  \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(Modulo, "_%_", "standard", 1,                                                                  \
    "(int,int)->int; (uint,uint)->uint",                                                           \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(Add, "_+_", "standard", 1,                                                                     \
    "(int,int)->int; (uint,uint)->uint; (double,double)->double; "                                 \
    "(string,string)->string; (bytes,bytes)->bytes; (list(A),list(A))->list(A); "                  \
    "(timestamp,duration)->timestamp; (duration,timestamp)->timestamp; "                           \
    "(duration,duration)->duration",                                                               \
    Fuel::AtMost(5).PerBlock(1).PerItem(1), Fold::Always())                                        \
  F(Subtract, "_-_", "standard", 1,                                                                \
    "(int,int)->int; (uint,uint)->uint; (double,double)->double; "                                 \
    "(timestamp,timestamp)->duration; (timestamp,duration)->timestamp; "                           \
    "(duration,duration)->duration",                                                               \
    Fuel::AtMost(4), Fold::Always())                                                               \
  F(Less, "_<_", "standard", 1,                                                                    \
    WRIT_ORDERING_SIGNATURES,                                                                      \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(LessOrEqual, "_<=_", "standard", 1,                                                            \
    WRIT_ORDERING_SIGNATURES,                                                                      \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(Greater, "_>_", "standard", 1,                                                                 \
    WRIT_ORDERING_SIGNATURES,                                                                      \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(GreaterOrEqual, "_>=_", "standard", 1,                                                         \
    WRIT_ORDERING_SIGNATURES,                                                                      \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())                                                   \
  F(Equal, "_==_", "standard", 1,                                                                  \
    "(A,A)->bool",                                                                                 \
    Fuel::AtMost(5).PerBlock(2).PerItem(2), Fold::Always())                                        \
  F(NotEqual, "_!=_", "standard", 1,                                                               \
    "(A,A)->bool",                                                                                 \
    Fuel::AtMost(5).PerBlock(2).PerItem(2), Fold::Always())                                        \
  F(In, "@in", "standard", 1,                                                                      \
    "(A,list(A))->bool; (A,map(A,B))->bool",                                                       \
    Fuel::AtMost(5).PerBlock(2).PerItem(2), Fold::Always())                                        \
  F(Index, "_[_]", "standard", 1,                                                                  \
    "(list(A),int)->A; (map(A,B),A)->B; (opt(list(A)),int)->opt(A); "                              \
    "(opt(map(A,B)),A)->opt(B)",                                                                   \
    Fuel::AtMost(5).PerBlock(1), Fold::Always())
