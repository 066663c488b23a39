#include "common/http_status.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

constexpr int kThreads = 4;
constexpr int kTimeoutSeconds = 5;
constexpr char kPlain[] = "text/plain; charset=utf-8";

// The host of a Host header, in lower case, without port and brackets.
std::string HostOf(absl::string_view header) {
  std::string host = absl::AsciiStrToLower(header);
  if (absl::StartsWith(host, "[")) {
    return host.substr(
        1, host.find(']') == std::string::npos ? std::string::npos : host.find(']') - 1);
  }
  return host.substr(0, host.find(':'));
}

void Reply(int code, const std::string& text, httplib::Response* response) {
  response->status = code;
  response->set_content(text + "\n", kPlain);
}

}  // namespace

class HttpStatusServer::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    hosts_ = {"localhost", "127.0.0.1", "::1", absl::AsciiStrToLower(options_.host)};
    for (const std::string& host : options_.allowed_hosts) {
      hosts_.insert(absl::AsciiStrToLower(host));
    }
  }

  absl::Status Listen() {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_read_timeout(kTimeoutSeconds);
    server_.set_write_timeout(kTimeoutSeconds);
    // An idle connection occupies a thread.
    server_.set_keep_alive_timeout(1);
    server_.set_payload_max_length(1 << 10);
    server_.set_tcp_nodelay(true);
    // The default also sets SO_REUSEPORT: two daemons would share a port.
    server_.set_socket_options([](int fd) {
      const int yes = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    server_.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          return Admit(request, &response);
        });
    AddPages();

    port_ = options_.port;
    if (options_.port == 0) {
      port_ = server_.bind_to_any_port(options_.host);
    } else if (!server_.bind_to_port(options_.host, options_.port)) {
      port_ = -1;
    }
    if (port_ < 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen for HTTP on ", options_.host, ":",
                                                 options_.port, ": ", std::strerror(errno)));
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
  httplib::Server::HandlerResponse Admit(const httplib::Request& request,
                                         httplib::Response* response) const {
    using Verdict = httplib::Server::HandlerResponse;
    if (request.method != "GET" && request.method != "HEAD") {
      response->set_header("Allow", "GET, HEAD");
      Reply(405, "GET only", response);
      return Verdict::Handled;
    }
    const std::string host = HostOf(request.get_header_value("Host"));
    if (!hosts_.contains(host)) {
      Reply(403, absl::StrCat("host \"", host, "\" is not this host"), response);
      return Verdict::Handled;
    }
    return Verdict::Unhandled;
  }

  void AddPages() {
    AddProbe("/healthz", options_.healthz);
    AddProbe("/readyz", options_.readyz);
    AddPage("/metrics", {"text/plain; version=0.0.4; charset=utf-8", options_.metrics});
    AddPage("/status", {"application/json",
                        options_.status ? options_.status : [] { return std::string("{}"); }});
    for (const auto& [path, page] : options_.pages) AddPage(path, page);
  }

  void AddProbe(const std::string& path, std::function<absl::Status()> probe) {
    server_.Get(path, [probe = std::move(probe)](const httplib::Request&, httplib::Response& out) {
      const absl::Status status = probe ? probe() : absl::OkStatus();
      Reply(status.ok() ? 200 : 503, status.ok() ? "ok" : status.ToString(), &out);
    });
  }

  void AddPage(const std::string& path, Page page) {
    server_.Get(path, [page = std::move(page)](const httplib::Request&, httplib::Response& out) {
      out.set_header("Cache-Control", "no-store");
      out.set_header("X-Content-Type-Options", "nosniff");
      out.set_content(page.body ? page.body() : std::string(), page.content_type.c_str());
    });
  }

  const Options options_;
  std::set<std::string> hosts_;
  httplib::Server server_;
  int port_ = -1;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

HttpStatusServer::HttpStatusServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpStatusServer::~HttpStatusServer() { Shutdown(); }

absl::StatusOr<std::unique_ptr<HttpStatusServer>> HttpStatusServer::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status status = impl->Listen(); !status.ok()) return status;
  return std::unique_ptr<HttpStatusServer>(new HttpStatusServer(std::move(impl)));
}

int HttpStatusServer::port() const { return impl_->port(); }

void HttpStatusServer::Shutdown() { impl_->Shutdown(); }

}  // namespace paceline
