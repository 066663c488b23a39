#include "common/http/http_routes.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/http/http_limits.h"

namespace paceline {
namespace {

std::string Header(const HttpRequest& request, const std::string& name) {
  const auto it = request.headers.find(name);
  return it == request.headers.end() ? "" : it->second;
}

bool IsIpAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsReading(absl::string_view method) { return method == "GET" || method == "HEAD"; }

// The handler of `path`, or of the longest folder that it is in.
const HttpHandler* Find(const std::map<std::string, HttpHandler>& pages, const std::string& path) {
  if (const auto page = pages.find(path); page != pages.end()) return &page->second;
  for (std::size_t end = path.rfind('/'); end != std::string::npos && end > 0;
       end = path.rfind('/', end - 1)) {
    const auto folder = pages.find(path.substr(0, end + 1));
    if (folder != pages.end()) return &folder->second;
  }
  return nullptr;
}

}  // namespace

std::string HostOfHeader(absl::string_view header) {
  const std::string host = absl::AsciiStrToLower(header);
  if (!absl::StartsWith(host, "[")) return host.substr(0, host.find(':'));
  const std::size_t end = host.find(']');
  return end == std::string::npos ? "" : host.substr(1, end - 1);
}

HttpResponse HttpError(int status, absl::string_view text) {
  return {.status = status, .body = absl::StrCat(text, "\n")};
}

HttpRoutes::HttpRoutes(Options options) : options_(std::move(options)) {
  std::set<std::string> hosts = {"localhost"};
  for (const std::string& host : options_.hosts) hosts.insert(absl::AsciiStrToLower(host));
  options_.hosts = std::move(hosts);
}

bool HttpRoutes::IsThisHost(absl::string_view header) const {
  const std::string host = HostOfHeader(header);
  return options_.hosts.contains(host) || IsIpAddress(host);
}

std::optional<HttpResponse> HttpRoutes::Refuse(absl::string_view method,
                                               const HttpRequest& request) const {
  if (request.path.size() > kLongestHttpPath) {
    return HttpError(414, absl::StrCat("a path of at most ", kLongestHttpPath, " bytes expected"));
  }
  if (std::any_of(request.path.begin(), request.path.end(), absl::ascii_iscntrl)) {
    return HttpError(400, "control characters in the path");
  }
  const std::string host = Header(request, "host");
  if (!IsThisHost(host)) {
    return HttpError(403, absl::StrCat("host \"", HostOfHeader(host), "\" is not this host"));
  }
  const bool open = IsReading(method) && options_.open_paths.contains(request.path);
  if (options_.certificate_expected && !request.peer.has_value() && !open) {
    return HttpError(403, "a client certificate of this cluster expected, got none");
  }
  const HttpHandler* const get = Find(options_.get, request.path);
  const HttpHandler* const post = Find(options_.post, request.path);
  if (IsReading(method) ? get != nullptr : method == "POST" && post != nullptr) {
    return IsReading(method) ? std::nullopt : RefusePost(request);
  }
  if (get == nullptr && post == nullptr) return HttpError(404, "no such page");
  return HttpError(405, post != nullptr ? "POST only" : "GET only");
}

std::optional<HttpResponse> HttpRoutes::RefusePost(const HttpRequest& request) const {
  // A browser says where the page comes from that asks for this; programs say nothing.
  const std::string origin = Header(request, "origin");
  if (!origin.empty()) {
    absl::string_view site = origin;
    if (!absl::ConsumePrefix(&site, "https://")) (void)absl::ConsumePrefix(&site, "http://");
    if (!absl::EqualsIgnoreCase(site, Header(request, "host"))) {
      return HttpError(403, absl::StrCat("pages of \"", origin, "\" may not change anything here"));
    }
  }
  const std::string type = Header(request, "content-type");
  const absl::string_view media = absl::string_view(type).substr(0, type.find(';'));
  if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(media), kHttpJson)) {
    return HttpError(415, absl::StrCat(kHttpJson, " expected, got \"", media, "\""));
  }
  return std::nullopt;
}

HttpResponse HttpRoutes::Answer(absl::string_view method, const HttpRequest& request) const {
  const HttpHandler* const handler =
      Find(IsReading(method) ? options_.get : options_.post, request.path);
  return handler == nullptr ? HttpError(404, "no such page") : (*handler)(request);
}

}  // namespace paceline
