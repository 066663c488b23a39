#include "cli/commands.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/bytes_text.h"
#include "cli/describe_view.h"
#include "cli/job_file.h"
#include "cli/job_views.h"
#include "cli/progress.h"
#include "cli/scheduler_client.h"
#include "cli/watch/curve_writer.h"
#include "cli/watch/watch.h"
#include "common/json/proto_json.h"
#include "common/spec/cut_name.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

bool Color(const Environment& env) { return env.color && env.out_is_terminal; }

void PrintSummary(const v1::Job& job, OutputFormat format, Environment& env) {
  if (IsData(format)) {
    PrintData(SummaryToJson(job.summary(), JsonLayout::kIndented), format, env.out);
  } else {
    env.out << SummaryText(job.summary(), Color(env)) << std::flush;
  }
}

// Prints the end of a job that was waited for.
ExitCode Ended(const v1::Job& job, Environment& env) {
  if (job.state() != v1::JOB_STATE_SUCCEEDED) {
    env.err << FailureText(job) << std::flush;
  }
  return ExitCodeOf(job.state());
}

// A path that a user typed.
std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

// The spec of the job that took the cut.
absl::StatusOr<v1::JobSpec> SpecOfCut(const std::string& from, SchedulerClient& client) {
  absl::StatusOr<CutName> name = ParseCutName(from);
  if (!name.ok() || name->job_id == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("submit: a job file, or --from JOB or JOB@CUT expected, got --from "
                     ", from, "
                     ""));
  }
  PL_ASSIGN_OR_RETURN(v1::Job job, client.GetJob(name->job_id));
  return std::move(*job.mutable_spec());
}

absl::StatusOr<v1::JobSpec> SpecToSubmit(const SubmitOptions& options, SchedulerClient& client,
                                         Environment& env) {
  v1::JobSpec spec;
  if (options.job_file.empty()) {
    PL_ASSIGN_OR_RETURN(spec, SpecOfCut(options.from, client));
    spec.clear_start();
  } else {
    PL_ASSIGN_OR_RETURN(spec, LoadJobFile(env.fs, options.job_file));
  }
  if (!options.from.empty()) {
    const bool folder = options.from.find('/') != std::string::npos;
    spec.mutable_start()->set_cut(folder ? Absolute(options.from) : options.from);
  }
  if (options.weights_only) spec.mutable_start()->set_weights_only(true);
  if (!options.weights.empty()) spec.mutable_start()->set_weights(Absolute(options.weights));
  return spec;
}

}  // namespace

absl::StatusOr<ExitCode> Submit(const SubmitOptions& options, OutputFormat format,
                                SchedulerClient& client, Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::JobSpec spec, SpecToSubmit(options, client, env));
  PL_ASSIGN_OR_RETURN(CurveWriter curves, CurveWriter::Create(options.tensorboard, env));
  const std::string request_id = options.request_id.empty() ? env.random_id() : options.request_id;
  PL_ASSIGN_OR_RETURN(const uint64_t job_id, client.SubmitJob(request_id, spec));
  if (!options.wait) {
    if (format == OutputFormat::kJson) {
      v1::SubmitJobResponse response;
      response.set_job_id(job_id);
      env.out << ProtoToJson(response, JsonLayout::kIndented) << std::endl;
    } else {
      env.out << job_id << std::endl;
      env.err << "follow it with: pacectl watch " << job_id << std::endl;
    }
    return ExitCode::kOk;
  }
  env.err << "job " << job_id << " submitted" << std::endl;
  WatchOptions watch;
  watch.timeout = options.timeout;
  absl::StatusOr<v1::Job> job;
  {
    ProgressPrinter progress(env.err, env.err_is_terminal, env.terminal_size().columns, env.utf8,
                             env.clock);
    watch.on_job = [&](const v1::Job& now) {
      progress.Show(now);
      curves.Show(now);
    };
    job = WatchToEnd(client, job_id, env, watch);
  }
  if (absl::IsCancelled(job.status())) {
    env.err << "job " << job_id << " goes on; cancel it with: pacectl cancel " << job_id
            << std::endl;
    return ExitCode::kInterrupted;
  }
  PL_RETURN_IF_ERROR(job.status());
  PrintSummary(*job, format, env);
  return Ended(*job, env);
}

