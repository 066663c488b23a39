// A daemon's status page over HTTP, on its own port, for probes, Prometheus and
// people:
//
//   /healthz   200 "ok", or 503 with the reason: restart me
//   /readyz    200 "ok", or 503 with the reason: send me nothing
//   /metrics   Prometheus text format
//   /status    JSON
//
// and whatever else Options::pages adds. It changes nothing: GET and HEAD only.
// A request must name this host as its Host (loopback names, the advertised host,
// the one listened on), so that a web page in somebody's browser cannot read it
// through a rebound DNS name.
//
// Limits: four requests at a time, 5 s for each read and write.
//
// Thread-safe. Callbacks are called from several threads at once.
#ifndef PACELINE_COMMON_HTTP_STATUS_H_
#define PACELINE_COMMON_HTTP_STATUS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace paceline {

class HttpStatusServer {
 public:
  struct Page {
    std::string content_type;
    std::function<std::string()> body;
  };

  struct Options {
    // A name or an address, without brackets.
    std::string host = "127.0.0.1";
    // 0: any free port.
    int port = 0;
    // Further names under which others know this host, without ports.
    std::vector<std::string> allowed_hosts;

    // Each may be left empty: healthy, ready, no metrics, "{}".
    std::function<absl::Status()> healthz;
    std::function<absl::Status()> readyz;
    std::function<std::string()> metrics;
    std::function<std::string()> status;
    // By path, e.g. "/": a dashboard.
    std::map<std::string, Page> pages;
  };

  // Errors: Unavailable  the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpStatusServer>> Start(Options options);

  // Shuts down.
  ~HttpStatusServer();

  // The port that is listened on.
  int port() const;

  // Ends the requests in progress and joins all threads. May be called twice.
  void Shutdown();

 private:
  class Impl;
  explicit HttpStatusServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_STATUS_H_
