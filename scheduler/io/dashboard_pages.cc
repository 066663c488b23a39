#include "scheduler/io/dashboard_pages.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "scheduler/core/views/job_rows.h"
#include "scheduler/io/dashboard/files.h"
#include "scheduler/io/http_token.h"

namespace paceline::scheduler {
namespace {

constexpr char kApi[] = "/api/";
constexpr char kStatic[] = "/static/";

// "api/jobs/7/cancel".
struct JobPath {
  uint64_t job_id = 0;
  std::string verb;
};

// Nothing: the path is about no job.
std::optional<JobPath> ParseJobPath(absl::string_view path) {
  JobPath parsed;
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  if (parts.size() < 4 || parts.size() > 5 || parts[2] != "jobs") return std::nullopt;
  if (!absl::SimpleAtoi(parts[3], &parsed.job_id)) return std::nullopt;
  if (parts.size() == 5) parsed.verb = std::string(parts[4]);
  return parsed;
}

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails for messages that hold Any alone.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

absl::Status NoSuchPage(absl::string_view path) {
  return absl::NotFoundError(absl::StrCat("no such page: ", path));
}

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
      return 503;
    default:
      return 500;
  }
}

HttpResponse ToResponse(const absl::StatusOr<std::string>& json) {
  if (json.ok()) return {.content_type = kHttpJson, .body = *json};
  return {.status = HttpStatusOf(json.status()),
          .body = absl::StrCat(std::string(json.status().message()), "\n")};
}

std::string ContentType(absl::string_view name) {
  if (absl::EndsWith(name, ".js")) return "text/javascript; charset=utf-8";
  if (absl::EndsWith(name, ".css")) return "text/css; charset=utf-8";
  if (absl::EndsWith(name, ".svg")) return "image/svg+xml";
  return kHttpHtml;
}

HttpResponse StaticFile(absl::string_view name) {
  const std::optional<absl::string_view> file = DashboardFile(name);
  if (!file.has_value()) return ToResponse(NoSuchPage(name));
  return {.content_type = ContentType(name), .body = std::string(*file)};
}

// In the clear everybody is an admin who looks on.
Identity WhoLooks(const HttpRequest& request) { return request.peer.value_or(Identity()); }

// Errors: PermissionDenied  of a daemon, which has no business here.
absl::Status CheckPerson(const Identity& caller) {
  if (caller.role == Role::kAdmin || caller.role == Role::kUser || caller.role == Role::kViewer) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat("an admin, user or viewer expected, got ", IdentityText(caller)));
}

// The one text that a request to change something may carry.
// Errors: InvalidArgument  no JSON object, an unknown key, or no text.
absl::StatusOr<std::string> ParseReason(const std::string& body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("a JSON object expected as the body");
  for (const auto& [key, value] : json.items()) {
    if (key != "reason") {
      return absl::InvalidArgumentError(absl::StrCat("\"reason\" expected, got \"", key, "\""));
    }
    if (!value.is_string()) return absl::InvalidArgumentError("reason: a text expected");
  }
  return json.value("reason", std::string());
}

}  // namespace

void DashboardPages::AddTo(HttpServer::Options* http) {
  const auto get = [this](const HttpRequest& request) { return Get(request); };
  for (const char* path : {"/", kStatic, kApi}) http->get[path] = get;
  http->post["/api/jobs/"] = [this](const HttpRequest& request) { return Post(request); };
}

HttpResponse DashboardPages::Get(const HttpRequest& request) {
  absl::string_view path = request.path;
  if (path == "/") return StaticFile("index.html");
  if (absl::ConsumePrefix(&path, kStatic)) return StaticFile(path);
  return ToResponse(Answer(request));
}

HttpResponse DashboardPages::Post(const HttpRequest& request) {
  return ToResponse(Change(request));
}

std::string DashboardPages::NowJson() const {
  return absl::StrCat("{\"now_ms\":\"", absl::ToUnixMillis(options_.clock->Now()), "\"");
}

