// What a page is asked and what it answers.
#ifndef PACELINE_COMMON_HTTP_HTTP_MESSAGE_H_
#define PACELINE_COMMON_HTTP_HTTP_MESSAGE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/security/identity.h"

namespace paceline {

inline constexpr char kHttpText[] = "text/plain; charset=utf-8";
inline constexpr char kHttpHtml[] = "text/html; charset=utf-8";
inline constexpr char kHttpJson[] = "application/json";
inline constexpr char kHttpPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";

struct HttpRequest {
  // Without the query: "/jobs/7/cancel".
  std::string path;
  // Of a name that comes twice, the first.
  std::map<std::string, std::string> query;
  // Names in lower case.
  std::map<std::string, std::string> headers;
  // At most 64 KiB.
  std::string body;
  // Of a verified client certificate; nothing in the clear.
  std::optional<Identity> peer;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = kHttpText;
  std::string body;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// A page that is the same for everybody.
inline HttpHandler HttpPage(std::string content_type, std::function<std::string()> body) {
  return [content_type = std::move(content_type), body = std::move(body)](const HttpRequest&) {
    return HttpResponse{.content_type = content_type, .body = body()};
  };
}

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_HTTP_MESSAGE_H_
