#include "worker/io/task/task.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "common/hash.h"
#include "common/log.h"
#include "common/scheduler_memory/scheduler_memory.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "worker/core/trace/trace_path.h"
#include "worker/io/net/event_loop.h"
#include "worker/io/net/poll_loop.h"
#include "worker/io/task/rank_driver.h"
#include "worker/io/task/task_job.h"
#include "worker/io/trace/trace_file.h"

namespace paceline::worker {
namespace {

using SyncLoop = PollLoop<v1::SyncTaskRequest, v1::SyncTaskResponse>;

constexpr absl::Duration kProgressLogEvery = absl::Seconds(10);

RankDriverOptions DriverOptions(const TaskOptions& options, uint64_t seed) {
  RankDriverOptions driver;
  driver.job_id = options.job_id;
  driver.rank = options.rank;
  driver.incarnation = options.incarnation;
  driver.data_client = options.data_client;
  driver.in_flight.seed = seed;
  return driver;
}

// The calling thread gets what others leave of the processor, more or less.
void YieldToOthers() {
  constexpr int kNice = 10;
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) == 0) return;
  LogWarning("evaluations have the priority of training", {{"errno", errno}});
}

class TaskImpl final : public Task {
 public:
  explicit TaskImpl(TaskOptions options)
      : options_(std::move(options)),
        loop_(options_.clock, "task"),
        compute_(options_.clock, "compute"),
        evaluation_(options_.clock, "evaluation"),
        driver_(DriverOptions(options_, Seed()), &loop_, &compute_, &evaluation_, DriverEvents()),
        sync_(SyncOptions()) {
    evaluation_.Post([] { YieldToOthers(); });
    sync_.Start();
    loop_.PostAfter(kProgressLogEvery, [this] { LogProgress(); });
  }

  ~TaskImpl() override {
    End({TaskEnd::kDone, ""});
    sync_.Stop();
    driver_.StopReading();
    loop_.Stop();
    compute_.Stop();
    evaluation_.Stop();
  }

  TaskEnd Wait() override {
    TraceFile* trace = nullptr;
    TaskEnd end;
    {
      MutexLock lock(&mu_);
      while (!end_.has_value()) changed_.Wait(&mu_);
      end = *end_;
      trace = trace_.get();
    }
    // The process may go at once.
    if (trace != nullptr) trace->Close();
    return end;
  }

  bool ended() const override {
    MutexLock lock(&mu_);
    return end_.has_value();
  }

  void Stop() override { End({TaskEnd::kDone, ""}); }

 private:
  uint64_t Seed() const {
    return MixBits(MixBits(options_.job_id, options_.rank), options_.incarnation);
  }

  void End(TaskEnd end) {
    MutexLock lock(&mu_);
    if (!end_.has_value()) end_ = std::move(end);
    changed_.NotifyAll();
  }

  RankDriver::Events DriverEvents() {
    RankDriver::Events events;
    events.prepare = [this] { Prepare(); };
    events.sync = [this] { sync_.Wake(); };
    events.exit = [this](const std::string& cause, bool fenced) { Exit(cause, fenced); };
    return events;
  }

  SyncLoop::Options SyncOptions() {
    SyncLoop::Options sync;
    sync.clock = options_.clock;
    sync.name = "sync";
    sync.seed = Seed();
    sync.silent_after = options_.park_after;
    sync.fill = [this] { return FillRequest(); };
    sync.call = [this](const v1::SyncTaskRequest& request, absl::Duration timeout,
                       SyncLoop::Done done) {
      return options_.scheduler->SyncTask(request, timeout, std::move(done));
    };
    sync.heartbeat = [](const v1::SyncTaskResponse& reply) {
      return absl::Milliseconds(reply.heartbeat_ms());
    };
    sync.on_reply = [this](const v1::SyncTaskResponse& reply) { OnReply(reply); };
    sync.on_failure = [this](const absl::Status& status, uint64_t failures) {
      // The first, and then ever more rarely.
      if ((failures & (failures - 1)) != 0) return;
      LogWarning("the scheduler does not answer", {{"job", options_.job_id},
                                                   {"rank", options_.rank},
                                                   {"failures", failures},
                                                   {"cause", status}});
    };
    sync.on_silence = [this](bool silent) {
      loop_.Post([this, silent] { driver_.Handle(SchedulerSilent{silent}); });
    };
    return sync;
  }

