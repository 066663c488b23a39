#include "cli/local/local_run.h"

#include <grpcpp/security/credentials.h>

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/job_file.h"
#include "cli/job_views.h"
#include "cli/local/chaos.h"
#include "cli/local/chaos_events.h"
#include "cli/local/daemon_binaries.h"
#include "cli/local/in_process_cluster.h"
#include "cli/local/merge_traces.h"
#include "cli/local/process_cluster.h"
#include "cli/progress.h"
#include "cli/scheduler_client.h"
#include "cli/temp_folder.h"
#include "cli/watch/curve_writer.h"
#include "cli/watch/watch.h"
#include "common/fs.h"
#include "common/json/proto_json.h"
#include "common/rpc/channel.h"
#include "common/spec/validate.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// How often the daemons are looked after, and how long a cancelled job may take.
constexpr absl::Duration kCheckPeriod = absl::Seconds(1);
constexpr absl::Duration kCancelTimeout = absl::Seconds(2);

// Heartbeats that a stopped worker stands still: twice those after which it is lost.
constexpr int kStopHeartbeats = 8;

// More daemons than any one machine should have to bear.
constexpr uint32_t kMaxDaemons = 64;

void CheckCount(const char* path, uint32_t count, std::vector<Problem>* problems) {
  if (count > kMaxDaemons) {
    problems->push_back(Expected(path, absl::StrCat("at most ", kMaxDaemons, " on one machine"),
                                 absl::StrCat(count)));
  }
}

// The job to run, with the sizes of the command line.
absl::StatusOr<v1::JobSpec> SpecToRun(const LocalRunOptions& options, FileSystem& fs) {
  PL_ASSIGN_OR_RETURN(v1::JobSpec spec, LoadJobFile(fs, options.job_file));
  if (options.servers > 0) {
    spec.mutable_resources()->set_servers(options.servers);
  }
  if (options.workers > 0) {
    spec.mutable_resources()->set_workers(options.workers);
  }
  std::vector<Problem> problems = Validate(spec);
  if (problems.empty()) {
    CheckCount("resources.workers", spec.resources().workers(), &problems);
    CheckCount("resources.servers", spec.resources().servers(), &problems);
  }
  for (Problem& missing : MissingFiles(fs, spec)) {
    problems.push_back(std::move(missing));
  }
  PL_RETURN_IF_ERROR(ProblemsOf(options.job_file, problems));
  return spec;
}

// The faults to inject; none where none are asked for.
absl::StatusOr<std::vector<ChaosEvent>> EventsOf(const LocalRunOptions& options) {
  if (options.chaos.empty()) {
    return std::vector<ChaosEvent>();
  }
  if (options.in_process) {
    return absl::InvalidArgumentError(
        "--chaos kills processes: it cannot be used with --in-process");
  }
  absl::StatusOr<std::vector<ChaosEvent>> events = ParseChaosEvents(options.chaos);
  if (!events.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--chaos: ", events.status().message()));
  }
  return events;
}

// Beside which the tasks of a cluster write theirs.
std::string TraceIn(const std::string& folder) { return JoinPath(folder, "trace.json"); }

// What cannot be written is said before the job runs.
absl::Status CheckTrace(const LocalRunOptions& options, FileSystem& fs) {
  if (options.trace.empty()) {
    return absl::OkStatus();
  }
  const auto file = fs.OpenForWrite(options.trace);
  if (!file.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--trace: a file that can be written expected, got: ", file.status().message()));
  }
  return absl::OkStatus();
}

