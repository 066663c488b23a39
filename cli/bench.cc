#include "cli/bench.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/bytes_text.h"
#include "cli/job_rate.h"
#include "cli/job_views.h"
#include "cli/scheduler_client.h"
#include "cli/table.h"
#include "common/spec/enum_names.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// Values of a shard: 4 MiB.
constexpr uint64_t kLayerValues = uint64_t{1} << 20;
// Longer than any bench: the job is cancelled.
constexpr uint64_t kEndless = uint64_t{1} << 40;
constexpr uint32_t kMostRanks = 1024;
// Steps of the slowest rank before the first that counts.
constexpr uint64_t kWarmUp = 3;
// Changes of the counts that make a rate.
constexpr int kFewestChanges = 3;
constexpr absl::Duration kCancelTimeout = absl::Seconds(5);

struct Result {
  uint64_t job_id = 0;
  std::string policy;
  uint64_t size = 0;
  // Steps of each rank per second.
  double steps = 0;
  JobRate::Rate rate;
};

struct Resources {
  uint32_t workers = 0;
  uint32_t servers = 0;
};

absl::StatusOr<Resources> ResourcesOf(const BenchOptions& options, const v1::Cluster& cluster) {
  uint32_t slots = 0;
  uint32_t used = 0;
  uint32_t servers = 0;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    if (!node.live() || node.draining()) continue;
    if (node.role() == v1::NODE_ROLE_SERVER) ++servers;
    slots += node.slots();
    used += std::min(node.slots_used(), node.slots());
  }
  Resources resources = {.workers = options.workers, .servers = options.servers};
  if (resources.workers == 0) resources.workers = std::min(slots - used, kMostRanks);
  if (resources.servers == 0) resources.servers = std::min(servers, kMostRanks);
  if (resources.workers == 0) {
    return absl::UnavailableError(
        absl::StrCat("no free slot on a live worker: ", used, " of ", slots, " in use"));
  }
  if (resources.servers == 0) return absl::UnavailableError("no live server");
  return resources;
}

v1::JobSpec SpecOf(const std::string& policy, uint64_t size, const Resources& resources) {
  v1::JobSpec spec;
  spec.set_name(absl::StrCat("bench-", policy));
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LAYERS);
  // At least two layers, so that two servers have something to do.
  const uint64_t values = size / sizeof(float);
  const uint64_t layer = std::min(kLayerValues, (values + 1) / 2);
  for (uint64_t left = values; left > 0; left -= std::min(left, layer)) {
    spec.mutable_model()->add_layer_sizes(std::min(left, layer));
  }
  spec.mutable_train()->set_iterations(kEndless);
  spec.mutable_consistency()->set_policy(
      static_cast<v1::Policy>(FindEnumWord(*v1::Policy_descriptor(), policy)->number()));
  spec.mutable_resources()->set_workers(resources.workers);
  spec.mutable_resources()->set_servers(resources.servers);
  spec.mutable_resources()->set_device(v1::DEVICE_KIND_EMULATED);
  spec.mutable_checkpoint()->set_every_seconds(0);
  return spec;
}

absl::Status StillGoesOn(const v1::Job& job) {
  if (!HasEnded(job.state())) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("job ", job.job_id(), " is ", job.summary().state(), ": ", job.reason()));
}

absl::Status WaitForSteps(uint64_t job_id, absl::Duration limit, SchedulerClient& client) {
  v1::Job last;
  const absl::Status status = client.WatchJob(job_id, limit, [&](const v1::Job& job) {
    last = job;
    return job.iterations_done() < kWarmUp;
  });
  PL_RETURN_IF_ERROR(StillGoesOn(last));
  if (absl::IsDeadlineExceeded(status)) {
    return absl::DeadlineExceededError(
        absl::StrCat("job ", job_id, " has made no steps within ", absl::FormatDuration(limit),
                     last.reason().empty() ? "" : absl::StrCat(": ", last.reason())));
  }
  return status;
}

absl::StatusOr<JobRate> MeasureSteps(uint64_t job_id, absl::Duration time, SchedulerClient& client,
                                     Environment& env) {
  JobRate rate;
  v1::Job last;
  const absl::Status status = client.WatchJob(job_id, time, [&](const v1::Job& job) {
    last = job;
    rate.Add(env.clock.Monotonic(), job.summary());
    return true;
  });
  PL_RETURN_IF_ERROR(StillGoesOn(last));
  // That the time is over is what ends the watch.
  if (!status.ok() && !absl::IsDeadlineExceeded(status)) return status;
  if (rate.changes() < kFewestChanges) {
    return absl::AbortedError(absl::StrCat("job ", job_id, ": too few steps within ",
                                           absl::FormatDuration(time),
                                           " to tell their rate; try more --seconds"));
  }
  return rate;
}

