// `writ serve`: puts server, endpoints, policies and watchers together.
#include "webhook/serve.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "rules/base/utf8.h"
#include "webhook/reload/file_watcher.h"
#include "webhook/reload/policy_store.h"
#include "webhook/reload/registry_store.h"
#include "webhook/routes.h"
#include "webhook/telemetry/log_writer.h"
#include "webhook/telemetry/metrics.h"

namespace writ::server {
namespace {

using http::HttpRequest;

constexpr std::uint32_t kWaitingWorkers = 16;  // at least, where workers wait for registries

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:8443", "[::1]:0", ":8443" (every address).
Result<Address> ParseAddress(const std::string& text, std::string_view flag) {
  const Error wrong{ErrorCode::kInvalidArgument, std::string(flag) + ": found `" + text + "`, expected HOST:PORT, such as 127.0.0.1:8443"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong;
  Address address{.host = text.substr(0, colon)};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end) return wrong;
  if (address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return wrong;
  }
  if (address.host.empty()) address.host = "0.0.0.0";
  return address;
}

Status CheckOptions(const ServeOptions& options) {
  const auto wrong = [](std::string text) { return Error{ErrorCode::kInvalidArgument, std::move(text)}; };
  const http::TlsOptions& tls = options.tls;
  const bool any_tls = !tls.cert_file.empty() || !tls.key_file.empty() || !tls.client_ca_file.empty();
  if (options.transport == http::Transport::kPlain && any_tls)
    return wrong("--plain-http and the --tls- and --client-ca flags exclude each other");
  if (options.transport == http::Transport::kTls && (tls.cert_file.empty() || tls.key_file.empty())) {
    return wrong("--tls-cert and --tls-key are needed; --plain-http serves without TLS");
  }
  if (options.tags == image::TagRule::kDenied && !options.registries) return wrong("--strict-tags needs --registries");
  if (options.namespace_object_given && options.admission_listen) {
    return wrong("--namespace-object-given and --admission-listen exclude each other: no review brings `namespaceObject`");
  }
  if (options.settle.count() < 0 || options.settle_gone.count() < 0) return wrong("--settle and --settle-gone must not be negative");
  if (options.max_decide_list == 0) return wrong("the limit on lists must be positive");
  if (options.threads && *options.threads == 0) return wrong("--threads must be positive");
  if (options.drain.count() < 0 || options.drain_quiet.count() < 0) return wrong("--drain must not be negative");
  if (options.watch_debounce.count() <= 0 || options.watch_poll.count() <= 0) return wrong("the times of the watcher must be positive");
  return OkStatus();
}

std::string UrlOf(const Address& address, std::uint16_t port, http::Transport transport) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return std::string(transport == http::Transport::kTls ? "https://" : "http://") + (v6 ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(port);
}

}  // namespace

// INVARIANT: members die in reverse order: watchers, then servers, then what those use.
struct Service::Impl {
  explicit Impl(const ServeOptions& serve_options)
      : options(serve_options),
        clock(options.clock != nullptr ? options.clock : &SystemClock()),
        logger(options.log_level, *clock, options.log_sink) {
    options.policies.load_signers = options.registries.has_value();
    options.policies.regular_files_only = true;
    options.policies.namespace_object_given = options.namespace_object_given;
  }

  ServeOptions options;
  const Clock* clock;
  Logger logger;
  Metrics metrics;
  std::atomic<std::int64_t> open_main{0}, open_reviews{0};  // connections, for the metric
  std::unique_ptr<PolicyStore> store;
  std::unique_ptr<RegistryStore> registries;  // nullptr: none may be asked
  std::unique_ptr<image::FactGatherer> images;
  std::unique_ptr<Routes> routes;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> admission_server;
  std::unique_ptr<http::Server> health_server;
  std::unique_ptr<FileWatcher> policy_watcher;
  std::unique_ptr<FileWatcher> registry_watcher;
  std::unique_ptr<FileWatcher> certificate_watcher;
  std::atomic<http::Server*> main_server{nullptr};    // `server` once it serves; endpoints may ask before
  std::atomic<http::Server*> review_server{nullptr};  // `admission_server`, likewise
  std::mutex certificate_mutex;                       // guards the next one
  std::optional<ReloadFault> certificate_fault;
  ServeReady ready;

