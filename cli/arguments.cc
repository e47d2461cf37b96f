#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <sstream>
#include <utility>

#include "cli/commands.h"
#include "cli/completion.h"

namespace writ::cli {
namespace {

// What CLI11 fills while it parses. One command runs, so one function is set.
struct Invocation {
  CheckOptions check;
  FmtOptions fmt;
  TestOptions test;
  EvalOptions eval;
  CompileOptions compile;
  DumpOptions dump;
  CelOptions cel;
  ServeFlags serve;
  VersionOptions version;
  std::string completion_shell;
  bool fmt_check = false;
  bool fmt_diff = false;
  bool test_json = false;
  std::function<ExitCode()> run;
};

const std::map<std::string, Format> kFormats = {{"text", Format::kText}, {"json", Format::kJson}};

void AddFormat(CLI::App& command, Format& format) {
  command.add_option("--format", format, "Output for people or for programs: text, json")
      ->option_text("text|json")
      ->transform(CLI::CheckedTransformer(kFormats).description(""));
}

void AddData(CLI::App& command, DataOptions& data) {
  command.add_option("--data", data, "Policy data: the file (JSON or YAML) behind `import data NAME`")
      ->option_text("NAME=FILE")
      ->allow_extra_args(false);
}

void AddPaths(CLI::App& command, std::vector<std::string>& paths, const std::string& help) {
  command.add_option("files", paths, help)->required()->option_text("FILES…");
}

void AddCheck(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("check", "Parse and type-check policies; print what is wrong and where");
  AddPaths(command, call.check.paths, "Policy files, or directories of *.writ files; together they are one policy set");
  command.add_flag("--strict", call.check.strict, "Warnings are errors");
  AddFormat(command, call.check.format);
  command.callback([&] { call.run = [&] { return RunCheck(call.check, console); }; });
}

void AddFmt(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("fmt", "Bring policies into the canonical layout");
  AddPaths(command, call.fmt.paths, "Policy files or directories, rewritten in place; - reads stdin and writes stdout");
  CLI::Option* check = command.add_flag("--check", call.fmt_check, "Change nothing; list the files that are not formatted and exit 1");
  command.add_flag("--diff", call.fmt_diff, "Change nothing; show what would change and exit 1 if anything would")->excludes(check);
  command.callback([&] {
    call.fmt.mode = call.fmt_check ? FmtOptions::Mode::kCheck : call.fmt_diff ? FmtOptions::Mode::kDiff : FmtOptions::Mode::kWrite;
    call.run = [&] { return RunFmt(call.fmt, console); };
  });
}

void AddTest(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("test", "Run the `test` blocks of policies");
  AddPaths(command, call.test.paths, "Policy files or directories; the policies of all of them take part");
  AddData(command, call.test.data);
  command.add_option("--filter", call.test.filter, "Run only tests whose name contains this text")->option_text("TEXT");
  command.add_option("--junit", call.test.junit_file, "Also write the results as JUnit XML")->option_text("FILE");
  command.add_flag("--json", call.test_json, "The same as --format json");
  command.add_flag("--allow-empty", call.test.allow_empty, "No tests at all is not an error");
  AddFormat(command, call.test.format);
  command.callback([&] {
    if (call.test_json) call.test.format = Format::kJson;
    call.run = [&] { return RunTest(call.test, console); };
  });
}

void AddEval(CLI::App& app, Invocation& call, const Console& console, bool explain) {
  CLI::App& command = *app.add_subcommand(explain ? "explain" : "eval", explain ? "Decide, and show every applying rule and what it read"
                                                                                : "Decide requests and Kubernetes manifests");
  command.add_option("--policies", call.eval.policies, "Directory, policy file or bundle; may be given several times")
      ->option_text("PATH")
      ->required()
      ->allow_extra_args(false);
  command
      .add_option("files", call.eval.paths,
                  "Requests (JSON or YAML), AdmissionReviews or manifests, or directories of them; - or nothing is stdin")
      ->option_text("FILES…");
  AddData(command, call.eval.data);
  command.add_option("--at", call.eval.at, "Decide as if it were this time (RFC 3339)")->option_text("TIME");
  AddFormat(command, call.eval.format);
  command.callback(
      [&, explain] { call.run = [&, explain] { return explain ? RunExplain(call.eval, console) : RunEval(call.eval, console); }; });
}

void AddCompile(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("compile", "Compile policies to a bundle");
  AddPaths(command, call.compile.paths, "Policy files or directories");
  command.add_option("-o,--output", call.compile.output, "The bundle to write")->required()->option_text("FILE.writb");
  command.add_flag("--strict", call.compile.strict, "Warnings are errors");
  AddFormat(command, call.compile.format);
  command.callback([&] { call.run = [&] { return RunCompile(call.compile, console); }; });
}

void AddDump(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("dump", "Show the decision program of policies or of a bundle as text");
  AddPaths(command, call.dump.paths, "Policy files or directories, or one bundle");
  command.callback([&] { call.run = [&] { return RunDump(call.dump, console); }; });
}

void AddCel(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("cel", "Evaluate one CEL expression");
  command.add_option("expression", call.cel.expression, "The expression")->required()->option_text("EXPR");
  command.add_option("--var", call.cel.variables, "A variable and its value as JSON; may be given several times")
      ->option_text("NAME=JSON")
      ->allow_extra_args(false);
  AddFormat(command, call.cel.format);
  command.callback([&] { call.run = [&] { return RunCel(call.cel, console); }; });
}

void AddServe(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("serve", "Serve decisions over HTTP and as a Kubernetes admission webhook");
  ServeFlags& flags = call.serve;
  command.add_option("--policies", flags.policies, "Directory, policy file or bundle; may be given several times")
      ->option_text("PATH")
      ->required()
      ->allow_extra_args(false);
  AddData(command, flags.data);
  command.add_option("--listen", flags.listen, "Address to listen on; port 0 takes a free one")
      ->option_text("HOST:PORT")
      ->capture_default_str();
  command.add_flag("--plain-http", flags.plain_http, "No TLS");
  command.add_option("--tls-cert", flags.tls_cert, "Certificate chain (PEM); read again when it changes")->option_text("FILE");
  command.add_option("--tls-key", flags.tls_key, "Private key (PEM)")->option_text("FILE");
  command.add_option("--client-ca", flags.client_ca, "Clients must show a certificate of this CA (PEM)")->option_text("FILE");
  command.add_option("--health-listen", flags.health_listen, "Also serve /healthz /readyz /metrics here, over plain HTTP")
      ->option_text("HOST:PORT");
  command.add_flag("--watch", flags.watch, "Load policies again when they change");
  command.add_flag("--strict", flags.strict, "Warnings in policies are errors");
  command.add_option("--drain", flags.drain_seconds, "Longest time from SIGTERM to the end, in seconds")
      ->option_text("SECONDS")
      ->check(CLI::Range(1U, 3600U).description(""));
  command.add_option("--threads", flags.threads, "Threads for input and output, and as many workers")
      ->option_text("N")
      ->check(CLI::Range(1U, 1024U).description(""));
  command.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->option_text("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}).description(""));
  command.callback([&] { call.run = [&] { return RunServe(flags, console); }; });
}

void AddVersion(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("version", "Show the version");
  AddFormat(command, call.version.format);
  command.callback([&] { call.run = [&] { return RunVersion(call.version, console); }; });
}

// The names and flags of all commands, for completion scripts.
CommandTable DescribeCommands(const CLI::App& app) {
  CommandTable table;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandWords words{command->get_name(), command->get_description(), {}};
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        words.flags.push_back({"--" + name, option->get_description(), option->get_expected_max() > 0});
      }
    }
    table.push_back(std::move(words));
  }
  return table;
}

