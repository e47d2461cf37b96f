// `writ cel --batch FILE`: expressions as lines of JSON, an answer a line. Whatever is wrong with a
// line is its answer.
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/cel_encoding.h"
#include "cli/cel_expression.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "dsl/diagnostics/cel_error.h"
#include "engine/json/json_reader.h"
#include "rules/base/arena.h"

namespace writ::cli {
namespace {

// A line may be as long as a document, the expression and the variables of one decision in it.
constexpr std::size_t kMaxLineBytes = JsonLimits{}.max_bytes;

enum class LineState : std::uint8_t { kEnd, kWhole, kTooLong };

// Reads the next line without its line feed. Of a line that is too long the rest is passed over.
LineState NextLine(std::istream& in, std::string& line) {
  line.clear();
  std::streambuf& buffer = *in.rdbuf();
  bool too_long = false;
  for (int c = buffer.sbumpc(); c != '\n'; c = buffer.sbumpc()) {
    if (c == std::char_traits<char>::eof()) {
      if (line.empty()) return LineState::kEnd;
      break;
    }
    too_long = too_long || line.size() >= kMaxLineBytes;
    if (!too_long) line += static_cast<char>(c);
  }
  return too_long ? LineState::kTooLong : LineState::kWhole;
}

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

// {"error":"overflow","message":"…" — open, for what follows.
std::string ErrorHead(std::string_view kind, std::string_view message) {
  std::string answer = "{\"error\":\"" + std::string(kind) + "\",\"message\":";
  AppendJsonString(message, answer);
  return answer;
}

std::string Refused(std::string_view kind, std::string_view message) { return ErrorHead(kind, message) + "}"; }

// Where CEL's own implementations place a fault: of a call at its parenthesis, of a selection at
// its dot.
std::uint32_t PlaceOf(const dsl::Diagnostic& fault, std::string_view text) {
  const std::size_t next = text.find_first_not_of(" \t\n", fault.span.end);
  const bool is_call = next != std::string_view::npos && text[next] == '(';
  if (is_call && fault.kind != dsl::DiagnosticKind::kBadMacroCall) return static_cast<std::uint32_t>(next);
  if (fault.kind != dsl::DiagnosticKind::kNotSelectable) return fault.span.begin;
  const std::size_t dot = text.substr(0, fault.span.begin).find_last_of('.');
  return dot == std::string_view::npos ? fault.span.begin : static_cast<std::uint32_t>(dot);
}

std::string OfDiagnostic(const dsl::Diagnostic& fault, std::string_view text) {
  const SourceLocation place = LocateOffset(fault.span.file, text, PlaceOf(fault, text));
  return ErrorHead(dsl::CelErrorOf(fault.kind), fault.message) + ",\"line\":" + std::to_string(place.line) +
         ",\"column\":" + std::to_string(place.column) + "}";
}

// An error that evaluation came to, with the static type.
std::string Failed(std::string_view kind, std::string_view message, const std::string& type) {
  return ErrorHead(kind, message) + ",\"type\":" + type + "}";
}

std::string Evaluated(const Value& value, const std::string& type) {
  std::string answer = "{\"type\":" + type + ",\"value\":";
  if (!AppendCelValue(value, answer)) return Failed(dsl::kCelCostExceeded, "the value is too large to be shown", type);
  return answer + "}";
}

std::string Answer(std::string_view text, const std::vector<CelVariable>& variables) {
  dsl::ExpressionEnvironment environment;
  DeclareDyn(variables, environment);
  const SourceFile file{"<expression>", std::string(text)};
  CelExpression expression(file, environment);
  if (!expression.ok()) return OfDiagnostic(expression.fault(), file.text);
  std::string type;
  if (!AppendCelType(environment.types, expression.type(), type))
    return Refused(dsl::kCelCostExceeded, "the expression's type is too large to be shown");
  const Value value = expression.Evaluate(variables);
  if (expression.exhausted()) return Failed(dsl::kCelCostExceeded, "the evaluation took more than its limits allow", type);
  if (value.is(Kind::kError)) return Failed(dsl::CelErrorOf(value.error()), ErrorText(value), type);
  return Evaluated(value, type);
}

// The members of a line that are looked at; others are passed over.
std::string AnswerDocument(const Value& document) {
  if (!document.is(Kind::kMap)) return Refused(dsl::kCelInvalidArgument, "a line must be an object with `expr`");
  const Value* text = FindInMap(*document.map, "expr");
  if (text == nullptr || !text->is(Kind::kString)) return Refused(dsl::kCelInvalidArgument, "`expr` must be given, and be a string");
  std::vector<CelVariable> variables;
  if (const Value* given = FindInMap(*document.map, "vars"); given != nullptr) {
    if (!given->is(Kind::kMap)) return Refused(dsl::kCelInvalidArgument, "`vars` must be an object");
    for (std::uint32_t i = 0; i < given->map->size; ++i) {
      const MapEntry& entry = given->map->entries[i];
      variables.push_back({std::string(entry.key.string()), entry.value});
    }
  }
  return Answer(text->string(), variables);
}

// The answers of a stream of lines. Each is flushed, so that a program may ask and read in turn.
ExitCode AnswerLines(std::istream& in, const Console& console) {
  JsonReader reader;
  Arena arena;
  std::string line;
  for (LineState state = NextLine(in, line); state != LineState::kEnd; state = NextLine(in, line)) {
    if (IsBlank(line)) continue;
    std::string answer;
    if (state == LineState::kTooLong) {
      answer = Refused(dsl::kCelCostExceeded, "the line has more than " + std::to_string(kMaxLineBytes) + " bytes");
    } else {
      arena.Reset();
      const Result<Value> document = reader.Read(line, arena);
      if (document) {
        answer = AnswerDocument(*document);
      } else {
        const bool is_limit = document.error().code == ErrorCode::kTooLarge;
        answer = Refused(is_limit ? dsl::kCelCostExceeded : dsl::kCelInvalidArgument, document.error().message);
      }
    }
    console.out << PrintableJson(answer) << "\n" << std::flush;
    if (!console.out) return ExitCode::kInternal;
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunCelBatch(const CelOptions& options, const Console& console) {
  if (options.batch == "-") return AnswerLines(console.in, console);
  const Result<std::unique_ptr<std::istream>> file = OpenFile(options.batch);
  if (!file) {
    PrintError(console, file.error().message);
    return ExitCode::kBadInput;
  }
  return AnswerLines(**file, console);
}

}  // namespace writ::cli
