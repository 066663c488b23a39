#include "server/io/order_executor.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "server/core/job_cut.h"
#include "server/io/cut_reader.h"
#include "server/io/weights_reader.h"

namespace paceline::server {
namespace {

// Jobs that wait to be opened, or cuts to be written, on one server.
constexpr size_t kMaxQueued = 1024;

// Whether this server shares the folder of cuts with the scheduler.
absl::Status CheckCutMark(FileSystem& fs, const v1::ServerJobOrder& order) {
  if (order.cut_mark().empty() || fs.Exists(order.cut_mark())) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(DirName(order.cut_mark()),
                   ": the scheduler and all servers must share the folder of cuts "
                   "(checkpoint.dir), but the scheduler's mark ",
                   order.cut_mark(), " is not to be seen from here"));
}

}  // namespace

OrderExecutor::OrderExecutor(Options options)
    : options_(std::move(options)), openings_(kMaxQueued), cuts_(kMaxQueued) {}

OrderExecutor::~OrderExecutor() { Stop(); }

void OrderExecutor::Heed(const v1::HeartbeatResponse& response) {
  for (const v1::ServerJobOrder& order : response.jobs()) {
    for (ServerCommand& command :
         options_.state->Heed(order, response.node_id(), response.incarnation())) {
      if (auto* open = std::get_if<OpenCommand>(&command)) {
        Open(std::move(*open), response.node_id(), response.incarnation());
      } else if (auto* close = std::get_if<CloseCommand>(&command)) {
        Close(std::move(*close));
      } else {
        Cut(std::get<CutCommand>(std::move(command)));
      }
    }
  }
}

void OrderExecutor::Open(OpenCommand command, uint64_t node_id, uint64_t incarnation) {
  const uint64_t job_id = command.order.job_id();
  const uint64_t attempt = command.attempt;
  const auto open = [this, node_id, incarnation, job_id, attempt, command = std::move(command)] {
    ServerJob::Options options;
    options.order = command.order;
    options.node_id = node_id;
    options.node_incarnation = incarnation;
    options.memory = options_.memory;
    options.fold = options_.fold;
    options.max_parked_pulls = options_.max_parked_pulls;
    options.cancelled = [this, job_id, attempt] {
      return !options_.state->Wanted(job_id, attempt);
    };
    options.cut_reached = [this, job_id] { QueueCut(job_id); };
    CutReader cut(options_.cuts, command.order, options.cancelled);
    WeightsReader weights(options_.cuts->options().fs, command.order, node_id, options.cancelled);
    options.load = [&](const v1::TableSpec& table, const v1::ShardSpec& shard) {
      return command.order.restore().weights_file().empty() ? cut.Read(table, shard)
                                                            : weights.Read(table, shard);
    };
    absl::StatusOr<std::shared_ptr<ServerJob>> job = std::shared_ptr<ServerJob>();
    if (const absl::Status shared = CheckCutMark(*options_.cuts->options().fs, command.order);
        shared.ok()) {
      job = ServerJob::Open(options);
    } else {
      job = shared;
    }
    if (job.ok()) {
      LogInfo("job opened", {{"job", job_id},
                             {"timeline", command.order.map().timeline()},
                             {"cut", command.order.restore().cut_id()},
                             {"shards", (*job)->shards().size()}});
    } else {
      LogWarning("job not opened", {{"job", job_id}, {"cause", job.status()}});
    }
    options_.state->Opened(job_id, attempt, std::move(job));
    options_.changed();
  };
  if (!openings_.Add(open)) {
    options_.state->Opened(job_id, attempt,
                           absl::ResourceExhaustedError(absl::StrCat(
                               "at most ", kMaxQueued, " jobs may wait to be opened")));
  }
}

void OrderExecutor::Close(CloseCommand command) {
  LogInfo("job closed", {{"job", command.job->job_id()}});
  command.job->Close();
  std::shared_ptr<CutWork> dropped;
  MutexLock lock(&mu_);
  const auto found = cut_work_.find(command.job->job_id());
  if (found == cut_work_.end()) return;
  dropped = std::move(found->second);
  cut_work_.erase(found);
}

void OrderExecutor::Cut(CutCommand command) {
  const uint64_t job_id = command.job->job_id();
  command.cut.set_dir(options_.cuts->PathOf(command.cut.dir()));
  auto cut = std::make_unique<JobCut>(command.job, command.cut);
  JobCut* const begun = cut.get();
  {
    // Known before it begins, since its first copies may be there at once.
    MutexLock lock(&mu_);
    cut_work_[job_id] = std::make_shared<CutWork>(options_.cuts->options().fs, std::move(cut));
  }
  if (const absl::Status ready = begun->Begin(); !ready.ok()) {
    EndCut(*command.job, FailedCut(command.cut, ready));
    return;
  }
  QueueCut(job_id);
}

void OrderExecutor::QueueCut(uint64_t job_id) {
  MutexLock lock(&mu_);
  const auto found = cut_work_.find(job_id);
  if (found == cut_work_.end() || std::exchange(found->second->queued, true)) return;
  if (cuts_.Add([this, job_id] { WriteCut(job_id); })) return;
  // Full of other jobs' cuts: this one is asked for again when a shard is copied.
  found->second->queued = false;
}

void OrderExecutor::WriteCut(uint64_t job_id) {
  std::shared_ptr<CutWork> work;
  {
    MutexLock lock(&mu_);
    const auto found = cut_work_.find(job_id);
    if (found == cut_work_.end()) return;
    work = found->second;
    work->queued = false;
  }
  const ServerJob& job = work->writer.cut().job();
  const absl::Duration began = options_.clock->Monotonic();
  const bool ended = work->writer.Work([this, &job, &work] {
    MutexLock lock(&mu_);
    const auto found = cut_work_.find(job.job_id());
    return found == cut_work_.end() || found->second != work;
  });
  work->written_for += options_.clock->Monotonic() - began;
  if (!ended) return;
  if (work->writer.report().done()) {
    stats_.cut_seconds.Observe(absl::ToDoubleSeconds(work->written_for));
  }
  EndCut(job, work->writer.report());
}

void OrderExecutor::EndCut(const ServerJob& job, const v1::CutReport& report) {
  if (report.done()) {
    LogInfo("cut written",
            {{"job", job.job_id()}, {"cut", report.cut_id()}, {"files", report.files_size()}});
  } else if (!report.missed()) {
    stats_.cuts_failed.Add();
    LogWarning("cut not written", {{"job", job.job_id()}, {"cause", report.error()}});
  }
  options_.state->CutDone(job, report);
  // Dropped without the lock: it may free the job's tables.
  std::shared_ptr<CutWork> ended;
  {
    MutexLock lock(&mu_);
    const auto found = cut_work_.find(job.job_id());
    if (found != cut_work_.end() &&
        found->second->writer.cut().order().cut_id() == report.cut_id()) {
      ended = std::move(found->second);
      cut_work_.erase(found);
    }
  }
  options_.changed();
}

void OrderExecutor::Stop() {
  for (const std::shared_ptr<ServerJob>& job : options_.state->TakeAll()) job->Close();
  std::map<uint64_t, std::shared_ptr<CutWork>> dropped;
  {
    MutexLock lock(&mu_);
    dropped.swap(cut_work_);
  }
  openings_.Shutdown();
  cuts_.Shutdown();
  // What was opened while we stopped.
  for (const std::shared_ptr<ServerJob>& job : options_.state->TakeAll()) job->Close();
}

}  // namespace paceline::server
