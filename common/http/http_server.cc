#include "common/http/http_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/http/http_limits.h"
#include "common/http/http_routes.h"
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

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(Options options)
      : host_(options.host), wanted_port_(options.port), routes_(RoutesOf(std::move(options))) {}

  absl::Status Listen() {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kHttpThreads); };
    server_.set_read_timeout(absl::ToInt64Seconds(kHttpRequestTime));
    server_.set_write_timeout(absl::ToInt64Seconds(kHttpRequestTime));
    // An idle connection occupies a thread.
    server_.set_keep_alive_timeout(1);
    server_.set_payload_max_length(kMostHttpBodyBytes);
    server_.set_tcp_nodelay(true);
    // The default also sets SO_REUSEPORT: two daemons would share a port.
    server_.set_socket_options([](int fd) {
      const int yes = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    // All but POST ends here: the library's own routes are regular expressions.
    server_.set_pre_routing_handler([this](const httplib::Request& in, httplib::Response& out) {
      const HttpRequest request = ToRequest(in);
      const std::optional<HttpResponse> refusal = routes_.Refuse(in.method, request);
      if (!refusal.has_value() && in.method == "POST") {
        return httplib::Server::HandlerResponse::Unhandled;
      }
      Send(refusal.has_value() ? *refusal : routes_.Answer(in.method, request), &out);
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.Post(".*", [this](const httplib::Request& in, httplib::Response& out) {
      Send(routes_.Answer(in.method, ToRequest(in)), &out);
    });

    port_ = wanted_port_;
    if (wanted_port_ == 0) {
      port_ = server_.bind_to_any_port(host_);
    } else if (!server_.bind_to_port(host_, wanted_port_)) {
      port_ = -1;
    }
    if (port_ < 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen for HTTP on ", host_, ":",
                                                 wanted_port_, ": ", std::strerror(errno)));
    }
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    // stop() has no effect before the loop runs.
    while (!server_.is_running() && !ended_) std::this_thread::yield();
    return absl::OkStatus();
  }

  void Shutdown() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  int port() const { return port_; }

 private:
  const std::string host_;
  const int wanted_port_;
  const HttpRoutes routes_;
  httplib::Server server_;
  int port_ = -1;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

HttpTls HttpTls::InDir(const std::string& dir) {
  return {.ca_file = dir + "/ca.crt",
          .certificate_file = dir + "/tls.crt",
          .key_file = dir + "/tls.key"};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Shutdown(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status status = impl->Listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const { return impl_->port(); }

void HttpServer::Shutdown() { impl_->Shutdown(); }

}  // namespace paceline