absl::StatusOr<ExitCode> List(OutputFormat format, SchedulerClient& client, Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::ListJobsResponse jobs, client.ListJobs(v1::ListJobsRequest()));
  if (IsData(format)) {
    PrintData(ProtoToJson(jobs, JsonLayout::kIndented), format, env.out);
  } else if (format == OutputFormat::kName) {
    for (const v1::Job& job : jobs.jobs()) env.out << job.job_id() << "\n";
    env.out << std::flush;
  } else {
    env.out << JobTable(jobs, absl::ToUnixMillis(env.clock.Now()), format == OutputFormat::kWide,
                        Color(env))
            << std::flush;
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Status(uint64_t job_id, OutputFormat format, SchedulerClient& client,
                                Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(job_id));
  PrintSummary(job, format, env);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Describe(uint64_t job_id, OutputFormat format, SchedulerClient& client,
                                  Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(job_id));
  if (IsData(format)) {
    PrintData(ProtoToJson(job, JsonLayout::kIndented), format, env.out);
  } else {
    env.out << JobText(
                   job,
                   {.color = Color(env), .utf8 = env.utf8, .wide = format == OutputFormat::kWide})
            << std::flush;
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Cancel(uint64_t job_id, const std::string& reason, OutputFormat format,
                                SchedulerClient& client, Environment& env) {
  v1::CancelJobRequest request;
  request.set_job_id(job_id);
  request.set_request_id(env.random_id());
  request.set_reason(reason);
  PL_ASSIGN_OR_RETURN(const v1::Job job, client.CancelJob(request));
  PrintSummary(job, format, env);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Checkpoint(uint64_t job_id, absl::Duration timeout, OutputFormat format,
                                    SchedulerClient& client, Environment& env) {
  v1::CheckpointJobRequest request;
  request.set_job_id(job_id);
  request.set_request_id(env.random_id());
  PL_ASSIGN_OR_RETURN(const v1::CheckpointJobResponse asked, client.CheckpointJob(request));
  v1::Job job;
  PL_RETURN_IF_ERROR(client.WatchJob(job_id, timeout, [&](const v1::Job& now) {
    job = now;
    return now.last_cut() < asked.cut_id() && now.failed_cut() < asked.cut_id();
  }));
  for (const v1::CutStatus& cut : job.cuts()) {
    if (cut.cut_id() < asked.cut_id()) continue;
    if (format == OutputFormat::kJson) {
      env.out << ProtoToJson(cut, JsonLayout::kIndented) << std::endl;
    } else {
      env.out << "cut " << cut.cut_id() << " at iteration " << cut.iteration() << ", "
              << Bytes(static_cast<double>(cut.bytes())) << ", in " << job.checkpoint_dir()
              << std::endl;
    }
    return ExitCode::kOk;
  }
  env.err << "no cut was taken: "
          << (job.cut_alarm().empty() ? absl::StrCat("the job is ", job.summary().state())
                                      : job.cut_alarm())
          << std::endl;
  return ExitCode::kFailed;
}

absl::StatusOr<ExitCode> DescribeCluster(OutputFormat format, SchedulerClient& client,
                                         Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Cluster cluster, client.DescribeCluster());
  if (IsData(format)) {
    PrintData(ProtoToJson(cluster, JsonLayout::kIndented), format, env.out);
  } else if (format == OutputFormat::kName) {
    for (const v1::NodeStatus& node : cluster.nodes()) env.out << node.address() << "\n";
    env.out << std::flush;
  } else {
    env.out << ClusterText(cluster, format == OutputFormat::kWide) << std::flush;
  }
  return ExitCode::kOk;
}

}  // namespace paceline::cli