  // ---- the sync loop's thread ----

  v1::SyncTaskRequest FillRequest() {
    v1::SyncTaskRequest request;
    driver_.FillReport(&request);
    request.set_job_id(options_.job_id);
    request.set_rank(options_.rank);
    request.set_incarnation(options_.incarnation);
    request.set_sequence(++sequence_);
    *request.mutable_scheduler() = memory_.last();
    reported_timeline_ = request.timeline();
    MutexLock lock(&mu_);
    request.set_has_spec(spec_.has_value());
    request.set_error(error_);
    if (facts_.has_value()) *request.mutable_facts() = *facts_;
    return request;
  }

  void OnReply(const v1::SyncTaskResponse& reply) {
    const absl::Status trusted = memory_.Check(reply.scheduler());
    if (!trusted.ok()) {
      // Training goes on: the one that is heeded will speak again.
      LogError("orders not heeded", {{"cause", trusted}});
      return;
    }
    {
      MutexLock lock(&mu_);
      if (reply.has_spec() && !spec_.has_value()) {
        spec_ = reply.spec();
        ranks_ = reply.ranks();
        job_index_dir_ = reply.index_dir();
      }
      if (!error_.empty()) {
        if (reply.desired() == v1::SyncTaskResponse::EXIT) end_ = {TaskEnd::kFailed, error_};
        changed_.NotifyAll();
        return;
      }
      if (!spec_.has_value() && reply.desired() != v1::SyncTaskResponse::EXIT) return;
    }
    loop_.Post([this, reply, timeline = reported_timeline_] { Obey(reply, timeline); });
  }

  // ---- the event loop ----

  void Obey(const v1::SyncTaskResponse& reply, uint64_t timeline) {
    if (reply.fenced()) return Exit(reply.reason(), true);
    if (reply.desired() == v1::SyncTaskResponse::EXIT) {
      LogInfo("told to exit",
              {{"job", options_.job_id}, {"rank", options_.rank}, {"reason", reply.reason()}});
    }
    if (!reply.grants().empty() || reply.grants_complete()) {
      const std::vector<v1::Grant> grants(reply.grants().begin(), reply.grants().end());
      driver_.AddGrants(grants, reply.grants_complete());
    }
    driver_.Hear({reply.evals_seen(), reply.last_iteration(), reply.last_iteration_known()},
                 timeline);
    if (reply.has_map()) driver_.SetMap(reply.map());
    driver_.Handle(DesiredChanged{reply.desired()});
  }

  void Prepare() {
    v1::JobSpec spec;
    std::string dir;
    {
      MutexLock lock(&mu_);
      spec = *spec_;
      dir = job_index_dir_;
    }
    DeviceOptions device{.gpu = options_.device.gpu.value_or(0), .clock = options_.clock};
    v1::ResourceSpec* resources = spec.mutable_resources();
    if (resources->device() == v1::DEVICE_KIND_AUTO ||
        resources->device() == v1::DEVICE_KIND_UNSPECIFIED) {
      resources->set_device(options_.device.kind);
      device.reason = options_.device_reason;
    }
    absl::StatusOr<Tracer*> tracer = StartTrace(spec);
    if (!tracer.ok()) {
      driver_.Handle(TaskFailed{std::string(tracer.status().message())});
      return;
    }
    device.tracer = *tracer;
    device.kind = resources->device();
    if (device.kind == v1::DEVICE_KIND_CUDA && !options_.device.gpu.has_value()) {
      loop_.Post([this] {
        driver_.Handle(TaskFailed{"resources.device cuda: the task was given no GPU"});
      });
      return;
    }
    compute_.Post([this, spec = std::move(spec), dir = std::move(dir), device]() mutable {
      if (dir.empty() || !options_.fs->CreateDirs(dir).ok()) dir = options_.index_dir;
      auto job = std::make_shared<absl::StatusOr<std::unique_ptr<TaskJob>>>(PrepareTaskJob(
          spec, options_.fs, dir, device, options_.create_device, options_.model_dir));
      if (job->ok() && options_.rank == 0 && (**job)->eval != nullptr) {
        const absl::Status added =
            AddEvaluation(device, options_.create_device, options_.model_dir, (*job)->get());
        if (!added.ok()) *job = added;
      }
      loop_.Post([this, job] { Prepared(std::move(*job)); });
    });
  }

