#include "scheduler/io/status_pages.h"

#include "absl/strings/str_cat.h"
#include "common/json/proto_json.h"
#include "common/security/identity.h"
#include "scheduler/io/cluster_metrics.h"
#include "scheduler/io/job_metrics.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kJobsOnPage = 100;

}  // namespace

std::string StatusJson(Coordinator* coordinator) {
  const absl::StatusOr<v1::Cluster> cluster = coordinator->DescribeCluster();
  const uint64_t last = coordinator->Stats().last_job_id;
  v1::ListJobsRequest request;
  request.set_after_job_id(last < kJobsOnPage ? 0 : last - kJobsOnPage);
  const absl::StatusOr<v1::ListJobsResponse> jobs = coordinator->ListJobs(request, Identity());
  if (!cluster.ok() || !jobs.ok()) return "{}";
  std::string json =
      absl::StrCat("{\"cluster\":", ProtoToJson(*cluster, JsonLayout::kOneLine), ",\"jobs\":[");
  for (int i = 0; i < jobs->jobs_size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", ProtoToJson(jobs->jobs(i), JsonLayout::kOneLine));
  }
  return absl::StrCat(json, "]}");
}

void CollectMetrics(Coordinator* coordinator, int64_t now_ms, metrics::Scrape* out) {
  AddCoordinatorMetrics(coordinator->Stats(), out);
  const absl::StatusOr<v1::Cluster> cluster = coordinator->DescribeCluster();
  if (!cluster.ok()) return;
  AddClusterMetrics(*cluster, out);
  AddNodeMetrics(*cluster, out);
  AddJobMetrics(coordinator->LiveJobs(kMaxJobsInMetrics), now_ms, out);
}

}  // namespace paceline::scheduler
