// Every diagnostic of the compiler, in one list: the enum, the bracketed name, docs/diagnostics.md and the coverage test
// (each kind has a golden case in tests/golden/check) expand it. Texts: lower-case start, no full stop, code in backticks,
// what was found before what was wanted. {0} {1} {2} are the arguments of Emit.
#pragma once

//      name                      severity  text
#define WRIT_DIAGNOSTICS(X)                                                                        \
  /* lexing */                                                                                     \
  X(InvalidUtf8, Error, "the text is not valid UTF-8 at byte {0}")                                 \
  X(UnexpectedCharacter, Error, "unexpected character {0}")                                        \
  X(UnterminatedString, Error, "this string is not closed")                                        \
  X(BadEscape, Error, "`{0}` is not an escape sequence")                                           \
  X(BadNumber, Error, "`{0}` is not {1}")                                                          \
  X(UnterminatedName, Error, "this quoted name is not closed")                                     \
  /* parsing */                                                                                    \
  X(UnexpectedToken, Error, "found {0}, expected {1}")                                             \
  X(ReservedWord, Error, "`{0}` is a reserved word")                                               \
  X(ExpressionTooDeep, Error, "this expression is nested more than {0} levels deep")               \
  X(ChainTooLong, Error, "this chain of operators, members or `? :` has more than {0} links")      \
  X(ExpressionTooLarge, Error, "the file has more than {0} expression nodes")                      \
  X(FileTooLarge, Error, "the file is larger than {0} bytes")                                      \
  X(BadMacroCall, Error, "`{0}` {1}")                                                              \
  X(UnknownTarget, Error, "`{0}` is not a target of policies")                                     \
  X(VerbNotAllowed, Error, "`{0}` rules do not apply to {1}")                                      \
  X(ClauseNotAllowed, Error, "`{0}` does not apply to {1}")                                        \
  X(DuplicateClause, Error, "`{0}` is given twice")                                                \
  X(UnknownAttribute, Error, "`@{0}` is not an attribute")                                         \
  X(BadAttribute, Error, "`@{0}` takes {1}")                                                       \
  X(BadDuration, Error, "`{0}` is not a duration")                                                 \
  X(BadTimestamp, Error, "`{0}` is not an RFC 3339 time")                                          \
  X(BadPattern, Error, "`{0}` is not a pattern: {1}")                                              \
  X(BadMessage, Error, "{0} in the message")                                                       \
  X(UnknownOperation, Error, "`{0}` is not an admission operation")                                \
  X(UnknownDialect, Error, "`{0}` is not a dialect of filters")                                    \
  X(EmptyPolicy, Warning, "policy `{0}` has no rules")                                             \
  /* names */                                                                                      \
  X(DuplicateName, Error, "{0} `{1}` is declared twice")                                           \
  X(RepeatedDeclaration, Warning, "{0} is {1} twice")                                              \
  X(DuplicateRuleId, Error, "two rules of `{0}` have the id `{1}`")                                \
  X(ShadowedName, Error, "`{0}` already names {1}")                                                \
  X(UnknownName, Error, "`{0}` is not declared")                                                   \
  X(UnknownMember, Error, "`{0}` has no member `{1}`")                                             \
  X(UnknownFunction, Error, "`{0}` is not a function")                                             \
  X(UnknownType, Error, "`{0}` is not a type")                                                     \
  X(UnknownTable, Error, "table `{0}` is not declared")                                            \
  X(UnknownColumn, Error, "table `{0}` has no column `{1}`")                                       \
  X(UnknownSigner, Error, "signer `{0}` is not declared")                                          \
  X(UnknownPredicateType, Error, "`{0}` is neither a URI nor a known type of predicate")             \
  X(UnknownPolicy, Error, "policy `{0}` is not declared")                                          \
  X(NotImported, Error, "`data.{0}` is not imported")                                              \
  X(MissingData, Error, "there is no data `{0}`")                                                  \
  X(UnknownKind, Error, "`{0}` is not a kind of objects: {1}")                                     \
  X(UncheckedKind, Warning, "`{0}` is not known: {1}")                                             \
  X(OperationNeverComes, Error, "{0} never comes for {1}")                                         \
  X(RecursiveDefinition, Error, "`{0}` is defined by itself: {1}")                                 \
  /* types */                                                                                      \
  X(NoMatchingOverload, Error, "`{0}` does not take ({1})")                                        \
  X(WrongArgumentCount, Error, "`{0}` takes {1}, found {2}")                                       \
  X(WrongMacroArguments, Error, "the macro `{0}` takes {1}, found {2}")                            \
  X(TypeMismatch, Error, "found {0}, expected {1}")                                                \
  X(NotSelectable, Error, "`{0}` has no members: it is {1}")                                       \
  X(NotIterable, Error, "`{0}` iterates over a list or map, found {1}")                            \
  X(BadPin, Error, "`{0}` does not pin a file: {1}")                                               \
  X(BadConstant, Error, "{0}")                                                                     \
  X(BadRegex, Error, "`{0}` is not a regular expression: {1}")                                     \
  X(NotConstant, Error, "test data must be a constant, or a `let` that is one")                    \
  X(NotAPath, Error, "expected a path such as `args.n`")                                            \
  X(BadColumnType, Error, "`{0}` cannot be the type of a column")                                  \
  X(BadStorage, Error, "`{0}` {1}")                                                                \
  X(ForeignPattern, Warning, "{0} stands for itself in {1}")                                       \
  X(RefusedSpelling, Warning, "nothing has the name `{0}`: it {1}")                                \
  X(WidenedPattern, Warning, "`{0}` now matches `{1}`, too: `**/` stands for no folder as well")   \
  X(UnfoldedUri, Warning, "this condition of a denial sees one spelling of the URI")               \
  X(ConstantCondition, Warning, "this condition is always {0}")                                    \
  X(ShadowedAllow, Warning, "this rule allows nothing: `{0}` denies the same without a condition") \
  X(MaskedColumnInMessage, Error, "a message cannot show `{0}`, which is masked")                  \
  X(InlinedTooLarge, Error, "with its `fn` calls inlined this expression has more than {0} nodes") \
  X(ProgramTooLarge, Error, "{0}")                                                                 \
  X(ImpossibleScope, Warning, "no principal has scope `{0}`: {1}")                                 \
  X(ConstantKey, Warning, "this key is always the same: everybody shares one quota")               \
  X(NothingAllowed, Warning, "no rule allows {0}, so this never matters")                          \
  X(ContradictsPattern, Warning, "`{0}` is never {1} here: the patterns exclude it")               \
  X(PrintsWhole, Warning, "this message shows `{0}` whole")                                        \
  X(UnknownZone, Warning, "this machine knows no time zone `{0}`: the condition fails")            \
  X(NearMiss, Warning, "`{0}` has no known member `{1}`, though it may hold others")               \
  X(MixedNumbers, Warning, "this fails unless `{0}` is spelt as a number of type {1}")             \
  X(NullMeetsNull, Warning, "when it is null, `{0}` {1}")                                          \
  X(UnanchoredException, Warning, "`{0}` may match anywhere in the text, so this exception is wide") \
  X(Unused, Warning, "{0} `{1}` is not used")                                                      \
  X(DuplicateRule, Warning, "this rule says what an earlier one says")                             \
  X(RelationNeverHolds, Warning, "`{0}` is {1} and `{2}` is {3}: no row has such a relation")      \
  X(KeepsNoText, Warning, "`keep` keeps characters of a text, and `{0}` is {1}")                   \
  /* tests */                                                                                      \
  X(MissingFile, Error, "`{0}` cannot be read: {1}")                                               \
  X(NarrowPattern, Warning, "`{0}` matches less than it seems: {1}")                               \
  X(CaseNotCovered, Warning, "no policy is about {0}")
