// `writ check`: diagnostics for people, or as JSON.
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/text.h"
#include "dsl/compiler.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;

Json PlaceJson(SourceSpan span, const std::vector<SourceFile>& files) {
  const SourceFile& file = files[span.file.index];
  const SourceLocation begin = LocateOffset(span.file, file.text, span.begin);
  const SourceLocation end = LocateOffset(span.file, file.text, span.end);
  return {{"file", file.name}, {"line", begin.line}, {"column", begin.column}, {"end_line", end.line}, {"end_column", end.column}};
}

Json DiagnosticJson(const dsl::Diagnostic& diagnostic, const std::vector<SourceFile>& files) {
  Json json = PlaceJson(diagnostic.span, files);
  json["severity"] = diagnostic.severity == dsl::Severity::kError ? "error" : "warning";
  json["kind"] = dsl::DiagnosticKindName(diagnostic.kind);
  json["message"] = diagnostic.message;
  if (!diagnostic.help.empty()) json["help"] = diagnostic.help;
  if (!diagnostic.note.empty()) json["note"] = diagnostic.note;
  for (const dsl::RelatedPlace& related : diagnostic.related) {
    Json place = PlaceJson(related.span, files);
    place["message"] = related.text;
    json["related"].push_back(std::move(place));
  }
  return json;
}

}  // namespace

ExitCode RunCheck(const CheckOptions& options, const Console& console) {
  std::optional<PolicySource> source = MakePolicySource(options.paths, options.data, console);
  std::optional<std::vector<SourceFile>> files = source ? ReadPolicies(options.paths, console) : std::nullopt;
  if (!files) return ExitCode::kBadInput;
  source->strict = options.strict;
  const dsl::Compilation result = CompileWithData(std::move(*files), *source, {.check_files = true});
  if (result.program && !LoadData(*source, result, console)) return ExitCode::kBadInput;
  const bool ok = result.program.has_value();
  if (options.format == Format::kJson) {
    Json list = Json::array();
    for (const dsl::Diagnostic& diagnostic : result.diagnostics) list.push_back(DiagnosticJson(diagnostic, result.files));
    const Json report = {{"ok", ok},
                         {"files", result.files.size()},
                         {"errors", result.error_count},
                         {"warnings", result.warning_count},
                         {"more", result.more()},
                         {"diagnostics", std::move(list)}};
    // Source text may hold anything; what is not UTF-8 is replaced instead of failing.
    console.out << PrintableJson(report.dump(2, ' ', false, Json::error_handler_t::replace)) << "\n";
    return ok ? ExitCode::kOk : ExitCode::kBadInput;
  }
  PrintDiagnostics(result, console);
  std::string summary = Counted(result.files.size(), "file");
  if (ok) {
    summary += ", " + Counted(result.program->policies.size(), "policy", "policies") + ", " +
               Counted(result.program->rules.size(), "rule") + ": ok";
  } else {
    summary += ": " + Counted(result.error_count, "error");
  }
  if (result.warning_count > 0) summary += ", " + Counted(result.warning_count, "warning");
  (ok ? console.out : console.err) << summary << "\n";
  return ok ? ExitCode::kOk : ExitCode::kBadInput;
}

}  // namespace writ::cli
