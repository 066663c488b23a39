// The scheduler's dashboard: a page, and what it asks.
//
//   GET  /                         the page; its parts are under /static/
//   GET  /api/cluster              {"now_ms", "caller", "needs_token", "cluster": Cluster}
//   GET  /api/jobs                 {"now_ms", "left_out", "jobs": [Job]}: rows (job_rows.h)
//   GET  /api/jobs/ID              {"now_ms", "job": Job}
//   POST /api/jobs/ID/cancel       {"reason": TEXT} -> {}
//   POST /api/jobs/ID/checkpoint   {} -> {"cut_id"}
//
// Messages are proto JSON without fields that have their default. Errors are a line of text:
// 400, 401, 403, 404, 409 (not in this state), 429, 503.
//
// Who shows a certificate is whom it names: an admin sees and changes all jobs, a viewer sees
// all, a user sees and changes its own. Where nobody shows one (in the clear) everybody sees
// all jobs, and who knows the token (http_token.h) changes them:
// "Authorization: Bearer TOKEN".
//
// Thread-safe.
#ifndef PACELINE_SCHEDULER_IO_DASHBOARD_PAGES_H_
#define PACELINE_SCHEDULER_IO_DASHBOARD_PAGES_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/audit/audit_log.h"
#include "common/clock.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "common/security/identity.h"
#include "proto/cluster.pb.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

class DashboardPages {
 public:
  struct Options {
    // Both outlive the pages.
    Coordinator* coordinator = nullptr;
    Clock* clock = nullptr;
    // Told of what is changed; outlives the pages. May be null.
    AuditLog* audit = nullptr;
    // Empty: nothing can be changed without a certificate.
    std::string token;
  };

  explicit DashboardPages(Options options) : options_(std::move(options)) {}

  // To be served by `http` from now on, which these pages must outlive.
  void AddTo(HttpServer::Options* http);

  HttpResponse Get(const HttpRequest& request);
  HttpResponse Post(const HttpRequest& request);

 private:
  absl::StatusOr<std::string> Answer(const HttpRequest& request);
  absl::StatusOr<std::string> Change(const HttpRequest& request);
  absl::StatusOr<std::string> ClusterJson(const HttpRequest& request);
  absl::StatusOr<std::string> JobsJson(const HttpRequest& request);
  absl::StatusOr<std::string> Cancel(uint64_t job_id, const std::string& reason,
                                     const Identity& caller);
  absl::StatusOr<std::string> Checkpoint(uint64_t job_id, const Identity& caller);
  // Errors:  Unauthenticated  neither a certificate nor the token.
  absl::StatusOr<Identity> WhoChanges(const HttpRequest& request) const;
  std::string NowJson() const;

  const Options options_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_DASHBOARD_PAGES_H_
