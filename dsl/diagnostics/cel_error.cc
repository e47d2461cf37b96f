// Diagnostics and errors as CEL's kinds of errors; see cel_error.h.
#include "dsl/diagnostics/cel_error.h"

#include "rules/base/check.h"

namespace writ::dsl {

std::string_view CelErrorOf(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::kInvalidUtf8:
    case DiagnosticKind::kUnexpectedCharacter:
    case DiagnosticKind::kUnterminatedString:
    case DiagnosticKind::kBadEscape:
    case DiagnosticKind::kBadNumber:
    case DiagnosticKind::kUnterminatedName:
    case DiagnosticKind::kUnexpectedToken:
    case DiagnosticKind::kReservedWord:
    case DiagnosticKind::kExpressionTooDeep:
    case DiagnosticKind::kChainTooLong:
    case DiagnosticKind::kExpressionTooLarge:
    case DiagnosticKind::kFileTooLarge:
    case DiagnosticKind::kInlinedTooLarge:
    case DiagnosticKind::kProgramTooLarge: return "syntax";
    case DiagnosticKind::kBadMacroCall: return "macro";
    case DiagnosticKind::kUnknownName:
    case DiagnosticKind::kUnknownFunction:
    case DiagnosticKind::kUnknownType:
    case DiagnosticKind::kWrongMacroArguments:  // no macro of so many arguments, so that it would have to be a function
    case DiagnosticKind::kNotImported: return "undeclared";
    case DiagnosticKind::kUnknownMember: return "undefined_field";
    case DiagnosticKind::kNoMatchingOverload:
    case DiagnosticKind::kWrongArgumentCount: return "no_matching_overload";
    case DiagnosticKind::kTypeMismatch:
    case DiagnosticKind::kNotSelectable:
    case DiagnosticKind::kNotIterable: return "type_mismatch";
    case DiagnosticKind::kBadConstant:
    case DiagnosticKind::kBadRegex:
    case DiagnosticKind::kBadDuration:
    case DiagnosticKind::kBadTimestamp: return "bad_literal";
    // Of policies, or a warning: no expression by itself is refused with these.
    case DiagnosticKind::kUnknownTarget:
    case DiagnosticKind::kVerbNotAllowed:
    case DiagnosticKind::kClauseNotAllowed:
    case DiagnosticKind::kDuplicateClause:
    case DiagnosticKind::kUnknownAttribute:
    case DiagnosticKind::kBadAttribute:
    case DiagnosticKind::kBadPattern:
    case DiagnosticKind::kBadMessage:
    case DiagnosticKind::kUnknownOperation:
    case DiagnosticKind::kUnknownDialect:
    case DiagnosticKind::kEmptyPolicy:
    case DiagnosticKind::kDuplicateName:
    case DiagnosticKind::kRepeatedDeclaration:
    case DiagnosticKind::kDuplicateRuleId:
    case DiagnosticKind::kShadowedName:
    case DiagnosticKind::kUnknownTable:
    case DiagnosticKind::kUnknownColumn:
    case DiagnosticKind::kUnknownSigner:
    case DiagnosticKind::kUnknownPredicateType:
    case DiagnosticKind::kUnknownPolicy:
    case DiagnosticKind::kMissingData:
    case DiagnosticKind::kUnknownKind:
    case DiagnosticKind::kUncheckedKind:
    case DiagnosticKind::kOperationNeverComes:
    case DiagnosticKind::kRecursiveDefinition:
    case DiagnosticKind::kBadPin:
    case DiagnosticKind::kNotConstant:
    case DiagnosticKind::kNotAPath:
    case DiagnosticKind::kBadColumnType:
    case DiagnosticKind::kBadStorage:
    case DiagnosticKind::kForeignPattern:
    case DiagnosticKind::kRefusedSpelling:
    case DiagnosticKind::kWidenedPattern:
    case DiagnosticKind::kUnfoldedUri:
    case DiagnosticKind::kConstantCondition:
    case DiagnosticKind::kShadowedAllow:
    case DiagnosticKind::kMaskedColumnInMessage:
    case DiagnosticKind::kImpossibleScope:
    case DiagnosticKind::kConstantKey:
    case DiagnosticKind::kNothingAllowed:
    case DiagnosticKind::kContradictsPattern:
    case DiagnosticKind::kPrintsWhole:
    case DiagnosticKind::kUnknownZone:
    case DiagnosticKind::kNearMiss:
    case DiagnosticKind::kMixedNumbers:
    case DiagnosticKind::kNullMeetsNull:
    case DiagnosticKind::kUnanchoredException:
    case DiagnosticKind::kUnused:
    case DiagnosticKind::kDuplicateRule:
    case DiagnosticKind::kRelationNeverHolds:
    case DiagnosticKind::kKeepsNoText:
    case DiagnosticKind::kMissingFile:
    case DiagnosticKind::kNarrowPattern:
    case DiagnosticKind::kCaseNotCovered: return "internal";
  }
  WRIT_CHECK(false);
}

std::string_view CelErrorOf(ValueError error) {
  switch (error) {
    case ValueError::kNoSuchKey: return "no_such_key";
    case ValueError::kNoMatchingOverload:
    case ValueError::kNotABool: return "no_such_overload";
    case ValueError::kIndexOutOfRange: return "index_out_of_range";
    case ValueError::kDivideByZero: return "divide_by_zero";
    case ValueError::kModulusByZero: return "modulus_by_zero";
    case ValueError::kOverflow: return "overflow";
    case ValueError::kBadConversion: return "bad_conversion";
    case ValueError::kInvalidRegex: return "invalid_regex";
    case ValueError::kInvalidArgument: return "invalid_argument";
    case ValueError::kUnboundVariable: return "unbound";
    case ValueError::kNoOptionalValue: return "no_optional_value";
    case ValueError::kDuplicateKey: return "duplicate_key";
    case ValueError::kBadKeyType: return "bad_key_type";
  }
  WRIT_CHECK(false);
}

}  // namespace writ::dsl
