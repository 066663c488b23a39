#include "cli/logs/logs.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "cli/dialer.h"
#include "cli/logs/log_follower.h"
#include "cli/logs/log_printer.h"
#include "cli/logs/log_text.h"
#include "cli/logs/placements.h"
#include "cli/logs/task_log.h"
#include "cli/scheduler_client.h"
#include "cli/watch/watch.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

// All ranks of the job, or those asked for, each once.
absl::StatusOr<std::vector<uint32_t>> RanksOf(const v1::Job& job, const LogsOptions& options) {
  const uint32_t all = job.spec().resources().workers();
  std::vector<uint32_t> ranks = options.ranks;
  if (ranks.empty()) {
    for (uint32_t rank = 0; rank < all; ++rank) ranks.push_back(rank);
  }
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  for (const uint32_t rank : ranks) {
    if (rank < all) continue;
    return absl::NotFoundError(
        absl::StrCat("job ", job.job_id(), " has ranks 0 to ", all - 1, ", none ", rank));
  }
  return ranks;
}

absl::StatusOr<std::string> WorkerOf(const v1::Job& job, uint32_t rank) {
  for (const v1::RankStatus& status : job.ranks()) {
    if (status.rank() == rank && !status.worker_address().empty()) return status.worker_address();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("not placed on a worker", job.reason().empty() ? "" : ": ", job.reason()));
}

// Prints the log as it is.
absl::Status PrintLog(const v1::Job& job, uint32_t rank, const LogsOptions& options,
                      const Dialer& dialer, Interrupt* interrupt, LogPrinter* printer) {
  PL_ASSIGN_OR_RETURN(const std::string worker, WorkerOf(job, rank));
  v1::ReadTaskLogRequest request;
  request.set_job_id(job.job_id());
  request.set_rank(rank);
  const bool tail = options.tail_lines > 0 || options.tail_bytes > 0;
  if (tail) request.set_offset(-static_cast<int64_t>(kMaxTailBytes));
  TailKeeper keeper(options.tail_lines, options.tail_bytes);
  const absl::Status status =
      ReadTaskLog(worker, request, dialer, interrupt, [&](absl::string_view data) {
        if (tail) {
          keeper.Add(data);
        } else {
          printer->Print(rank, data);
        }
      });
  if (tail) printer->Print(rank, keeper.Tail());
  printer->FinishLine(rank);
  if (status.ok() || absl::IsCancelled(status)) return status;
  return absl::Status(status.code(), absl::StrCat("worker ", worker, ": ", status.message()));
}

absl::StatusOr<ExitCode> PrintLogs(const v1::Job& job, const std::vector<uint32_t>& ranks,
                                   const LogsOptions& options, const Dialer& dialer,
                                   LogPrinter* printer, Environment& env) {
  ExitCode code = ExitCode::kOk;
  for (const uint32_t rank : ranks) {
    const absl::Status status = PrintLog(job, rank, options, dialer, &env.interrupt, printer);
    if (env.interrupt.requested()) return ExitCode::kInterrupted;
    if (status.ok()) continue;
    if (ranks.size() == 1) {
      return absl::Status(status.code(), absl::StrCat("job ", job.job_id(), ", rank ", rank, ": ",
                                                      status.message()));
    }
    printer->Say(rank, status.message());
    code = ExitCode::kFailed;
  }
  return code;
}

absl::StatusOr<ExitCode> FollowLogs(const v1::Job& job, const std::vector<uint32_t>& ranks,
                                    const LogsOptions& options, SchedulerClient& client,
                                    const Dialer& dialer, LogPrinter* printer, Environment& env) {
  if (ranks.size() > kMaxFollowedLogs) {
    return absl::ResourceExhaustedError(
        absl::StrCat("at most ", kMaxFollowedLogs, " logs are followed at a time, job ",
                     job.job_id(), " has ", ranks.size(), " ranks: name some with --rank"));
  }
  Placements placements(&env.clock);
  placements.Update(job);
  Interrupt stop;
  std::atomic<bool> complete = true;
  std::vector<std::thread> threads;
  threads.reserve(ranks.size());
  for (const uint32_t rank : ranks) {
    threads.emplace_back([&, rank] {
      const FollowOptions follow = {.job_id = job.job_id(),
                                    .rank = rank,
                                    .tail_lines = options.tail_lines,
                                    .tail_bytes = options.tail_bytes};
      if (!FollowLog(follow, dialer, &placements, printer, &stop)) complete = false;
    });
  }
  WatchOptions watch;
  watch.on_job = [&](const v1::Job& now) { placements.Update(now); };
  const absl::StatusOr<v1::Job> ended = WatchToEnd(client, job.job_id(), env, watch);
  const auto stop_all = [&] {
    placements.Stop();
    stop.Request();
  };
  {
    // Who waits for a worker that is away after the end may be interrupted, too.
    if (!ended.ok()) stop_all();
    const Interrupt::Scope scope(&env.interrupt, stop_all);
    for (std::thread& thread : threads) thread.join();
  }
  if (env.interrupt.requested()) return ExitCode::kInterrupted;
  PL_RETURN_IF_ERROR(ended.status());
  return complete ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

absl::StatusOr<ExitCode> Logs(const LogsOptions& options, SchedulerClient& client,
                              const Dialer& dialer, Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(options.job_id));
  PL_ASSIGN_OR_RETURN(const std::vector<uint32_t> ranks, RanksOf(job, options));
  LogPrinter printer(env.out, env.err,
                     {.ranks = job.spec().resources().workers(),
                      .prefixes = options.ranks.size() != 1,
                      .color = env.color && env.out_is_terminal});
  if (options.follow) {
    return FollowLogs(job, ranks, options, client, dialer, &printer, env);
  }
  return PrintLogs(job, ranks, options, dialer, &printer, env);
}

}  // namespace paceline::cli
