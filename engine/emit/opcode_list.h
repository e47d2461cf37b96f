// The instruction set of register code: one list from which the enum, docs/opcodes.md and the tests
// derive.
//
// An instruction is {op, dst, a, b, c}: dst, a, b are registers (16 bit), c is 32 bit. What each
// operand means is said by the second to fifth column:
//   W register written            R register read             I register read and written
//   P register pair: reads r, r+1 Q register pair written     N small number
//   K constant of the code        G regex of the code         C shared value of the code
//   S slot                        F function                  J jump target
//   A range of the code (a constant list or map)
//   O register read, or kNoRegister                           V register written, or kNoRegister
//   - not used
//
// "Fault" is an error or unknown value. Strict instructions whose operand is a fault pass it on: an
// error before an unknown, the left one before the right one.
//
// Test* and IterateFirst stand in quick code. There, 1 or 0 in dst says what is looked for; when
// something is neither (a fault, or no bool, list or map where one is wanted) they go to the
// careful code, which computes the whole expression again with faults as values.
//
// Code is made by engine/emit alone, which keeps to these rules: registers are written before they
// are read, jumps stay inside and only Loop and IterateAgain go backwards, cursors and builders are
// used as such, careful code has no instruction that goes to it, and Return or ReturnBool comes
// last.
#pragma once

