// Which page answers a request, and which requests are refused before any page sees them:
// http_server.h says the rules. Knows no sockets.
//
//   const HttpRoutes routes({.hosts = {"node-7"}, .get = {{"/status", page}}});
//   if (auto refusal = routes.Refuse("GET", request)) return *refusal;
//   return routes.Answer("GET", request);
//
// Immutable, so thread-safe.
#ifndef PACELINE_COMMON_HTTP_HTTP_ROUTES_H_
#define PACELINE_COMMON_HTTP_HTTP_ROUTES_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "common/http/http_message.h"

namespace paceline {

class HttpRoutes {
 public:
  struct Options {
    // Names of this host, beside those of loopback; in any case, without ports.
    std::set<std::string> hosts;
    // Only these are shown to whoever has no certificate, if that counts.
    bool certificate_expected = false;
    std::set<std::string> open_paths;
    // "/jobs/": all below it, too. "/": that page alone.
    std::map<std::string, HttpHandler> get;
    std::map<std::string, HttpHandler> post;
  };

  explicit HttpRoutes(Options options);

  // Decides by the head alone; the body may be missing yet. Nothing: go on.
  // 400  a path with control characters.    403  another host's name, another site's page,
  // 404  no such page.                           no certificate.
  // 405  not that way.                      414  a path of more than kLongestHttpPath.
  // 415  a POST that is not JSON.
  std::optional<HttpResponse> Refuse(absl::string_view method, const HttpRequest& request) const;

  // Of a request that is not refused.
  HttpResponse Answer(absl::string_view method, const HttpRequest& request) const;

 private:
  bool IsThisHost(absl::string_view header) const;
  std::optional<HttpResponse> RefusePost(const HttpRequest& request) const;

  Options options_;
};

// The host of a Host header, in lower case, without port and brackets.
std::string HostOfHeader(absl::string_view header);

// One line of plain text.
HttpResponse HttpError(int status, absl::string_view text);

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_HTTP_ROUTES_H_
