// A daemon's pages over HTTP or HTTPS, on its own port, for probes, Prometheus and people:
//
//   /healthz   200 "ok", or 503 with the reason: restart me
//   /readyz    200 "ok", or 503 with the reason: send me nothing
//   /version   JSON: which program this is, and since when it runs
//
// and whatever Options::get and Options::post add: a path as it is ("/status"), or all
// below one that ends in '/' ("/static/"); the longest that fits is asked.
//
// Against web pages in somebody's browser: a request must name this host as its Host (an
// IP address, which no DNS name can be rebound to, a loopback name, the advertised host, the
// one listened on); one that changes something (POST) must come from a page of this
// server, if from any (Origin), and be JSON, which no form can send; pages run nothing
// but files of this server.
//
// With `tls`, over TLS 1.2 or above: whoever shows a certificate must show one of this
// cluster's authority, and without one gets /healthz and /readyz alone. The files may be
// replaced while the server runs.
//
// Limits: http_limits.h. One request a connection. One that has not said anything yet holds
// no thread.
//
// Thread-safe. Handlers are called from several threads at once.
#ifndef PACELINE_COMMON_HTTP_HTTP_SERVER_H_
#define PACELINE_COMMON_HTTP_HTTP_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/http/http_limits.h"
#include "common/http/http_message.h"
#include "common/http/http_tls.h"

namespace paceline {

class HttpServer {
 public:
  struct Options {
    // A name or an address, without brackets.
    std::string host = "127.0.0.1";
    // 0: any free port.
    int port = 0;
    // Further names under which others know this host, without ports.
    std::vector<std::string> allowed_hosts;
    // Nothing: in the clear.
    std::optional<HttpTls> tls;
    // Of the daemon, for /version.
    std::string role;

    // Each may be left empty: healthy, ready.
    std::function<absl::Status()> healthz;
    std::function<absl::Status()> readyz;
    // At a time: of connections that are handled, that wait for it, and that are silent, of
    // which there may be half as many. Further ones are closed at once. More than kHttpThreads.
    uint64_t most_connections = kMostHttpConnections;
    // By path. GET and HEAD.
    std::map<std::string, HttpHandler> get;
    std::map<std::string, HttpHandler> post;
    // Of all limits; outlives the server. Null: the machine's.
    Clock* clock = nullptr;
  };

  // Errors: Unavailable      the address cannot be listened on.
  //         InvalidArgument  tls: names the file that cannot be used.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options);

  // Shuts down.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port that is listened on.
  int port() const;

  // Takes no more, finishes the answers in progress, and joins all threads. May be
  // called twice.
  void Shutdown();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_HTTP_SERVER_H_