//      name              dst a  b  c    effect
#define WRIT_OPCODES(OP)                                                                                                   \
  OP(LoadConstant,        W, _, _, K,  "dst = constants[c]")                                                              \
  OP(LoadSlot,            W, _, _, S,  "dst = value of path c, or the error of its first missing step")                   \
  OP(HasSlot,             W, _, _, S,  "dst = has(path c): the parent must be a map")                                     \
  OP(OptionalSlot,        W, N, _, S,  "dst = optional of path c; the first a steps after the root are plain selects")    \
  OP(LoadShared,          W, _, _, C,  "dst = shared value c, computed at most once per decision")                        \
  OP(Move,                W, R, _, _,  "dst = a")                                                                         \
  OP(Select,              W, R, _, K,  "dst = a.c (map member, or through an optional)")                                  \
  OP(HasMember,           W, R, _, K,  "dst = has(a.c)")                                                                  \
  OP(OptionalSelect,      W, R, _, K,  "dst = a.?c")                                                                      \
  OP(SelectOr,            W, R, _, K,  "dst = a.?c.orValue(constants[c + 1])")                                            \
  OP(SelectNonZeroOr,     W, R, _, K,  "the same, and constants[c + 1] for a zero value, too")                            \
  OP(NonZeroOr,           W, R, _, K,  "dst = optional.ofNonZeroValue(a).orValue(constants[c])")                          \
  OP(Index,               W, R, R, _,  "dst = a[b]")                                                                      \
  OP(OptionalIndex,       W, R, R, _,  "dst = a[?b]")                                                                     \
  OP(Add,                 W, R, R, _,  "dst = a + b")                                                                     \
  OP(AddAll,              W, R, N, _,  "dst = R[a] + … + R[a+b), from left to right")                                     \
  OP(Subtract,            W, R, R, _,  "dst = a - b")                                                                     \
  OP(Multiply,            W, R, R, _,  "dst = a * b")                                                                     \
  OP(Divide,              W, R, R, _,  "dst = a / b")                                                                     \
  OP(Modulo,              W, R, R, _,  "dst = a % b")                                                                     \
  OP(Negate,              W, R, _, _,  "dst = -a")                                                                        \
  OP(Not,                 W, R, _, _,  "dst = !a")                                                                        \
  OP(Equal,               W, R, R, _,  "dst = a == b")                                                                    \
  OP(NotEqual,            W, R, R, _,  "dst = a != b")                                                                    \
  OP(Less,                W, R, R, _,  "dst = a < b")                                                                     \
  OP(LessOrEqual,         W, R, R, _,  "dst = a <= b")                                                                    \
  OP(Greater,             W, R, R, _,  "dst = a > b")                                                                     \
  OP(GreaterOrEqual,      W, R, R, _,  "dst = a >= b")                                                                    \
  OP(In,                  W, R, R, _,  "dst = a in b")                                                                    \
  OP(EqualConstant,       W, R, _, K,  "dst = a == constants[c]")                                                         \
  OP(NotEqualConstant,    W, R, _, K,  "dst = a != constants[c]")                                                         \
  OP(HasKind,             W, R, _, N,  "dst = type(a) == the type of kind c")                                             \
  OP(InConstant,          W, R, _, A,  "dst = a in ranges[c], a list whose keys are hashed, or a map")                  \
  OP(ConstantIn,          W, R, _, K,  "dst = constants[c] in a")                                                         \
  OP(MatchesRegex,        W, R, _, G,  "dst = regexes[c] finds a match in a")                                             \
  OP(And,                 W, R, R, _,  "dst = a && b, both already evaluated (Kleene; unknown before error)")             \
  OP(Or,                  W, R, R, _,  "dst = a || b, both already evaluated")                                            \
  OP(ForgetOutcomes,      I, _, _, _,  "an unknown in dst becomes one that can come to anything")                         \
  OP(Jump,                _, _, _, J,  "pc = c")                                                                          \
  OP(JumpIfTrue,          _, R, _, J,  "if a is true then pc = c")                                                        \
  OP(JumpIfFalse,         _, R, _, J,  "if a is false then pc = c")                                                       \
  OP(JumpUnlessBool,      W, R, _, J,  "if a is no bool then dst = its fault (or NotABool), pc = c")                      \
  OP(OptionalOr,          W, R, _, J,  "a.or(…): unless a is none, dst = a (or its fault), pc = c")                       \
  OP(OptionalOrValue,     W, R, _, J,  "a.orValue(…): unless a is none, dst = a's value (or its fault), pc = c")          \
  OP(OptionalUnwrap,      W, R, W, J,  "optMap/optFlatMap: if a has a value then b = it, else dst = a (none or fault), pc = c") \
  OP(CheckOptional,       W, R, _, _,  "dst = a if it is an optional or a fault, else NoMatchingOverload")                \
  OP(Call,                W, R, N, F,  "dst = function c (R[a .. a+b)*)")                                                 \
  OP(NewList,             W, _, _, N,  "dst = empty list builder, room for c items")                                      \
  OP(Append,              I, R, _, _,  "append a to the list in dst (a fault makes dst that fault, and stays)")           \
  OP(AppendOptional,      I, R, _, _,  "append the value of optional a, if any")                                          \
  OP(NewMap,              W, _, _, N,  "dst = empty map builder, room for c entries")                                     \
  OP(Put,                 I, R, R, _,  "put key a, value b into the map in dst; duplicate and bad keys are errors")       \
  OP(PutOptional,         I, R, R, _,  "put key a and the value of optional b, if any")                                   \
  OP(IterateBegin,        Q, R, W, J,  "start iterating over a: (dst, dst+1) = cursor; not a list or map: b = fault, pc = c") \
  OP(IterateNext,         V, P, V, J,  "next of cursor (a, a+1): dst = item or key; with b: dst = index or key, b = item or value; at the end pc = c") \
  OP(FoldAnd,             I, R, _, J,  "dst = dst && a (Kleene); if dst is false then pc = c")                            \
  OP(FoldOr,              I, R, _, J,  "dst = dst || a (Kleene); if dst is true then pc = c")                             \
  OP(CountTrue,           I, R, _, _,  "exists_one: dst (int) += a is true; a fault or non-bool makes dst that fault, and stays") \
  OP(FilterTest,          I, R, _, J,  "if a is true go on; if false pc = c; else dst = its fault, pc = c")               \
  OP(Loop,                _, _, _, J,  "pc = c (backwards; charges what it goes over)")                      \
  OP(TestTrue,            N, R, _, J,  "if a is dst then pc = c")                                                         \
  OP(TestShared,          N, _, C, J,  "if shared value b is dst then pc = c")                                            \
  OP(TestKind,            N, R, N, J,  "if (type(a) == the type of kind b) is dst then pc = c")                           \
  OP(TestMemberKind,      N, R, K, J,  "if (type(a.b) == the type of kind dst/2) is dst%2 then pc = c")                   \
  OP(TestPresent,         N, R, K, J,  "if (a.?b.orValue(null) != null) is dst then pc = c")                              \
  OP(TestEqual,           N, R, K, J,  "if (a == constants[b]) is dst then pc = c")                                       \
  OP(TestIn,              N, R, A, J,  "if (a in ranges[b]) is dst then pc = c")                                          \
  OP(TestMatches,         N, R, G, J,  "if (regexes[b] finds a match in a) is dst then pc = c")                           \
  OP(IterateFirst,        Q, R, _, J,  "start iterating over a: (dst, dst+1) = cursor, dst+2 = first item or key; if there is none pc = c")\
  OP(IterateAgain,        _, P, _, J,  "the next of cursor (a, a+1): a+2 = item or key, pc = c (backwards; charges); at the end go on")\
  OP(Careful,             _, _, _, N,  "begin of the careful code: charges the c instructions of it")                     \
  OP(ReturnBool,          _, _, _, N,  "the expression's value is true, or false where c is 0")                           \
  OP(Return,              _, R, _, _,  "the expression's value is a")