  std::uint32_t Threads() const { return options.threads ? *options.threads : std::max(2U, std::thread::hardware_concurrency()); }

  // Those that look up signatures wait for registries most of the time, and must not keep others from being decided.
  std::uint32_t Workers() const { return registries ? std::max(kWaitingWorkers, Threads()) : Threads(); }

  Status OpenPolicies();
  Status OpenRegistries();
  Status WatchRegistries(FileWatcher::Options watch);
  void ReportRegistries(const Status& loaded);
  void MakeRoutes();
  http::Handler Handle();
  http::ServerOptions MainOptions(const Address& address, Surface surface);
  std::vector<http::ConnectionTable::Pressure> Pressure() const;
  Status StartServer(const Address& address);
  Status StartAdmissionServer();
  Status StartHealthServer();
  Status StartWatchers(std::string policy_fingerprint, std::string certificate_fingerprint);
  std::vector<WatchRoot> CertificateRoots() const;
  void ReportPolicies(const Status& loaded);
  void ReloadCertificate();
  http::ServerEvents Events(std::atomic<std::int64_t>& open);
  // The root of a watcher's thread: what throws there must not end the process that still decides.
  FileWatcher::OnChange OnChange(std::function<void()> function) {
    return [this, run = std::move(function)]() -> std::optional<std::chrono::milliseconds> {
      try {
        run();
      } catch (const std::exception& error) {
        logger.Write(LogLevel::kError, "reload failed, what was loaded stays", {{"error", error.what()}});
      }
      return std::nullopt;
    };
  }
};

Status Service::Impl::OpenPolicies() {
  Result<std::unique_ptr<PolicyStore>> opened = PolicyStore::Open(options.policies, *clock, {.settle_gone = options.settle_gone});
  if (!opened) return opened.error();
  store = std::move(*opened);
  ReportPolicies(OkStatus());
  return OkStatus();
}

Status Service::Impl::OpenRegistries() {
  if (!options.registries) return OkStatus();
  Result<std::unique_ptr<RegistryStore>> opened =
      RegistryStore::Open({.file = *options.registries, .read_yaml = options.policies.read_yaml}, *clock);
  if (!opened) return opened.error();
  registries = std::move(*opened);
  images = std::make_unique<image::FactGatherer>(registries->opener(), *clock, image::FactOptions{.tags = options.tags, .limits = {}});
  ReportRegistries(OkStatus());
  return OkStatus();
}

void Service::Impl::ReportRegistries(const Status& loaded) {
  metrics.CountReload(ReloadKind::kRegistries, loaded.ok());
  if (!loaded) {
    logger.Write(LogLevel::kError, "new registries refused, the old ones stay in use",
                 {{"code", ErrorCodeName(loaded.error().code)}, {"error", loaded.error().message}});
    return;
  }
  logger.Write(LogLevel::kInfo, "registries loaded", {{"registries", static_cast<std::int64_t>(registries->size())}});
}

// Log and metrics after a load.
void Service::Impl::ReportPolicies(const Status& loaded) {
  metrics.CountReload(ReloadKind::kPolicies, loaded.ok());
  metrics.SetStale(!loaded.ok());
  if (!loaded) {
    logger.Write(LogLevel::kError, "new policies refused, the old ones keep deciding",
                 {{"code", ErrorCodeName(loaded.error().code)}, {"error", loaded.error().message}});
    return;
  }
  const PolicyStore::State state = store->state();
  metrics.SetPolicies(state.digest, state.policy_count, state.loaded_at);
  logger.Write(LogLevel::kInfo, "policies loaded", {{"policies", static_cast<std::int64_t>(state.policy_count)}, {"bundle", state.digest}});
  if (!state.warnings.empty()) logger.Write(LogLevel::kWarn, "policies have warnings", {{"diagnostics", state.warnings}});
}

// `open`: of the listener that these are for.
http::ServerEvents Service::Impl::Events(std::atomic<std::int64_t>& open) {
  http::ServerEvents events;
  events.on_reply = [this](const HttpRequest& request, unsigned status, std::chrono::nanoseconds time) {
    metrics.CountHttp(RouteOf(request.path), status, time);
    if (!logger.Enabled(LogLevel::kDebug)) return;
    logger.Write(LogLevel::kDebug, "reply",
                 {{"method", Shorten(request.method, kMaxLoggedBytes)},
                  {"path", Shorten(request.path, kMaxLoggedBytes)},
                  {"status", std::int64_t{status}},
                  {"micros", time.count() / 1000}});
  };
  events.on_connections = [this, &open](std::int64_t now_open) {
    open = now_open;
    metrics.SetConnections(open_main + open_reviews);
  };
  events.on_rejected_connection = [this] { metrics.CountRejectedConnection(); };
  events.on_evicted_connection = [this] { metrics.CountEvictedConnection(); };
  return events;
}

std::vector<http::ConnectionTable::Pressure> Service::Impl::Pressure() const {
  std::vector<http::ConnectionTable::Pressure> all;
  for (const http::Server* serving : {main_server.load(), review_server.load()}) {
    if (serving != nullptr) all.push_back(serving->pressure());
  }
  return all;
}

// Each listener has its own workers, and each worker its own context.
void Service::Impl::MakeRoutes() {
  RouteSources sources{.store = store.get(), .metrics = &metrics, .logger = &logger, .clock = clock};
  sources.registries = registries.get();
  sources.images = images.get();
  if (registries) sources.read_pull_secrets = registries->pull_secret_reader();
  sources.draining = [this] {
    const http::Server* serving = main_server;
    return serving != nullptr && serving->draining();
  };
  sources.certificate = [this]() -> std::shared_ptr<const http::TlsContext> {
    const http::Server* serving = main_server;
    return serving != nullptr ? serving->certificate() : nullptr;
  };
  sources.certificate_fault = [this] {
    const std::lock_guard lock(certificate_mutex);
    return certificate_fault;
  };
  sources.pressure = [this] { return Pressure(); };
  sources.dropped_log_lines = options.dropped_log_lines;
  const std::uint32_t listeners = options.admission_listen ? 2 : 1;
  routes = std::make_unique<Routes>(sources, RouteOptions{.workers = listeners * Workers(), .max_decide_list = options.max_decide_list});
}

http::ServerOptions Service::Impl::MainOptions(const Address& address, Surface surface) {
  http::ServerOptions server_options{.host = address.host,
                                     .port = address.port,
                                     .transport = options.transport,
                                     .tls = options.tls,
                                     .limits = options.limits,
                                     .io_threads = Threads(),
                                     .workers = Workers(),
                                     .heavy_requests = Threads()};
  if (options.admission_listen) {  // two listeners: both together take no more memory than one
    server_options.heavy_requests = std::max(1U, Threads() / 2);
    server_options.limits.max_bodies_bytes = std::max<std::size_t>(1, options.limits.max_bodies_bytes / 2);
  }
  const Listener listener{surface, options.transport == http::Transport::kTls ? Privacy::kTls : Privacy::kPlain};
  server_options.head_handler = [this, listener](const HttpRequest& request) { return routes->AnswerHead(request, listener); };
  server_options.events = Events(surface == Surface::kAdmissionOnly ? open_reviews : open_main);
  server_options.logger = &logger;
  server_options.clock = clock;
  return server_options;
}

http::Handler Service::Impl::Handle() {
  return [this](const HttpRequest& request) { return routes->Handle(request); };
}

Status Service::Impl::StartServer(const Address& address) {
  const Surface surface = options.admission_listen         ? Surface::kAllButAdmission
                          : options.namespace_object_given ? Surface::kNoAdmissionAtAll
                                                           : Surface::kAll;
  Result<std::unique_ptr<http::Server>> started = http::Server::Start(MainOptions(address, surface), Handle());
  if (!started) return started.error();
  server = std::move(*started);
  main_server = server.get();
  if (const auto certificate = server->certificate()) {
    metrics.SetCertificateExpiry(certificate->not_after());
    if (!certificate->ValidAt(clock->Now())) {
      logger.Write(LogLevel::kError, "the certificate is not valid at this time: not ready until it is replaced",
                   {{"file", options.tls.cert_file}});
    }
  }
  return OkStatus();
}

Status Service::Impl::StartAdmissionServer() {
  if (!options.admission_listen) return OkStatus();
  const Result<Address> address = ParseAddress(*options.admission_listen, "--admission-listen");
  if (!address) return address.error();
  http::ServerOptions server_options = MainOptions(*address, Surface::kAdmissionOnly);
  server_options.first_worker = Workers();
  Result<std::unique_ptr<http::Server>> started = http::Server::Start(server_options, Handle());
  if (!started) return started.error();
  admission_server = std::move(*started);
  review_server = admission_server.get();
  logger.Write(LogLevel::kInfo, "serving reviews", {{"url", UrlOf(*address, admission_server->port(), options.transport)}});
  return OkStatus();
}

Status Service::Impl::StartHealthServer() {
  if (!options.health_listen) return OkStatus();
  const Result<Address> address = ParseAddress(*options.health_listen, "--health-listen");
  if (!address) return address.error();
  http::ServerOptions server_options{.host = address->host,
                                     .port = address->port,
                                     .transport = http::Transport::kPlain,
                                     .limits = options.limits,
                                     .io_threads = 1,
                                     .workers = 1};
  server_options.head_handler = [this](const HttpRequest& request) {
    return routes->AnswerHead(request, {Surface::kHealthOnly, Privacy::kPlain});
  };
  server_options.logger = &logger;
  server_options.clock = clock;
  Result<std::unique_ptr<http::Server>> started =
      http::Server::Start(server_options, [](const HttpRequest&) { return http::ErrorReply(404, "no such path"); });
  if (!started) return started.error();
  health_server = std::move(*started);
  return OkStatus();
}

std::vector<WatchRoot> Service::Impl::CertificateRoots() const {
  std::vector<WatchRoot> roots;
  if (options.transport == http::Transport::kPlain) return roots;
  for (const std::string& file : {options.tls.cert_file, options.tls.key_file, options.tls.client_ca_file}) {
    if (!file.empty()) roots.push_back({file, WatchRoot::Kind::kFile});
  }
  return roots;
}

void Service::Impl::ReloadCertificate() {
  Status loaded = server->ReloadCertificate();
  if (loaded && admission_server) loaded = admission_server->ReloadCertificate();
  metrics.CountReload(ReloadKind::kCertificate, loaded.ok());
  {
    const std::lock_guard lock(certificate_mutex);
    certificate_fault = loaded.ok() ? std::nullopt : std::optional(ReloadFault{clock->Now(), loaded.error().message});
  }
  if (!loaded) {
    // Cert and key are often two writes: the second one repairs this.
    logger.Write(LogLevel::kWarn, "new certificate refused, the old one stays in use", {{"error", loaded.error().message}});
    return;
  }
  const auto certificate = server->certificate();
  metrics.SetCertificateExpiry(certificate->not_after());
  logger.Write(LogLevel::kInfo, "certificate loaded", {{"subject", certificate->subject()}});
}

// What changed since the files were read is seen at once: the first round reloads them.
Status Service::Impl::WatchRegistries(FileWatcher::Options watch) {
  if (!registries) return OkStatus();
  watch.roots = registries->roots();
  watch.fingerprint.clear();
  Result<std::unique_ptr<FileWatcher>> started = FileWatcher::Start(watch, OnChange([this] { ReportRegistries(registries->Reload()); }));
  if (!started) return started.error();
  registry_watcher = std::move(*started);
  return OkStatus();
}

Status Service::Impl::StartWatchers(std::string policy_fingerprint, std::string certificate_fingerprint) {
  FileWatcher::Options watch{.debounce = options.watch_debounce, .poll = options.watch_poll};
  watch.on_fault = [this](const Error& fault) {
    logger.Write(LogLevel::kError, "changes of files are not seen for now, what was loaded stays", {{"error", fault.message}});
  };
  if (options.watch) {
    watch.roots = WatchRoots(options.policies);
    watch.fingerprint = std::move(policy_fingerprint);
    watch.settle = options.settle;
    Result<std::unique_ptr<FileWatcher>> started =
        FileWatcher::Start(watch, [this, on_change = OnChange([this] { ReportPolicies(store->Reload()); })] {
          on_change();
          return store->again_in();
        });
    if (!started) return started.error();
    policy_watcher = std::move(*started);
    watch.settle = {};
    WRIT_RETURN_IF_ERROR(WatchRegistries(watch));
  }
  watch.roots = CertificateRoots();
  if (watch.roots.empty()) return OkStatus();
  watch.fingerprint = std::move(certificate_fingerprint);
  Result<std::unique_ptr<FileWatcher>> started = FileWatcher::Start(watch, OnChange([this] { ReloadCertificate(); }));
  if (!started) return started.error();
  certificate_watcher = std::move(*started);
  return OkStatus();
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::Start(const ServeOptions& options) {
  WRIT_RETURN_IF_ERROR(CheckOptions(options));
  const Result<Address> address = ParseAddress(options.listen, "--listen");
  if (!address) return address.error();
  auto impl = std::make_unique<Impl>(options);
  // Taken before the files are read: a change in between is then seen by the watcher.
  std::string policy_fingerprint = options.watch ? Fingerprint(WatchRoots(options.policies)) : std::string();
  std::string certificate_fingerprint = Fingerprint(impl->CertificateRoots());
  WRIT_RETURN_IF_ERROR(impl->OpenRegistries());
  WRIT_RETURN_IF_ERROR(impl->OpenPolicies());
  impl->MakeRoutes();
  WRIT_RETURN_IF_ERROR(impl->StartServer(*address));
  WRIT_RETURN_IF_ERROR(impl->StartAdmissionServer());
  WRIT_RETURN_IF_ERROR(impl->StartHealthServer());
  WRIT_RETURN_IF_ERROR(impl->StartWatchers(std::move(policy_fingerprint), std::move(certificate_fingerprint)));
  const PolicyStore::State state = impl->store->state();
  const std::uint16_t port = impl->server->port();
  impl->ready = {.url = UrlOf(*address, port, options.transport), .port = port, .policy_count = state.policy_count, .digest = state.digest};
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

const ServeReady& Service::ready() const { return impl_->ready; }
std::uint16_t Service::health_port() const { return impl_->health_server ? impl_->health_server->port() : std::uint16_t{0}; }

Status Service::Reload() {
  Status loaded = impl_->store->Reload();
  impl_->ReportPolicies(loaded);
  return loaded;
}

std::uint16_t Service::admission_port() const { return impl_->admission_server ? impl_->admission_server->port() : std::uint16_t{0}; }

void Service::BeginDrain() {
  impl_->server->BeginDrain();
  if (impl_->admission_server) impl_->admission_server->BeginDrain();
  impl_->logger.Write(LogLevel::kInfo, "draining");
}

// The health listener goes on to the end: "not ready" must be readable while the rest drains.
void Service::Drain() {
  BeginDrain();
  std::thread reviews([this] {
    if (impl_->admission_server) impl_->admission_server->Drain(impl_->options.drain, impl_->options.drain_quiet);
  });
  impl_->server->Drain(impl_->options.drain, impl_->options.drain_quiet);
  reviews.join();
  if (impl_->health_server) impl_->health_server->Stop();
  impl_->logger.Write(LogLevel::kInfo, "drained");
}

void Service::Stop() {
  impl_->server->Stop();
  if (impl_->admission_server) impl_->admission_server->Stop();
  if (impl_->health_server) impl_->health_server->Stop();
}

namespace {

// Blocks the two signals in this thread (and those it starts) while it lives, and hands them out one by one.
class SignalGate {
 public:
  SignalGate() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  SignalGate(const SignalGate&) = delete;
  SignalGate& operator=(const SignalGate&) = delete;
  ~SignalGate() {
    if (fd_ >= 0) close(fd_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  int fd() const { return fd_; }

  // Waits for a signal (true) or for `other` to become readable (false).
  bool Wait(int other) const {
    pollfd fds[2] = {{fd_, POLLIN, 0}, {other, POLLIN, 0}};
    for (;;) {
      const int ready = poll(fds, other >= 0 ? 2 : 1, -1);
      if (ready < 0 && errno == EINTR) continue;
      signalfd_siginfo info{};
      if (read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) return true;
      if (other >= 0 && (fds[1].revents & POLLIN) != 0) return false;
    }
  }

 private:
  sigset_t before_{};
  int fd_ = -1;
};

// Ends the process when its end takes too long: a worker in an evaluation without end, a thread in a file system that does not answer.
class EndGuard {
 public:
  EndGuard(std::chrono::milliseconds limit, std::function<void()> end) : end_(std::move(end)), thread_([this] { Run(); }) {
    EndWithin(limit);
  }
  EndGuard(const EndGuard&) = delete;
  EndGuard& operator=(const EndGuard&) = delete;
  // The end was reached.
  ~EndGuard() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void EndWithin(std::chrono::milliseconds limit) {
    const std::lock_guard lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    deadline_ = deadline_ ? std::min(*deadline_, deadline) : deadline;
    changed_.notify_all();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!done_) {
      if (!deadline_) {
        changed_.wait(lock);
      } else if (std::chrono::steady_clock::now() >= *deadline_) {
        break;
      } else {
        changed_.wait_until(lock, *deadline_);
      }
    }
    const bool late = !done_;
    lock.unlock();
    if (late) end_();
  }

  std::function<void()> end_;
  std::mutex mutex_;  // guards the next two
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  bool done_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

// What large requests take is mapped and unmapped again. Left to itself, glibc raises its threshold with the first such block that is
// freed, and keeps the later ones.
void KeepNoLargeBlocks() {
#ifdef __GLIBC__
  constexpr int kMappedBytes = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
#endif
}

}  // namespace

Status Serve(const ServeOptions& given) {
  const SignalGate gate;
  if (gate.fd() < 0) return Error{ErrorCode::kInternal, std::string("no signalfd: ") + std::strerror(errno)};
  std::signal(SIGPIPE, SIG_IGN);  // a closed stderr must not end the server
  KeepNoLargeBlocks();
  ServeOptions options = given;
  std::unique_ptr<LogWriter> log;
  if (!options.log_sink) {
    log = std::make_unique<LogWriter>(STDERR_FILENO);
    options.log_sink = [&log](std::string_view line) { log->Write(line); };
    options.dropped_log_lines = [&log] { return log->dropped(); };
  }
  Result<std::unique_ptr<Service>> service = Service::Start(options);
  if (!service) return service.error();
  const ServeReady& ready = (*service)->ready();
  std::ostream& out = options.output != nullptr ? *options.output : std::cout;
  out << "writ: serving on " << ready.url << " (" << ready.policy_count << (ready.policy_count == 1 ? " policy" : " policies")
      << ", bundle " << ready.digest << ")" << std::endl;
  if (options.on_ready) options.on_ready(ready);
  gate.Wait(-1);
  EndGuard guard(options.drain + kEndTime / 2, [&log, &options] {
    if (log) log->Flush(kEndTime / 2);
    if (options.end_process) return options.end_process();
    _exit(0);
  });
  const int drained = eventfd(0, EFD_CLOEXEC);
  std::thread drain([&service, drained] {
    (*service)->Drain();
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(drained, &one, sizeof one);
  });
  if (gate.Wait(drained)) {  // the second signal
    guard.EndWithin(kEndTime / 2);
    (*service)->Stop();
  }
  drain.join();
  guard.EndWithin(kEndTime / 2);
  if (drained >= 0) close(drained);
  *service = nullptr;  // waits for workers and watchers; the guard does not wait for them
  return OkStatus();
}

}  // namespace writ::server
