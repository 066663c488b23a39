#include "common/http/http_server.h"

#include <httplib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/http/http_connection.h"
#include "common/http/http_limits.h"
#include "common/http/http_routes.h"
#include "common/http/waiting_connections.h"
#include "common/net/accept_loop.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "common/version/version.h"

namespace paceline {
namespace {

// Of pages: files of this server, and nothing else.
constexpr char kContentPolicy[] =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'";

HttpHandler Probe(std::function<absl::Status()> probe) {
  return [probe = std::move(probe)](const HttpRequest&) {
    const absl::Status status = probe ? probe() : absl::OkStatus();
    return HttpError(status.ok() ? 200 : 503, status.ok() ? "ok" : status.ToString());
  };
}

HttpRoutes RoutesOf(HttpServer::Options options) {
  HttpRoutes::Options routes;
  routes.hosts = {options.allowed_hosts.begin(), options.allowed_hosts.end()};
  routes.hosts.insert(options.host);
  routes.certificate_expected = options.tls.has_value();
  routes.open_paths = {"/healthz", "/readyz"};
  routes.get = std::move(options.get);
  routes.post = std::move(options.post);
  routes.get["/healthz"] = Probe(std::move(options.healthz));
  routes.get["/readyz"] = Probe(std::move(options.readyz));
  const nlohmann::json version = {
      {"role", options.role},
      {"version", std::string(kVersion)},
      {"started", absl::FormatTime(RealClock().Now(), absl::UTCTimeZone())}};
  routes.get["/version"] = HttpPage(kHttpJson, [text = version.dump() + "\n"] { return text; });
  return HttpRoutes(std::move(routes));
}

HttpRequest ToRequest(const httplib::Request& from) {
  HttpRequest request;
  request.path = from.path;
  request.query.insert(from.params.begin(), from.params.end());
  for (const auto& [name, value] : from.headers) {
    request.headers.emplace(absl::AsciiStrToLower(name), value);
  }
  request.body = from.body;
  if (from.ssl != nullptr) request.peer = PeerOf(from.ssl);
  return request;
}

void Send(const HttpResponse& response, httplib::Response* out) {
  out->status = response.status;
  out->set_header("Cache-Control", "no-store");
  out->set_header("X-Content-Type-Options", "nosniff");
  out->set_header("Referrer-Policy", "no-referrer");
  if (absl::StartsWith(response.content_type, "text/html")) {
    out->set_header("Content-Security-Policy", kContentPolicy);
  }
  out->set_content(response.body, response.content_type);
}

// The library reads requests and writes answers; connections are ours.
class Engine final : public httplib::Server {
 public:
  explicit Engine(HttpRoutes routes) : routes_(std::move(routes)) {
    set_payload_max_length(kMostHttpBodyBytes);
    // All but POST ends here: the library's own routes are regular expressions.
    set_pre_routing_handler([this](const httplib::Request& in, httplib::Response& out) {
      const HttpRequest request = ToRequest(in);
      const std::optional<HttpResponse> refusal = routes_.Refuse(in.method, request);
      if (!refusal.has_value() && in.method == "POST") return HandlerResponse::Unhandled;
      Send(refusal.has_value() ? *refusal : routes_.Answer(in.method, request), &out);
      return HandlerResponse::Handled;
    });
    Post(".*", [this](const httplib::Request& in, httplib::Response& out) {
      Send(routes_.Answer(in.method, ToRequest(in)), &out);
    });
  }

  void Serve(HttpConnection* connection) {
    bool has_body = false;
    bool closed = false;
    (void)process_request(
        *connection, /*close_connection=*/true, closed, [&](httplib::Request& request) {
          request.ssl = connection->ssl();
          // Many ranges of one page would be many copies of it.
          request.ranges.clear();
          has_body =
              request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
        });
    connection->Finish(/*unread=*/has_body);
  }

 private:
  const HttpRoutes routes_;
};

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(Clock* clock) : clock_(clock == nullptr ? &real_clock_ : clock) {}

  absl::Status Listen(Options options) {
    if (options.tls.has_value()) {
      PL_ASSIGN_OR_RETURN(tls_, HttpTlsContext::Load(*options.tls, clock_));
    }
    AcceptLoop::Options accept;
    accept.name = "http";
    accept.listen = {.host = options.host, .port = options.port};
    accept.most_connections = options.most_connections;
    accept.configure = [](int fd) {
      const int yes = 1;
      (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    };
    accept.accepted = [this](int fd) { waiting_->Add(fd); };
    absl::StatusOr<std::unique_ptr<AcceptLoop>> loop = AcceptLoop::Listen(std::move(accept));
    if (!loop.ok()) {
      return absl::Status(loop.status().code(), absl::StrCat("HTTP: ", loop.status().message()));
    }
    PL_ASSIGN_OR_RETURN(
        waiting_, WaitingConnections::Start(
                      {.most = std::max<uint64_t>(1, options.most_connections / 2),
                       .ready = [this](int fd) { threads_->enqueue([this, fd] { Serve(fd); }); },
                       .clock = clock_}));
    loop_ = *std::move(loop);
    engine_ = std::make_unique<Engine>(RoutesOf(std::move(options)));
    threads_ = std::make_unique<httplib::ThreadPool>(kHttpThreads);
    loop_->Start();
    return absl::OkStatus();
  }

  void Shutdown() {
    if (loop_ == nullptr || threads_ == nullptr) return;
    loop_->Stop();
    waiting_->Stop();
    {
      // Requests that are not here yet do not come.
      MutexLock lock(&mu_);
      stopping_ = true;
      for (const int fd : open_) (void)shutdown(fd, SHUT_RD);
    }
    threads_->shutdown();
    threads_ = nullptr;
  }

  int port() const { return loop_->port(); }

 private:
  // Of a handling thread: time for the request runs from now on.
  void Serve(int fd) {
    HttpConnection connection(fd, tls_ == nullptr ? nullptr : tls_->Current(), clock_);
    {
      MutexLock lock(&mu_);
      if (stopping_) return;
      open_.insert(fd);
    }
    if (connection.Handshake()) engine_->Serve(&connection);
    MutexLock lock(&mu_);
    open_.erase(fd);
  }

  RealClock real_clock_;
  Clock* const clock_;
  std::unique_ptr<HttpTlsContext> tls_;
  std::unique_ptr<Engine> engine_;
  Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Descriptors of connections that are handled.
  std::set<int> open_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<httplib::ThreadPool> threads_;
  std::unique_ptr<WaitingConnections> waiting_;
  std::unique_ptr<AcceptLoop> loop_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Shutdown(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  auto impl = std::make_unique<Impl>(options.clock);
  PL_RETURN_IF_ERROR(impl->Listen(std::move(options)));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const { return impl_->port(); }

void HttpServer::Shutdown() { impl_->Shutdown(); }

}  // namespace paceline