void Cancel(uint64_t job_id, SchedulerClient& client, Environment& env) {
  v1::CancelJobRequest request;
  request.set_job_id(job_id);
  request.set_request_id(absl::StrCat(env.random_id(), "-", job_id));
  request.set_reason("pacectl bench has what it wanted");
  const absl::StatusOr<v1::Job> job =
      client.CancelJob(request, /*interruptible=*/false, kCancelTimeout);
  if (!job.ok()) {
    env.err << "job " << job_id << " goes on (" << job.status().message()
            << "); cancel it with: pacectl cancel " << job_id << std::endl;
  }
}

absl::StatusOr<Result> RunOne(const BenchOptions& options, const std::string& policy, uint64_t size,
                              const Resources& resources, SchedulerClient& client,
                              Environment& env) {
  // An id that was never heard of could not be cancelled: this call is not interrupted.
  const std::string request_id = absl::StrCat(env.random_id(), "-", policy, "-", size);
  PL_ASSIGN_OR_RETURN(const uint64_t job_id,
                      client.SubmitJob(request_id, SpecOf(policy, size, resources),
                                       /*interruptible=*/false));
  env.err << "job " << job_id << ": " << policy << ", " << Bytes(static_cast<double>(size))
          << std::endl;
  const absl::Status started = WaitForSteps(job_id, options.start_limit, client);
  const absl::StatusOr<JobRate> rate =
      started.ok() ? MeasureSteps(job_id, options.time, client, env) : started;
  Cancel(job_id, client, env);
  PL_RETURN_IF_ERROR(rate.status());
  const JobRate::Rate slope = rate->Slope();
  return Result{.job_id = job_id,
                .policy = policy,
                .size = size,
                .steps = slope.iterations / resources.workers,
                .rate = slope};
}

void PrintTable(const std::vector<Result>& results, const Resources& resources, Environment& env) {
  env.out << "ranks: " << resources.workers << " (device emulated), servers: " << resources.servers
          << "; in a step each rank pushes SIZE and pulls it (ssp: unless its copy will do)"
          << std::endl;
  TextTable table({"POLICY", "SIZE", "STEPS/S", "MS/STEP", "PUSHED GB/S", "PULLED GB/S"});
  for (const Result& result : results) {
    table.Add({result.policy, Bytes(static_cast<double>(result.size)),
               absl::StrFormat("%.1f", result.steps), absl::StrFormat("%.2f", 1000 / result.steps),
               absl::StrFormat("%.3f", result.rate.pushed_bytes / 1e9),
               absl::StrFormat("%.3f", result.rate.pulled_bytes / 1e9)});
  }
  env.out << table.ToString() << std::flush;
}

void PrintJson(const std::vector<Result>& results, const Resources& resources, Environment& env) {
  nlohmann::ordered_json json = {{"device", "emulated"},
                                 {"ranks", resources.workers},
                                 {"servers", resources.servers},
                                 {"results", nlohmann::ordered_json::array()}};
  for (const Result& result : results) {
    json["results"].push_back({{"job_id", absl::StrCat(result.job_id)},
                               {"policy", result.policy},
                               {"size_bytes", result.size},
                               {"steps_per_second", result.steps},
                               {"pushed_bytes_per_second", result.rate.pushed_bytes},
                               {"pulled_bytes_per_second", result.rate.pulled_bytes}});
  }
  env.out << json.dump(1) << std::endl;
}

}  // namespace

absl::StatusOr<ExitCode> Bench(const BenchOptions& options, OutputFormat format,
                               SchedulerClient& client, Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Cluster cluster, client.DescribeCluster());
  PL_ASSIGN_OR_RETURN(const Resources resources, ResourcesOf(options, cluster));
  std::vector<Result> results;
  for (const uint64_t size : options.sizes) {
    for (const std::string& policy : options.policies) {
      absl::StatusOr<Result> result = RunOne(options, policy, size, resources, client, env);
      if (env.interrupt.requested()) {
        env.err << "interrupted" << std::endl;
        return ExitCode::kInterrupted;
      }
      PL_RETURN_IF_ERROR(result.status());
      results.push_back(*std::move(result));
    }
  }
  if (format == OutputFormat::kJson) {
    PrintJson(results, resources, env);
  } else {
    PrintTable(results, resources, env);
  }
  return ExitCode::kOk;
}

}  // namespace paceline::cli
