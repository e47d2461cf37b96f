#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <functional>
#include <sstream>
#include <utility>

#include "cli/commands.h"
#include "cli/completion.h"
#include "dsl/diagnostics/diagnostic.h"
#include "rules/base/nearest_name.h"

namespace writ::cli {
namespace {

// What CLI11 fills while it parses. One command runs, so one function is set.
struct Invocation {
  CheckOptions check;
  FmtOptions fmt;
  TestOptions test;
  EvalOptions eval;
  FilterOptions filter;
  CompileOptions compile;
  DumpOptions dump;
  CelOptions cel;
  ServeFlags serve;
  VerifyImageOptions verify_image;
  VerifyBlobOptions verify_blob;
  TrustOptions trust;
  VersionOptions version;
  std::string completion_shell;
  bool fmt_check = false;
  bool fmt_diff = false;
  bool test_json = false;
  bool verify_json = false;
  std::function<ExitCode()> run;
};

// A check of an option that takes one of a few words.
std::function<std::string(const std::string&)> OneOf(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return {};
    std::string expected;
    for (const std::string& each : words) expected += (expected.empty() ? "" : &each == &words.back() ? " or " : ", ") + each;
    return "found `" + word + "`, expected " + expected;
  };
}

void AddFormat(CLI::App& command, Format& format) {
  const auto set = [&format](const std::string& word) { format = word == "json" ? Format::kJson : Format::kText; };
  command.add_option_function<std::string>("--format", set, "Output for people or for programs: text, json")
      ->option_text("text|json")
      ->check(OneOf({"text", "json"}));
}

void AddData(CLI::App& command, DataOptions& data) {
  command.add_option("--data", data.files, "Policy data: the file (JSON or YAML) behind `import data NAME`")
      ->option_text("NAME=FILE")
      ->allow_extra_args(false);
  command.add_option("--without-data", data.without, "The data behind `import data NAME` is meant to be missing")
      ->option_text("NAME")
      ->allow_extra_args(false);
}

void AddPaths(CLI::App& command, std::vector<std::string>& paths, const std::string& help) {
  command.add_option("files", paths, help)->required()->option_text("FILES…");
}

void AddCheck(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("check", "Parse and type-check policies; print what is wrong and where");
  AddPaths(command, call.check.paths, "Policy files, or directories of *.writ files; together they are one policy set");
  AddData(command, call.check.data);
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

// What the files of manifests do not tell.
void AddManifestScene(CLI::App& command, EvalOptions& options) {
  command.add_option("--namespace", options.name_space, "Of manifests: the namespace of objects that name none")->option_text("NAME");
  command.add_option("--user", options.user, "Of manifests: who sends them")->option_text("NAME");
  command.add_option("--group", options.groups, "Of manifests: a group of the user; may be given several times")
      ->option_text("NAME")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--operation", options.operation, "Of manifests: create, update, delete or connect (default: create)")
      ->option_text("NAME");
  command.add_option("--was", options.was, "Of manifests: the objects as they stand; what is among them is an update")->option_text("FILE");
  command.add_option("--namespace-object", options.namespace_object, "Of manifests: the Namespace that they go to")->option_text("FILE");
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
  AddManifestScene(command, call.eval);
  command.add_flag("--strict", call.eval.strict, "Warnings are errors; what no policy is about counts as denied");
  AddFormat(command, call.eval.format);
  command.callback(
      [&, explain] { call.run = [&, explain] { return explain ? RunExplain(call.eval, console) : RunEval(call.eval, console); }; });
}

void AddFilter(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("filter", "Print the condition under which rows of a table are visible, as SQL");
  command.add_option("--policies", call.filter.policies, "Directory, policy file or bundle; may be given several times")
      ->option_text("PATH")
      ->required()
      ->allow_extra_args(false);
  command.add_option("--table", call.filter.table, "The table, as policies declare it")->required()->option_text("TABLE");
  command.add_option("--principal", call.filter.principal, "Who asks, as in a request")->required()->option_text("JSON");
  command.add_option("--context", call.filter.context, "The context, as in a request")->option_text("JSON");
  command.add_option("--dialect", call.filter.dialect, "Whose SQL: postgres, sqlite, mysql")
      ->option_text("DIALECT")
      ->check(OneOf({"postgres", "sqlite", "mysql"}));
  command.add_option("--alias", call.filter.alias, "What the query calls the table; its own name when not given")->option_text("NAME");
  command.add_option("--offset", call.filter.offset, "PostgreSQL: how many placeholders the query has before it")->option_text("N");
  command.add_option("--at", call.filter.at, "Decide as if it were this time (RFC 3339)")->option_text("TIME");
  AddData(command, call.filter.data);
  AddFormat(command, call.filter.format);
  command.callback([&] { call.run = [&] { return RunFilter(call.filter, console); }; });
}

void AddCompile(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("compile", "Compile policies to a bundle");
  AddPaths(command, call.compile.paths, "Policy files or directories");
  command.add_option("-o,--output", call.compile.output, "The bundle to write")->required()->option_text("FILE.writb");
  command.add_option("--revision", call.compile.revision, "Where the policies come from, such as a Git commit; kept beside them")
      ->option_text("TEXT");
  command.add_option("--metadata", call.compile.metadata, "What else the bundle says of itself; can be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  AddData(command, call.compile.data);
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
  CLI::App& command = *app.add_subcommand("cel", "Evaluate one CEL expression, or many");
  CLI::Option* expression = command.add_option("expression", call.cel.expression, "The expression")->option_text("EXPR");
  CLI::Option* variables = command.add_option("--var", call.cel.variables, "A variable and its value as JSON; may be given several times")
                               ->option_text("NAME=JSON")
                               ->allow_extra_args(false);
  command
      .add_option("--batch", call.cel.batch,
                  "Instead of EXPR: a file with a JSON object a line, {\"expr\": …, \"vars\": {…}}, each answered by a line of JSON; "
                  "- is stdin")
      ->option_text("FILE")
      ->excludes(expression)
      ->excludes(variables);
  AddFormat(command, call.cel.format);
  command.callback([&, expression] {
    if (call.cel.batch.empty() && expression->count() == 0) throw CLI::RequiredError("expression");
    call.run = [&] { return call.cel.batch.empty() ? RunCel(call.cel, console) : RunCelBatch(call.cel, console); };
  });
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
  command.add_option("--admission-listen", flags.admission_listen, "Take AdmissionReviews here and nowhere else, and nothing else here")
      ->option_text("HOST:PORT");
  command.add_option("--health-listen", flags.health_listen, "Also serve /healthz /readyz /metrics here, over plain HTTP")
      ->option_text("HOST:PORT");
  command.add_option("--registries", flags.registries, "Registries that may be asked for signatures of images (JSON or YAML)")
      ->option_text("FILE");
  command.add_flag("--strict-tags", flags.strict_tags, "Nothing is known of an image that is named by a tag, not by its digest");
  command.add_flag("--namespace-object-given", flags.namespace_object_given,
                   "Callers of POST /v1/decide bring `namespaceObject` along; no AdmissionReviews are taken");
  command.add_flag("--watch", flags.watch, "Load policies again when they change");
  command.add_option("--settle", flags.settle_seconds, "Load policies when nothing has changed for so long, in seconds")
      ->option_text("SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(0U, 3600U).description(""));
  command.add_option("--settle-gone", flags.settle_gone_seconds, "Keep policies whose file is gone for so long, in seconds")
      ->option_text("SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(0U, 86400U).description(""));
  command.add_flag("--strict", flags.strict, "Warnings in policies are errors");
  command.add_option("--drain", flags.drain_seconds, "Longest time from SIGTERM to the end, in seconds")
      ->option_text("SECONDS")
      ->check(CLI::Range(1U, 3600U).description(""));
  command.add_option("--connections-per-peer", flags.connections_per_peer, "Of one address, when connections are short (default 512)")
      ->option_text("N")
      ->check(CLI::Range(1U, 1'000'000U).description(""));
  command.add_option("--threads", flags.threads, "Threads for input and output, and as many workers")
      ->option_text("N")
      ->check(CLI::Range(1U, 1024U).description(""));
  command.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->option_text("LEVEL")
      ->check(OneOf({"debug", "info", "warn", "error"}));
  command.callback([&] { call.run = [&] { return RunServe(flags, console); }; });
}

// Flags about whom a signature has to be by, under the names of the command.
void AddSigningFlags(CLI::App& command, SigningFlags& flags, const SigningFlagNames& names) {
  flags.names = names;
  command.add_option("--key", flags.key, "Signed by this public key (PEM)")->option_text("FILE");
  command.add_option(names.issuer, flags.issuer, "Signed with a certificate of this OIDC issuer")->option_text("URL");
  command.add_option(names.subject, flags.subject, "… and of this subject")->option_text("NAME");
  command.add_option(names.trust_root, flags.trust_root, "CAs, logs and timestamp authorities to trust (trusted_root.json)")
      ->option_text("FILE");
  command.add_option("--log", flags.log, "Whether an entry in a transparency log must prove it: required, ignored")
      ->option_text("required|ignored")
      ->check(OneOf({"required", "ignored"}));
}

void AddVerifyImage(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("verify-image", "Verify who signed an image, check by check");
  VerifyImageOptions& options = call.verify_image;
  command.add_option("image", options.image, "The image: a reference, or with --layout its digest or tag")->option_text("REF");
  command
      .add_option("--signer", options.signer_expression, "Signed by a signer that --policies declare: NAME, or `a or b`, `2 of (a, b, c)`")
      ->option_text("NAME");
  command.add_option("--policies", options.policies, "Directory, policy file or bundle that declares --signer; may be given several times")
      ->option_text("PATH")
      ->allow_extra_args(false);
  AddSigningFlags(command, options.signer, {});
  command.add_option("--ca-roots", options.signer.ca_roots, "Root certificates of an own PKI (PEM), instead of --trust-root")
      ->option_text("FILE");
  command
      .add_option("--attestation", options.signer.predicate_type, "Verify an attestation of this type: slsaprovenance1, spdx, vuln, a URI")
      ->option_text("TYPE")
      ->check([](const std::string& type) { return type.empty() ? std::string("expected a type, found nothing") : std::string(); });
  command.add_option("--annotation", options.signer.annotations, "A signed claim that must be there")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--certificate-extension", options.signer.extensions,
                  "An extension of Fulcio's certificate, such as source_repository_uri")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_flag("--timestamp-required", options.signer.require_timestamp, "A trusted timestamp must be there");
  command.add_flag("--ignore-sct", options.signer.ignore_sct, "The certificate need not be in a certificate transparency log");
  command.add_option("--layout", options.layout, "Read an OCI layout folder (cosign save), without network")->option_text("DIR");
  command
      .add_option("--platforms", options.platforms,
                  "Of an image for several platforms: its index, each platform's image, or both must be signed")
      ->option_text("index|each|both")
      ->check(OneOf({"index", "each", "both"}));
  command.add_option("--signature-repository", options.signature_repository, "Where the signatures are, if not with the image")
      ->option_text("REF");
  command.add_option("--tag-prefix", options.tag_prefix, "What stands before sha256-….sig")->option_text("TEXT");
  command.add_flag("--oci-1-1", options.oci11, "Also read cosign's experimental referrers");
  command.add_option("--docker-config", options.docker_config, "Credentials; docker's own file without the flag")->option_text("FILE");
  command.add_option("--registry-host", options.registry_hosts, "A further host that the registry may name, for tokens or blobs")
      ->option_text("HOST")
      ->allow_extra_args(false);
  command.add_option("--registry-ca", options.registry_ca, "The only CA that the registry's certificate may have (PEM)")
      ->option_text("FILE");
  command.add_flag("--plain-http", options.plain_http, "Ask the registry without TLS");
  command.add_flag("--strict", options.strict, "A tag, which can be moved, is a denial");
  command.add_flag("--json", call.verify_json, "The same as --format json");
  AddFormat(command, options.format);
  command.callback([&] {
    if (call.verify_json) options.format = Format::kJson;
    call.run = [&] { return RunVerifyImage(options, console); };
  });
}

void AddVerifyBlob(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("verify-blob", "Verify a Sigstore bundle over a file");
  command.alias("verify-bundle");  // its old name, and that of Sigstore's conformance suite
  VerifyBlobOptions& options = call.verify_blob;
  command.add_option("artifact", options.artifact, "The signed file, or its digest sha256:…")->required()->option_text("FILE_OR_DIGEST");
  command.add_option("--bundle", options.bundle, "The bundle (JSON)")->required()->option_text("FILE");
  AddSigningFlags(
      command, options.signer,
      {.issuer = "--certificate-oidc-issuer", .subject = "--certificate-identity", .trust_root = "--trusted-root", .ca_roots = nullptr});
  command.add_flag("--staging", options.staging, "Accepted for Sigstore's conformance suite; the root is given all the same");
  command.add_flag("--json", call.verify_json, "The same as --format json");
  AddFormat(command, options.format);
  command.callback([&] {
    if (call.verify_json) options.format = Format::kJson;
    call.run = [&] { return RunVerifyBlob(options, console); };
  });
}

void AddTrust(CLI::App& app, Invocation& call, const Console& console) {
  CLI::App& command = *app.add_subcommand("trust", "Look at trust roots: trusted_root.json, or PEM certificates");
  command.require_subcommand(1);
  const auto add = [&](const char* name, const char* help, ExitCode (*run)(const TrustOptions&, const Console&)) {
    CLI::App& verb = *command.add_subcommand(name, help);
    AddPaths(verb, call.trust.paths, "Trust roots");
    AddFormat(verb, call.trust.format);
    verb.callback([&call, &console, run] { call.run = [&call, &console, run] { return run(call.trust, console); }; });
  };
  add("show", "List whom a trust root trusts, and when", &RunTrustShow);
  add("check", "Say whether a trust root can be used", &RunTrustCheck);
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
  command.add_option("shell", call.completion_shell, "bash or zsh")->required()->option_text("SHELL")->check(OneOf({"bash", "zsh"}));
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
  const bool is_flag = expression.starts_with("--var") || expression.starts_with("--format") || expression.starts_with("--batch") ||
                       expression == "--help" || expression == "-h";
  if (!expression.starts_with("-") || is_flag) return arguments;
  std::rotate(arguments.begin() + 1, arguments.begin() + 2, arguments.end());
  arguments.insert(arguments.end() - 1, "--");
  return arguments;
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string_view closest = NearestName(name, views);
  return closest.empty() ? std::string() : "; did you mean `" + std::string(closest) + "`?";
}

// "no flag `--strickt`; did you mean `--strict`?" for the first flag that the command does not have, or "".
std::string FaultOfFlags(const CLI::App& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const std::string flag = argument.substr(0, argument.find('='));
    if (!flag.starts_with("--") || std::find(flags.begin(), flags.end(), flag) != flags.end()) continue;
    if (const std::string meant = DidYouMean(flag, flags); !meant.empty()) return "no flag `" + flag + "`" + meant;
  }
  return {};
}

// "no command `chek`; did you mean `check`?"
std::string FaultOfCommand(const CLI::App& app, const std::string& name) {
  struct Meant {
    std::string_view word, command;
  };
  static constexpr Meant kElsewhere[] = {{"lint", "check"},   {"validate", "check"}, {"vet", "check"},          {"format", "fmt"},
                                         {"run", "eval"},     {"apply", "eval"},     {"decide", "eval"},        {"build", "compile"},
                                         {"server", "serve"}, {"start", "serve"},    {"verify", "verify-image"}};
  std::string text = "no command `" + name + "`";
  for (const Meant& meant : kElsewhere) {
    if (meant.word == name) return text + "; did you mean `" + std::string(meant.command) + "`?";
  }
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) commands.push_back(command->get_name());
  return text + DidYouMean(name, commands);
}

// The text of a fault of the command line, and where to read on.
ExitCode ReportUsage(const CLI::App& app, const CLI::ParseError& fault, const std::vector<std::string>& arguments, const Console& console) {
  const std::vector<const CLI::App*> chosen = [&] {
    const auto subcommands = app.get_subcommands();
    return std::vector<const CLI::App*>(subcommands.begin(), subcommands.end());
  }();
  if (fault.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    console.out << (chosen.empty() ? app.help() : chosen.front()->help("writ"));
    return ExitCode::kOk;
  }
  const std::string flag_fault = chosen.empty() ? std::string() : FaultOfFlags(*chosen.front(), arguments);
  PrintError(console, flag_fault.empty() ? fault.what() : flag_fault);
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
  AddFilter(app, call, console);
  AddCompile(app, call, console);
  AddDump(app, call, console);
  AddCel(app, call, console);
  AddServe(app, call, console);
  AddVerifyImage(app, call, console);
  AddVerifyBlob(app, call, console);
  AddTrust(app, call, console);
  AddVersion(app, call, console);
  AddCompletion(app, call, console);
  app.footer(
      "Exit codes: 0 ok or allowed, 1 denied or failed, 2 bad usage or bad input, 3 internal error.\nStart with docs/getting_started.md.");
  if (arguments.empty()) {
    console.err << app.help();
    return ExitCode::kBadInput;
  }
  const auto is_called = [&](const CLI::App* command) { return command->check_name(arguments[0]); };
  if (!arguments[0].starts_with("-") && app.get_subcommands(is_called).empty()) {
    PrintError(console, FaultOfCommand(app, arguments[0]));
    console.err << "Try `writ --help`.\n";
    return ExitCode::kBadInput;
  }
  std::vector<std::string> reversed = ProtectExpression(arguments);
  std::reverse(reversed.begin(), reversed.end());  // CLI11 takes them from the back
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& fault) { return ReportUsage(app, fault, arguments, console); }
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
