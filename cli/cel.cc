// `writ cel`: one expression, with variables from JSON; cel_batch.cc has many.
#include <set>
#include <utility>

#include "cli/cel_expression.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "engine/json/json_reader.h"
#include "rules/base/arena.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

bool IsName(std::string_view text) {
  const auto is_letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text[0])) return false;
  for (const char c : text) {
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '.') return false;
  }
  return text.find("..") == std::string_view::npos && text.back() != '.';
}

std::optional<std::vector<CelVariable>> ReadVariables(const std::vector<std::string>& options, Arena& arena, const Console& console) {
  std::vector<CelVariable> variables;
  std::set<std::string> seen;
  JsonReader reader;
  for (const std::string& option : options) {
    const std::size_t equals = std::min(option.find('='), option.size());
    std::string name = option.substr(0, equals);
    if (equals == option.size() || !IsName(name)) {
      PrintError(console, "--var: found `" + option + "`, expected NAME=JSON");
      return std::nullopt;
    }
    if (!seen.insert(name).second) {
      PrintError(console, "--var: `" + name + "` is given twice");
      return std::nullopt;
    }
    const Result<Value> value = reader.Read(std::string_view(option).substr(equals + 1), arena);
    if (!value) {
      PrintError(console, "--var " + name + ": " + value.error().message);
      return std::nullopt;
    }
    // The reader may reuse its buffers; the copy lives in the arena.
    variables.push_back({std::move(name), CopyValue(arena, *value)});
  }
  return variables;
}

ExitCode PrintValue(const Value& value, Format format, const Console& console) {
  const bool failed = value.is_fault();
  if (format == Format::kText) {
    if (failed) {
      PrintError(console, value.is(Kind::kError) ? ErrorText(value) : "unknown");
    } else {
      console.out << PrintableJson(LiteralText(value)) << "\n";
    }
    return failed ? ExitCode::kDenied : ExitCode::kOk;
  }
  std::string json;
  if (failed) {
    json = "{\"error\":";
    AppendJsonString(value.is(Kind::kError) ? ErrorText(value) : "unknown", json);
    if (value.is(Kind::kError)) json += std::string(",\"kind\":\"") + ValueErrorName(value.error()) + "\"";
  } else {
    json = "{\"value\":";
    AppendJson(value, json);
    json += ",\"type\":";
    AppendJsonString(TypeName(value.kind), json);
    json += ",\"text\":";
    AppendJsonString(LiteralText(value), json);
  }
  console.out << PrintableJson(json) << "}\n";
  return failed ? ExitCode::kDenied : ExitCode::kOk;
}

}  // namespace

ExitCode RunCel(const CelOptions& options, const Console& console) {
  Arena arena;
  const std::optional<std::vector<CelVariable>> variables = ReadVariables(options.variables, arena, console);
  if (!variables) return ExitCode::kBadInput;
  dsl::ExpressionEnvironment environment;
  DeclareDyn(*variables, environment);
  const std::vector<SourceFile> files = {{"<expression>", options.expression}};
  CelExpression expression(files[0], environment);
  PrintDiagnostics(expression.diagnostics(), files, console);
  if (!expression.ok()) return ExitCode::kBadInput;
  const Value value = expression.Evaluate(*variables);
  if (expression.exhausted()) {
    PrintError(console, "the evaluation took more than its limits allow");
    return ExitCode::kDenied;
  }
  return PrintValue(value, options.format, console);
}

}  // namespace writ::cli