absl::Status KillTask(int64_t pid) {
  // A task that has just ended is as dead as it should be.
  if (kill(static_cast<pid_t>(pid), SIGKILL) != 0 && errno != ESRCH) {
    return absl::ErrnoToStatus(errno, absl::StrCat("kill task ", pid));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> RunJob(const v1::JobSpec& spec, std::vector<ChaosEvent> events,
                               absl::Duration timeout, CurveWriter& curves, LocalCluster& cluster,
                               Environment& env) {
  SchedulerClient client(
      cluster.scheduler_address(),
      MakeChannel(cluster.scheduler_address(), grpc::InsecureChannelCredentials()), &env.interrupt);
  PL_ASSIGN_OR_RETURN(const uint64_t job_id, client.SubmitJob(env.random_id(), spec));
  ProgressPrinter progress(env.err, env.err_is_terminal, env.terminal_size().columns, env.utf8,
                           env.clock);
  Chaos::Options faults;
  faults.events = std::move(events);
  faults.servers = static_cast<int>(spec.resources().servers());
  faults.workers = static_cast<int>(spec.resources().workers());
  faults.pause = kStopHeartbeats * ProcessCluster::kHeartbeat;
  faults.kill_task = KillTask;
  faults.report = [&](const std::string& line) { progress.Say(line); };
  Chaos chaos(std::move(faults), cluster, env.clock);
  WatchOptions watch;
  watch.timeout = timeout;
  watch.stream_timeout = kCheckPeriod;
  watch.on_job = [&](const v1::Job& job) {
    progress.Show(job);
    curves.Show(job);
    chaos.See(job);
  };
  watch.on_pause = [&] {
    PL_RETURN_IF_ERROR(chaos.Tend());
    return cluster.Check();
  };
  absl::StatusOr<v1::Job> job = WatchToEnd(client, job_id, env, watch);
  chaos.Finish();
  if (!job.ok()) {
    // Best effort: the cluster goes away with the job anyway.
    v1::CancelJobRequest request;
    request.set_job_id(job_id);
    request.set_request_id(env.random_id());
    request.set_reason(std::string(job.status().message()));
    client.CancelJob(request, /*interruptible=*/false, kCancelTimeout).IgnoreError();
  }
  return job;
}

}  // namespace

absl::StatusOr<ExitCode> LocalRun(const LocalRunOptions& options, OutputFormat format,
                                  const StartCluster& start, Environment& env) {
  PL_ASSIGN_OR_RETURN(std::vector<ChaosEvent> events, EventsOf(options));
  PL_ASSIGN_OR_RETURN(const v1::JobSpec spec, SpecToRun(options, env.fs));
  PL_RETURN_IF_ERROR(CheckTrace(options, env.fs));
  PL_ASSIGN_OR_RETURN(CurveWriter curves, CurveWriter::Create(options.tensorboard, env));
  PL_ASSIGN_OR_RETURN(const TempFolder folder, options.keep.empty()
                                                   ? TempFolder::Create(env.temp_dir)
                                                   : TempFolder::Keep(options.keep));
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<LocalCluster> cluster,
                      start(spec.resources(), folder.path()));
  const absl::StatusOr<v1::Job> job =
      RunJob(spec, std::move(events), options.timeout, curves, *cluster, env);
  if (const absl::Status stopped = cluster->Stop(); job.ok() && !stopped.ok()) {
    env.err << "warning: " << stopped.message() << std::endl;
  }
  if (!options.trace.empty()) {
    const absl::Status merged = MergeTraces(env.fs, TraceIn(folder.path()), options.trace);
    if (!merged.ok()) {
      env.err << "warning: --trace: " << merged.message() << std::endl;
    }
  }
  if (folder.kept()) {
    env.err << "kept: " << folder.path() << std::endl;
  }
  PL_RETURN_IF_ERROR(job.status());
  const bool succeeded = job->state() == v1::JOB_STATE_SUCCEEDED;
  if (!succeeded) {
    env.err << FailureText(*job) << std::flush;
  }
  if (format == OutputFormat::kJson) {
    env.out << SummaryToJson(job->summary(), JsonLayout::kIndented) << std::endl;
  } else if (succeeded) {
    env.out << SummaryText(job->summary(), env.color && env.out_is_terminal) << std::flush;
  }
  return ExitCodeOf(job->state());
}

absl::StatusOr<ExitCode> LocalRun(const LocalRunOptions& options, OutputFormat format,
                                  Environment& env) {
  const StartCluster in_process =
      [&](const v1::ResourceSpec& resources,
          const std::string& folder) -> absl::StatusOr<std::unique_ptr<LocalCluster>> {
    InProcessCluster::Options cluster;
    cluster.folder = folder;
    cluster.servers = static_cast<int>(resources.servers());
    cluster.workers = static_cast<int>(resources.workers());
    if (!options.trace.empty()) cluster.trace = TraceIn(folder);
    cluster.model_dir = options.model_dir;
    cluster.fs = &env.fs;
    cluster.clock = &env.clock;
    return InProcessCluster::Start(cluster);
  };
  const StartCluster processes =
      [&](const v1::ResourceSpec& resources,
          const std::string& folder) -> absl::StatusOr<std::unique_ptr<LocalCluster>> {
    ProcessCluster::Options cluster;
    PL_ASSIGN_OR_RETURN(cluster.binaries, FindDaemonBinaries(env.fs, env.self, options.bin_dir));
    cluster.folder = folder;
    cluster.servers = static_cast<int>(resources.servers());
    cluster.workers = static_cast<int>(resources.workers());
    if (!options.trace.empty()) cluster.trace = TraceIn(folder);
    cluster.model_dir = options.model_dir;
    return ProcessCluster::Start(cluster, env.fs, env.clock, env.interrupt);
  };
  return LocalRun(options, format, options.in_process ? in_process : processes, env);
}

}  // namespace paceline::cli