absl::StatusOr<std::string> DashboardPages::Answer(const HttpRequest& request) {
  PL_RETURN_IF_ERROR(CheckPerson(WhoLooks(request)));
  if (request.path == "/api/cluster") return ClusterJson(request);
  if (request.path == "/api/jobs") return JobsJson(request);
  const std::optional<JobPath> path = ParseJobPath(request.path);
  if (!path.has_value() || !path->verb.empty()) return NoSuchPage(request.path);
  v1::GetJobRequest get;
  get.set_job_id(path->job_id);
  PL_ASSIGN_OR_RETURN(const v1::Job job, options_.coordinator->GetJob(get, WhoLooks(request)));
  return absl::StrCat(NowJson(), ",\"job\":", Json(job), "}");
}

absl::StatusOr<std::string> DashboardPages::ClusterJson(const HttpRequest& request) {
  PL_ASSIGN_OR_RETURN(const v1::Cluster cluster, options_.coordinator->DescribeCluster());
  // Names in certificates have nothing in them that JSON would have to escape.
  const std::string caller = request.peer.has_value() ? IdentityText(*request.peer) : "";
  return absl::StrCat(NowJson(), ",\"caller\":\"", caller,
                      "\",\"needs_token\":", request.peer.has_value() ? "false" : "true",
                      ",\"cluster\":", Json(cluster), "}");
}

absl::StatusOr<std::string> DashboardPages::JobsJson(const HttpRequest& request) {
  const Identity caller = WhoLooks(request);
  PL_ASSIGN_OR_RETURN(const JobRows rows, options_.coordinator->ListJobRows(caller));
  std::string json = absl::StrCat(NowJson(), ",\"left_out\":", rows.left_out, ",\"jobs\":[");
  for (size_t i = 0; i < rows.jobs.size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", Json(rows.jobs[i]));
  }
  return absl::StrCat(json, "]}");
}

absl::StatusOr<Identity> DashboardPages::WhoChanges(const HttpRequest& request) const {
  if (request.peer.has_value()) return *request.peer;
  const auto header = request.headers.find("authorization");
  absl::string_view token;
  if (header != request.headers.end()) token = header->second;
  if (absl::ConsumePrefix(&token, "Bearer ") && !options_.token.empty() &&
      SameToken(absl::StripAsciiWhitespace(token), options_.token)) {
    return Identity();
  }
  return absl::UnauthenticatedError(token.empty() ? "a token expected, got none"
                                                  : "this is not the token of this scheduler");
}

absl::StatusOr<std::string> DashboardPages::Change(const HttpRequest& request) {
  PL_ASSIGN_OR_RETURN(const Identity caller, WhoChanges(request));
  const std::optional<JobPath> path = ParseJobPath(request.path);
  if (!path.has_value() || (path->verb != "cancel" && path->verb != "checkpoint")) {
    return NoSuchPage(request.path);
  }
  PL_ASSIGN_OR_RETURN(const std::string reason, ParseReason(request.body));
  const bool cancel = path->verb == "cancel";
  const absl::StatusOr<std::string> answer =
      cancel ? Cancel(path->job_id, reason, caller) : Checkpoint(path->job_id, caller);
  if (options_.audit != nullptr) {
    options_.audit->Record({.caller = caller,
                            .peer = "http",
                            .method = cancel ? "CancelJob" : "CheckpointJob",
                            .target = absl::StrCat("job ", path->job_id),
                            .outcome = answer.status()});
  }
  return answer;
}

absl::StatusOr<std::string> DashboardPages::Cancel(uint64_t job_id, const std::string& reason,
                                                   const Identity& caller) {
  v1::CancelJobRequest request;
  request.set_job_id(job_id);
  request.set_reason(reason);
  PL_RETURN_IF_ERROR(options_.coordinator->CancelJob(request, caller).status());
  return "{}";
}

absl::StatusOr<std::string> DashboardPages::Checkpoint(uint64_t job_id, const Identity& caller) {
  v1::CheckpointJobRequest request;
  request.set_job_id(job_id);
  PL_ASSIGN_OR_RETURN(const v1::CheckpointJobResponse taken,
                      options_.coordinator->CheckpointJob(request, caller));
  return Json(taken);
}

}  // namespace paceline::scheduler
