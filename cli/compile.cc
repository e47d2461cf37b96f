// `writ compile`: policies to a bundle file.
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/policy_files.h"
#include "cli/text.h"
#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

// The program with its data. Prints what is wrong.
std::optional<Program> Compile(const CompileOptions& options, const Console& console) {
  std::optional<PolicySource> source = MakePolicySource(options.paths, options.data, console);
  std::optional<std::vector<SourceFile>> files = source ? ReadPolicies(options.paths, console) : std::nullopt;
  if (!files) return std::nullopt;
  source->strict = options.strict;
  NameForBundle(options.paths, *files);
  dsl::Compilation compiled = CompileWithData(std::move(*files), *source);
  PrintDiagnostics(compiled, console);
  if (!compiled.program) return std::nullopt;
  std::optional<std::vector<PolicySet::Data>> data = LoadData(*source, compiled, console);
  if (!data) return std::nullopt;
  std::vector<draft::Data> compiled_in;
  for (PolicySet::Data& each : *data) compiled_in.push_back({std::move(each.name), std::move(each.json)});
  return WithData(*compiled.program, compiled_in);
}

// What the bundle says of itself. Prints what is wrong.
std::optional<Envelope> EnvelopeOf(const CompileOptions& options, const Console& console) {
  Envelope envelope{options.revision, "writ " WRIT_VERSION, {}};
  for (const std::string& option : options.metadata) {
    const std::size_t equals = option.find('=');
    if (equals == 0 || equals == std::string::npos) {
      PrintError(console, "--metadata: found `" + option + "`, expected KEY=VALUE");
      return std::nullopt;
    }
    envelope.metadata.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
  const Result<std::string> encoded = EncodeEnvelope(envelope);
  if (encoded) return envelope;
  PrintError(console, encoded.error().message);
  return std::nullopt;
}

}  // namespace

ExitCode RunCompile(const CompileOptions& options, const Console& console) {
  const std::optional<Envelope> envelope = EnvelopeOf(options, console);
  const std::optional<Program> program = envelope ? Compile(options, console) : std::nullopt;
  if (!program) return ExitCode::kBadInput;
  const std::string bytes = WriteBundle(*program, *envelope);
  const Result<Bundle> bundle = LoadBundle(bytes);  // what was written is what a loader takes
  if (!bundle) {
    PrintError(console, "internal error: the bundle cannot be loaded: " + bundle.error().message);
    return ExitCode::kInternal;
  }
  const Status written = WriteFile(options.output, bytes);
  if (!written) return ReportUnwritten(written.error(), console);
  // To stdout itself (`-o /dev/stdout`) nothing but the bundle may go.
  if (options.output == "/dev/stdout") return ExitCode::kOk;
  const std::size_t rules = program->rules.size();
  if (options.format == Format::kJson) {
    std::string json = "{\"file\":";
    AppendJsonString(options.output, json);
    console.out << PrintableJson(json) << ",\"digest\":\"" << bundle->digest << "\",\"bytes\":" << bytes.size() << ",\"rules\":" << rules
                << "}\n";
  } else {
    console.out << Printable(options.output) << ": " << Counted(rules, "rule") << ", " << Counted(bytes.size(), "byte") << ", "
                << bundle->digest << "\n";
  }
  return ExitCode::kOk;
}

}  // namespace writ::cli