  // Null: no trace is wanted.
  absl::StatusOr<Tracer*> StartTrace(const v1::JobSpec& spec) {
    if (options_.trace.empty()) return nullptr;
    TraceFile::Options trace;
    trace.path = TracePath(options_.trace, options_.job_id, options_.rank, options_.incarnation);
    trace.rank = {.job_id = options_.job_id, .job_name = spec.name(), .rank = options_.rank};
    trace.fs = options_.fs;
    trace.clock = options_.clock;
    PL_ASSIGN_OR_RETURN(std::unique_ptr<TraceFile> started, TraceFile::Start(std::move(trace)));
    MutexLock lock(&mu_);
    trace_ = std::move(started);
    return trace_.get();
  }

  void Prepared(absl::StatusOr<std::unique_ptr<TaskJob>> job) {
    if (!job.ok()) {
      driver_.Handle(TaskFailed{std::string(job.status().message())});
      return;
    }
    for (const std::string& note : (*job)->notes) LogInfo("device", {{"note", note}});
    const v1::TaskFacts& facts = (*job)->facts;
    LogInfo("prepared", {{"job", options_.job_id},
                         {"rank", options_.rank},
                         {"records", facts.records()},
                         {"features", facts.features()},
                         {"classes", facts.classes()},
                         {"tables", facts.tables_size()},
                         {"numeric_class", facts.numeric_class()}});
    uint32_t ranks = 0;
    {
      MutexLock lock(&mu_);
      facts_ = facts;
      ranks = ranks_;
    }
    if (options_.wrap_runner != nullptr) {
      (*job)->runner = options_.wrap_runner(std::move((*job)->runner));
    }
    driver_.SetJob(*std::move(job), ranks);
  }

  void Exit(const std::string& cause, bool fenced) {
    if (cause.empty()) return End({TaskEnd::kDone, ""});
    LogError("task ends", {{"job", options_.job_id}, {"rank", options_.rank}, {"cause", cause}});
    if (fenced) return End({TaskEnd::kFenced, cause});
    {
      MutexLock lock(&mu_);
      error_ = cause;
    }
    sync_.Wake();
    loop_.PostAfter(options_.farewell, [this, cause] { End({TaskEnd::kFailed, cause}); });
  }

  void LogProgress() {
    v1::SyncTaskRequest report;
    driver_.FillReport(&report);
    const v1::TaskProgress& progress = report.progress();
    LogInfo("progress", {{"job", options_.job_id},
                         {"rank", options_.rank},
                         {"iteration", progress.iteration()},
                         {"loss", progress.recent_loss()},
                         {"samples_per_second", progress.samples_per_second()},
                         {"waits", progress.wait_reason()}});
    loop_.PostAfter(kProgressLogEvery, [this] { LogProgress(); });
  }

  const TaskOptions options_;
  // Of the sync loop's thread.
  SchedulerMemory memory_;
  uint64_t sequence_ = 0;
  // Of the report that is answered next.
  uint64_t reported_timeline_ = 0;

  mutable Mutex mu_;
  CondVar changed_;
  std::optional<v1::JobSpec> spec_ ABSL_GUARDED_BY(mu_);
  uint32_t ranks_ ABSL_GUARDED_BY(mu_) = 0;
  std::string job_index_dir_ ABSL_GUARDED_BY(mu_);
  std::optional<v1::TaskFacts> facts_ ABSL_GUARDED_BY(mu_);
  std::string error_ ABSL_GUARDED_BY(mu_);
  std::optional<TaskEnd> end_ ABSL_GUARDED_BY(mu_);
  // Once prepared; stays then. The driver's job adds to it.
  std::unique_ptr<TraceFile> trace_ ABSL_GUARDED_BY(mu_);

  // Deleted in reverse: the driver after the sync loop, the loops' threads joined
  // before both.
  EventLoop loop_;
  EventLoop compute_;
  EventLoop evaluation_;
  RankDriver driver_;
  SyncLoop sync_;
};

}  // namespace

std::unique_ptr<Task> Task::Start(TaskOptions options) {
  return std::make_unique<TaskImpl>(std::move(options));
}

}  // namespace paceline::worker
