// Rows: pulled, named, and on their way to the device.
#include <algorithm>
#include <utility>

#include "worker/core/task/pull_ahead.h"
#include "worker/core/task/pull_plan.h"
#include "worker/io/net/send_together.h"
#include "worker/io/task/pull_calls.h"
#include "worker/io/task/rank_driver.h"
#include "worker/io/task/rank_driver_step.h"

namespace paceline::worker {

void RankDriver::PullRows(uint64_t attempt) {
  Step& step = *step_;
  step.pull.began = loop_->Now();
  AddSpan(TraceTrack::kWait, "wait for batch", step.iteration, step.began, step.pull.began);
  when_drained_ = [this, attempt] {
    // Of what was not pulled ahead.
    const absl::Duration drained = loop_->Now();
    ahead_.Await([this, attempt, drained] {
      parked_.clear();
      RowsCame(drained);
      Handle(Pulled{attempt});
    });
  };
  // Without records there is nothing to compute on.
  if (step.empty) return calls_.Close();
  step.keys.resize(layout_->tables());
  ShapeParameters(*layout_, std::move(step.keys), parameters_.get());
  const std::vector<TableNeeds> needs = cache_ != nullptr
                                            ? cache_->Fill(step.iteration, parameters_.get())
                                            : ahead_.Take(parameters_);
  NameRows(needs);
  PullHeader header = Header(step.iteration);
  header.states = delta_states_.get();
  absl::StatusOr<std::vector<PullFrame>> frames = PlanPull(*layout_, header, *parameters_, needs);
  if (!frames.ok()) return Fail(frames.status());
  {
    const SendTogether together;
    for (PullFrame& frame : *frames) {
      step.pull.bytes += frame.payload_bytes + frame.reply_bytes;
      AddPull(&calls_, client_, layout_, std::move(frame),
              {.parameters = [this] { return parameters_.get(); },
               .states = delta_states_.get(),
               .scattered =
                   [this](const PullFrame& asked, const PullReply& reply) {
                     if (cache_ != nullptr) cache_->Store(asked, reply.header, *parameters_);
                   }});
    }
  }
  calls_.Close();
}

void RankDriver::RowsCame(absl::Duration drained) {
  Step& step = *step_;
  const absl::Duration now = loop_->Now();
  step.pull.time = now - step.pull.began;
  AddSpan(TraceTrack::kWait, "wait for rows", step.iteration, step.pull.began, now);
  const PullsAhead::Transfer ahead = ahead_.TakeTransfer();
  const uint64_t bytes = ahead.bytes + step.pull.bytes;
  if (bytes == 0) return;
  AddSpan(TraceTrack::kPull, "pull", step.iteration,
          ahead.bytes > 0 ? ahead.first_asked : step.pull.began,
          step.pull.bytes > 0 ? std::max(drained, ahead.last_came) : ahead.last_came, bytes);
}

// Dense rows that are written from here on are not those that had a name. Copies that are
// kept for several iterations (SSP) get a new one, which they keep with their values.
void RankDriver::NameRows(absl::Span<const TableNeeds> needs) {
  for (uint32_t table = 0; table < layout_->tables(); ++table) {
    const bool written = needs.empty() || needs[table].all || !needs[table].missing.empty();
    if (layout_->sparse(table) || !written) continue;
    (*parameters_)[table].version = cache_ != nullptr ? ++last_version_ : 0;
  }
}

PullsAhead::Uploads RankDriver::AheadUploads() {
  return {
      .came = [this](uint32_t table, TableRows* rows) { Upload(table, rows); },
      .left = [this](std::shared_ptr<Parameters> rows) { LeaveToCompute(std::move(rows)); },
  };
}

// The compute loop is through with it before these rows are written again: batches are read
// there, one for each iteration, before its rows are pulled.
void RankDriver::Upload(uint32_t table, TableRows* rows) {
  if (!job_->runner->wants_uploads()) return;
  rows->version = ++last_version_;
  compute_->Post([this, attempt = machine_.attempt(), table, version = rows->version,
                  values = absl::Span<const float>(rows->rows)] {
    const absl::Status status = job_->runner->Upload(static_cast<int>(table), values, version);
    if (status.ok()) return;
    loop_->Post([this, attempt, status] {
      if (attempt == machine_.attempt()) Fail(status);
    });
  });
}

// It may be reading them; it drops them behind all that it was given before.
void RankDriver::LeaveToCompute(std::shared_ptr<Parameters> rows) {
  compute_->Post([held = std::move(rows)] {});
}

PullHeader RankDriver::Header(uint64_t iteration) const {
  PullHeader header;
  header.context = Context(iteration);
  header.max_wait_ms = static_cast<uint32_t>(absl::ToInt64Milliseconds(options_.max_wait));
  header.auto_codec = auto_pull_.codec();
  return header;
}

// A copy of the weights that is kept for long (SSP) is asked for only when it is needed.
bool RankDriver::PullsNextAhead(uint64_t iteration) const {
  if (cache_ != nullptr) return false;
  MutexLock lock(&selection_mu_);
  return AnotherFollows(iteration, selection_->available(), selection_->complete());
}

}  // namespace paceline::worker
