// `writ cel`: one expression, with variables from JSON.
#include <set>
#include <utility>

#include "cli/commands.h"
#include "cli/policy_files.h"
#include "dsl/lower/expression.h"
#include "engine/eval/evaluator.h"
#include "engine/json/json_reader.h"
#include "rules/base/arena.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

struct Variable {
  std::string name;
  Value value;  // storage in the arena of ReadVariables
};

bool IsName(std::string_view text) {
  const auto is_letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text[0])) return false;
  for (const char c : text) {
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '.') return false;
  }
  return text.find("..") == std::string_view::npos && text.back() != '.';
}

std::optional<std::vector<Variable>> ReadVariables(const std::vector<std::string>& options, Arena& arena, const Console& console) {
  std::vector<Variable> variables;
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

std::vector<Value> SlotsOf(const Program& program, const std::vector<Variable>& variables) {
  std::vector<Value> slots(program.slots.size());
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    if (program.slots[i].parent.valid()) continue;
    for (const Variable& variable : variables) {
      if (variable.name == program.slots[i].key) FillSlots(program, SlotId(i), variable.value, slots);
    }
  }
  return slots;
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
  const std::optional<std::vector<Variable>> variables = ReadVariables(options.variables, arena, console);
  if (!variables) return ExitCode::kBadInput;
  dsl::ExpressionEnvironment environment;
  for (const Variable& variable : *variables) {
    environment.variables.push_back({variable.name, environment.types.Simple(dsl::TypeKind::kDyn)});
  }
  const std::vector<SourceFile> files = {{"<expression>", options.expression}};
  dsl::CompiledExpression compiled = dsl::CompileExpression(files[0], environment);
  PrintDiagnostics(compiled.diagnostics, files, console);
  if (!compiled.ok) return ExitCode::kBadInput;
  Result<VerifiedProgram> verified = VerifyProgram(std::move(compiled.program));
  if (!verified) {
    PrintError(console, "the expression is too large to be evaluated: " + verified.error().message);
    return ExitCode::kBadInput;
  }
  const RuntimeProgram runtime(std::move(*verified));
  const std::vector<Value> slots = SlotsOf(runtime.program(), *variables);
  Evaluator evaluator;
  evaluator.Begin(runtime, slots);
  const Value value = evaluator.Run(BlockId(0));
  if (evaluator.exhausted()) {
    PrintError(console, "the evaluation took more than its limits allow");
    return ExitCode::kDenied;
  }
  return PrintValue(value, options.format, console);
}

}  // namespace writ::cli