void AddCompletion(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("completion", "Print a completion script for a shell: bash, zsh");
  command.add_option("shell", call.completion_shell, "bash or zsh")
      ->required()
      ->option_text("SHELL")
      ->check(CLI::IsMember({"bash", "zsh"}).description(""));
  command.callback([&] {
    call.run = [&] {
      console.out << (call.completion_shell == "bash" ? BashCompletion(DescribeCommands(app)) : ZshCompletion(DescribeCommands(app)));
      return ExitCode::kOk;
    };
  });
}

// `writ cel "-1 + 2"`: an expression may begin with a minus sign. It is put behind `--`, where CLI11 takes it as it is.
std::vector<std::string> ProtectExpression(std::vector<std::string> arguments) {
  if (arguments.size() < 2 || arguments[0] != "cel") return arguments;
  if (std::find(arguments.begin(), arguments.end(), "--") != arguments.end()) return arguments;
  const std::string& expression = arguments[1];
  const bool is_flag =
      expression.starts_with("--var") || expression.starts_with("--format") || expression == "--help" || expression == "-h";
  if (!expression.starts_with("-") || is_flag) return arguments;
  std::rotate(arguments.begin() + 1, arguments.begin() + 2, arguments.end());
  arguments.insert(arguments.end() - 1, "--");
  return arguments;
}

