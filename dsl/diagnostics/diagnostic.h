// Diagnostics: faults in user text (channel (a) of docs/idioms.md), collected with their places and printed like rustc's.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics/kind_list.h"
#include "rules/base/limits.h"
#include "rules/base/source.h"

namespace writ::dsl {

enum class Severity : std::uint8_t { kError, kWarning };

enum class DiagnosticKind : std::uint16_t {
#define WRIT_ENUM(name, severity, text) k##name,
  WRIT_DIAGNOSTICS(WRIT_ENUM)
#undef WRIT_ENUM
};

#define WRIT_COUNT(name, severity, text) +1
inline constexpr std::size_t kDiagnosticKindCount = 0 WRIT_DIAGNOSTICS(WRIT_COUNT);
#undef WRIT_COUNT

// Returns "UnknownMember": the stable name printed in brackets.
std::string_view DiagnosticKindName(DiagnosticKind kind);
// Returns the default severity and the text template of a kind.
Severity SeverityOf(DiagnosticKind kind);
std::string_view DiagnosticTemplate(DiagnosticKind kind);

// Another place that a diagnostic speaks of: where something was declared first, or where what is not closed opened.
struct RelatedPlace {
  SourceSpan span;
  std::string text;  // "first declared here"
};

struct Diagnostic {
  DiagnosticKind kind;
  Severity severity;
  SourceSpan span;
  std::string message;
  std::string help;  // "" = none; something that could be pasted
  std::string note;  // "" = none
  std::vector<RelatedPlace> related = {};
};

// Collects diagnostics up to a limit of errors and one of warnings: a flood of warnings hides no error. Not thread-safe.
class DiagnosticSink {
 public:
  explicit DiagnosticSink(std::uint32_t max_diagnostics = SourceLimits{}.max_diagnostics) : max_(max_diagnostics) {}

  // Adds a diagnostic whose message is the kind's template with `arguments` filled in, and returns it for adding help or a
  // note. The reference is valid until the next Emit. Beyond the limit, counts it and returns a scratch object.
  Diagnostic& Emit(DiagnosticKind kind, SourceSpan span, std::initializer_list<std::string_view> arguments = {});

  bool has_errors() const { return error_count_ > 0; }
  // Whether a further error is only counted: what would make its text dear need not be done.
  bool is_full() const { return stored_errors_ >= max_; }
  std::uint32_t error_count() const { return error_count_; }
  std::uint32_t warning_count() const { return warning_count_; }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  // Sorted by file and place; call once at the end. Turns warnings into errors when `strict`. Of errors and warnings that are together
  // more than the limit, warnings are dropped from the end.
  void Finish(bool strict);

 private:
  std::uint32_t max_;
  std::uint32_t error_count_ = 0;
  std::uint32_t warning_count_ = 0;
  std::uint32_t stored_errors_ = 0;
  std::vector<Diagnostic> diagnostics_;
  Diagnostic overflow_{};
};

// Returns the diagnostic as text, with the source line and the span underlined:
//   pod.writ:7:22: error: found string, expected bool [TypeMismatch]
//      7 |   deny when object.spec.image
//        |             ^^^^^^^^^^^^^^^^^
//     help: …
// Related places follow the same way, under `note:`. `colour`: ANSI colours. `files[span.file]` must exist. Control characters of the
// source are shown escaped.
std::string RenderDiagnostic(const Diagnostic& diagnostic, std::span<const SourceFile> files, bool colour);

}  // namespace writ::dsl
