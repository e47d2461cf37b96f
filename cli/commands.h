// The commands of `writ`, one function each: options in, output to the console, exit code out. arguments.cc fills the options
// from flags; each function stands in the file of its name. None throws on bad input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/signing.h"

namespace writ::cli {

enum class Format { kText, kJson };

struct DataOptions {
  std::vector<std::string> files;    // `--data NAME=FILE`, as given
  std::vector<std::string> without;  // `--without-data NAME`
};

struct CheckOptions {
  std::vector<std::string> paths;
  DataOptions data;
  Format format = Format::kText;
  bool strict = false;
};
ExitCode RunCheck(const CheckOptions& options, const Console& console);

struct FmtOptions {
  enum class Mode { kWrite, kCheck, kDiff };
  std::vector<std::string> paths;  // "-" = stdin to stdout
  Mode mode = Mode::kWrite;
};
ExitCode RunFmt(const FmtOptions& options, const Console& console);

struct TestOptions {
  std::vector<std::string> paths;
  DataOptions data;
  std::string filter;      // part of a test's name; "" = all
  std::string junit_file;  // "" = none
  Format format = Format::kText;
  bool allow_empty = false;
};
ExitCode RunTest(const TestOptions& options, const Console& console);

// Of `eval` and `explain`.
struct EvalOptions {
  std::vector<std::string> policies;
  std::vector<std::string> paths;  // "-" = stdin; none = stdin
  DataOptions data;
  std::string at;  // RFC 3339, "" = now
  // What a manifest on disk does not tell; see manifest_request.h. "" = not given.
  std::string name_space, operation, was, namespace_object;
  std::optional<std::string> user;
  std::vector<std::string> groups;
  Format format = Format::kText;
  bool strict = false;  // warnings are errors, and what no policy is about counts as denied
};
ExitCode RunEval(const EvalOptions& options, const Console& console);
ExitCode RunExplain(const EvalOptions& options, const Console& console);

struct FilterOptions {
  std::vector<std::string> policies;
  DataOptions data;
  std::string table;
  std::string principal, context;  // JSON; "" = none
  std::string dialect = "postgres";
  std::string alias;  // "" = the table's own name
  std::uint32_t offset = 0;
  std::string at;  // RFC 3339, "" = now
  Format format = Format::kText;
};
ExitCode RunFilter(const FilterOptions& options, const Console& console);

struct CompileOptions {
  std::vector<std::string> paths;
  DataOptions data;
  std::string output;
  std::string revision;               // of the policies, for the bundle's envelope
  std::vector<std::string> metadata;  // KEY=VALUE
  Format format = Format::kText;
  bool strict = false;
};
ExitCode RunCompile(const CompileOptions& options, const Console& console);

struct DumpOptions {
  std::vector<std::string> paths;
};
ExitCode RunDump(const DumpOptions& options, const Console& console);

struct CelOptions {
  std::string expression;
  std::vector<std::string> variables;  // NAME=JSON
  std::string batch;                   // instead of these: expressions as lines of JSON; "-" = stdin, "" = none
  Format format = Format::kText;
};
ExitCode RunCelBatch(const CelOptions& options, const Console& console);
ExitCode RunCel(const CelOptions& options, const Console& console);

struct ServeFlags {
  std::vector<std::string> policies;
  DataOptions data;
  std::string listen = "127.0.0.1:8443";
  std::string tls_cert, tls_key, client_ca;
  std::string admission_listen;
  std::string health_listen;
  std::string registries;
  std::string log_level = "info";
  std::uint32_t drain_seconds = 20;
  std::uint32_t settle_seconds = 1;
  std::uint32_t settle_gone_seconds = 30;
  std::optional<std::uint32_t> threads;
  std::optional<std::uint32_t> connections_per_peer;
  bool plain_http = false;
  bool strict = false;
  bool watch = false;
  bool strict_tags = false;
  bool namespace_object_given = false;
};
ExitCode RunServe(const ServeFlags& flags, const Console& console);

struct VerifyImageOptions {
  std::string image;  // a reference; may be "" or a digest with `layout`
  SigningFlags signer;
  std::string signer_expression;            // over signers that `policies` declare, instead of `signer`; "" = none
  std::vector<std::string> policies;        // files, directories, or one bundle
  std::string layout;                       // OCI layout folder; "" = ask the registry
  std::string platforms;                    // what must be signed of an index: "index", "each" platform, "both"; "" = "index"
  std::string signature_repository;         // "" = where the image is
  std::string tag_prefix;                   // before sha256-….sig
  std::string docker_config;                // "" = docker's own
  std::string registry_ca;                  // PEM
  std::vector<std::string> registry_hosts;  // of token realms and blob stores
  Format format = Format::kText;
  bool plain_http = false;
  bool oci11 = false;
  bool strict = false;  // a tag is a denial
};
ExitCode RunVerifyImage(const VerifyImageOptions& options, const Console& console);

struct VerifyBlobOptions {
  std::string bundle;
  std::string artifact;  // a file, or "sha256:<hex>"
  SigningFlags signer;
  Format format = Format::kText;
  bool staging = false;
};
ExitCode RunVerifyBlob(const VerifyBlobOptions& options, const Console& console);

struct TrustOptions {
  std::vector<std::string> paths;
  Format format = Format::kText;
};
ExitCode RunTrustShow(const TrustOptions& options, const Console& console);
ExitCode RunTrustCheck(const TrustOptions& options, const Console& console);

struct VersionOptions {
  Format format = Format::kText;
};
ExitCode RunVersion(const VersionOptions& options, const Console& console);

}  // namespace writ::cli