// The text of a fault of the command line, and where to read on.
ExitCode ReportUsage(const CLI::App& app, const CLI::ParseError& fault, const Console& console) {
  const std::vector<const CLI::App*> chosen = [&] {
    const auto subcommands = app.get_subcommands();
    return std::vector<const CLI::App*>(subcommands.begin(), subcommands.end());
  }();
  if (fault.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    console.out << (chosen.empty() ? app.help() : chosen.front()->help("writ"));
    return ExitCode::kOk;
  }
  PrintError(console, fault.what());
  console.err << "Try `writ " << (chosen.empty() ? "" : chosen.front()->get_name() + " ") << "--help`.\n";
  return ExitCode::kBadInput;
}

ExitCode ParseAndRun(const std::vector<std::string>& arguments, const Console& console) {
  CLI::App app("Writ: policies for agents, tools, data and Kubernetes. Policy text in, decisions out.", "writ");
  Invocation call;
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  AddCheck(app, call, console);
  AddFmt(app, call, console);
  AddTest(app, call, console);
  AddEval(app, call, console, false);
  AddEval(app, call, console, true);
  AddCompile(app, call, console);
  AddDump(app, call, console);
  AddCel(app, call, console);
  AddServe(app, call, console);
  AddVersion(app, call, console);
  AddCompletion(app, call, console);
  app.footer(
      "Exit codes: 0 ok or allowed, 1 denied or failed, 2 bad usage or bad input, 3 internal error.\nStart with docs/getting_started.md.");
  if (arguments.empty()) {
    console.err << app.help();
    return ExitCode::kBadInput;
  }
  const auto is_called = [&](const CLI::App* command) { return command->get_name() == arguments[0]; };
  if (!arguments[0].starts_with("-") && app.get_subcommands(is_called).empty()) {
    PrintError(console, "no command `" + arguments[0] + "`");
    console.err << "Try `writ --help`.\n";
    return ExitCode::kBadInput;
  }
  std::vector<std::string> reversed = ProtectExpression(arguments);
  std::reverse(reversed.begin(), reversed.end());  // CLI11 takes them from the back
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& fault) { return ReportUsage(app, fault, console); }
  return call.run();
}

}  // namespace

ExitCode RunWrit(const std::vector<std::string>& arguments, const Console& console) {
  ExitCode code = ExitCode::kInternal;
  try {
    if (arguments.size() == 1 && (arguments[0] == "--version" || arguments[0] == "-V")) {
      code = ParseAndRun({"version"}, console);
    } else {
      code = ParseAndRun(arguments, console);
    }
  } catch (const std::exception& exception) {
    PrintError(console, std::string("internal error: ") + exception.what());
    return ExitCode::kInternal;
  }
  console.out.flush();
  if (!console.out) {  // a full disk must not look like success
    PrintError(console, "the output cannot be written");
    return ExitCode::kInternal;
  }
  return code;
}

}  // namespace writ::cli
