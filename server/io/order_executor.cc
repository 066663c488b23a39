#include "server/io/order_executor.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "server/io/cut_writer.h"

namespace paceline::server {
namespace {

// Jobs that wait to be opened, or cuts to be written, on one server.
constexpr size_t kMaxQueued = 1024;

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
    absl::StatusOr<std::shared_ptr<ServerJob>> job = ServerJob::Open(options);
    if (job.ok()) {
      LogInfo("job opened", {{"job", job_id},
                             {"timeline", command.order.map().timeline()},
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
}

void OrderExecutor::Cut(CutCommand command) {
  // The queue must not keep the tables of a closed job.
  const std::weak_ptr<ServerJob> held = command.job;
  const auto write = [this, held, cut = command.cut] {
    const std::shared_ptr<ServerJob> job = held.lock();
    if (job == nullptr) return;
    const v1::CutReport report = WriteCut(*options_.fs, *job, cut, [this, &job] {
      return options_.state->Find(job->job_id()) != job;
    });
    if (report.done()) {
      LogInfo("cut written",
              {{"job", job->job_id()}, {"cut", cut.cut_id()}, {"files", report.files_size()}});
    } else {
      LogWarning("cut not written", {{"job", job->job_id()}, {"cause", report.error()}});
    }
    options_.state->CutDone(*job, report);
    options_.changed();
  };
  if (!cuts_.Add(write)) {
    v1::CutReport report;
    report.set_cut_id(command.cut.cut_id());
    report.set_error(absl::StrCat("at most ", kMaxQueued, " cuts may wait to be written"));
    options_.state->CutDone(*command.job, report);
  }
}

void OrderExecutor::Stop() {
  for (const std::shared_ptr<ServerJob>& job : options_.state->TakeAll()) job->Close();
  openings_.Shutdown();
  cuts_.Shutdown();
  // What was opened while we stopped.
  for (const std::shared_ptr<ServerJob>& job : options_.state->TakeAll()) job->Close();
}

}  // namespace paceline::server
