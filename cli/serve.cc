// `writ serve`: flags to webhook's options.
#include "webhook/serve.h"

#include <chrono>
#include <utility>

#include "cli/commands.h"
#include "cli/policy_files.h"

namespace writ::cli {
namespace {

// Refuses flags that contradict each other, in one sentence.
std::optional<std::string> FindContradiction(const ServeFlags& flags) {
  if (flags.plain_http && !(flags.tls_cert.empty() && flags.tls_key.empty() && flags.client_ca.empty())) {
    return "--plain-http excludes --tls-cert, --tls-key and --client-ca";
  }
  if (!flags.plain_http && (flags.tls_cert.empty() || flags.tls_key.empty())) return "--tls-cert and --tls-key are needed, or --plain-http";
  if (flags.namespace_object_given && !flags.admission_listen.empty()) {
    return "--namespace-object-given excludes --admission-listen: no review brings `namespaceObject`";
  }
  if (flags.strict_tags && flags.registries.empty()) return "--strict-tags needs --registries";
  return std::nullopt;
}

}  // namespace

ExitCode RunServe(const ServeFlags& flags, const Console& console) {
  if (const std::optional<std::string> contradiction = FindContradiction(flags)) {
    PrintError(console, *contradiction);
    return ExitCode::kBadInput;
  }
  std::optional<PolicySource> source = MakePolicySource(flags.policies, flags.data, console);
  if (!source) return ExitCode::kBadInput;
  source->strict = flags.strict;
  server::ServeOptions options;
  options.policies = std::move(*source);
  options.listen = flags.listen;
  options.transport = flags.plain_http ? server::http::Transport::kPlain : server::http::Transport::kTls;
  options.tls.cert_file = flags.tls_cert;
  options.tls.key_file = flags.tls_key;
  options.tls.client_ca_file = flags.client_ca;
  if (!flags.admission_listen.empty()) options.admission_listen = flags.admission_listen;
  options.namespace_object_given = flags.namespace_object_given;
  options.settle = std::chrono::seconds(flags.settle_seconds);
  options.settle_gone = std::chrono::seconds(flags.settle_gone_seconds);
  options.limits.max_connections_per_peer = flags.connections_per_peer;
  if (!flags.health_listen.empty()) options.health_listen = flags.health_listen;
  if (!flags.registries.empty()) options.registries = flags.registries;
  options.tags = flags.strict_tags ? image::TagRule::kDenied : image::TagRule::kWarned;
  options.watch = flags.watch;
  options.drain = std::chrono::seconds(flags.drain_seconds);
  options.threads = flags.threads;
  options.log_level = server::TryParseLogLevel(flags.log_level).value_or(server::LogLevel::kInfo);
  options.output = &console.out;
  const Status status = server::Serve(options);
  if (status) return ExitCode::kOk;
  const std::string& message = status.error().message;
  if (message.find('\n') == std::string::npos) {
    PrintError(console, message);
  } else {
    console.err << message << (message.ends_with('\n') ? "" : "\n");
  }
  return status.error().code == ErrorCode::kInternal ? ExitCode::kInternal : ExitCode::kBadInput;
}

}  // namespace writ::cli
