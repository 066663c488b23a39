#include "worker/io/task/pulls_ahead.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/status/status_macros.h"
#include "worker/core/task/pull_ahead.h"
#include "worker/io/task/pull_calls.h"

namespace paceline::worker {

namespace {

// Fewer than pushes may have: what comes back ahead shares memory and its bandwidth with what
// leaves, and nobody waits for it yet. With as many, steps of 64 MiB took a tenth longer.
constexpr uint32_t kCallsPerServer = 2;

InFlightOptions Few(InFlightOptions options) {
  options.calls_per_server = std::min(options.calls_per_server, kCallsPerServer);
  // What a backward pass pushes last the next forward pass needs first.
  options.newest_first = true;
  return options;
}

}  // namespace

PullsAhead::PullsAhead(EventLoop* loop, const InFlightOptions& options, FrameCalls::Events events,
                       Uploads uploads, FrameLimits limits)
    : loop_(loop),
      calls_(loop, Few(options),
             {.drained = [this] { Drained(); },
              .refused = std::move(events.refused),
              .unreachable = std::move(events.unreachable),
              .waiting =
                  [this](const absl::Status& why) {
                    why_ = why;
                    if (done_ != nullptr) waiting_(why);
                  }}),
      uploads_(std::move(uploads)),
      limits_(limits),
      waiting_(std::move(events.waiting)),
      own_(std::make_shared<Parameters>()) {}

void PullsAhead::Begin(std::shared_ptr<const ShardLayout> layout,
                       std::shared_ptr<DataClient> client, PullHeader header) {
  Abandon();
  layout_ = std::move(layout);
  client_ = std::move(client);
  header_ = std::move(header);
  asked_.assign(layout_->shard_count(), false);
  missing_.assign(layout_->tables(), 0);
  own_->resize(layout_->tables());
  for (uint32_t table = 0; table < layout_->tables(); ++table) {
    if (!PulledAhead(*layout_, table)) continue;
    (*own_)[table].rows.resize(layout_->rows(table) * layout_->dim(table));
    (*own_)[table].version = 0;
    missing_[table] = layout_->shards(table).size();
  }
  rows_ = own_;
}

absl::Status PullsAhead::Ask(const v1::PushRequest& push) {
  if (layout_ == nullptr || push.blocks().empty()) return absl::OkStatus();
  std::vector<TableNeeds> needs = NeedsAhead(*layout_, push);
  for (uint32_t table = 0; table < layout_->tables(); ++table) {
    // What has come stays as it is.
    std::erase_if(needs[table].missing,
                  [&](uint32_t index) { return asked_[layout_->shards(table)[index].shard]; });
  }
  PL_ASSIGN_OR_RETURN(std::vector<PullFrame> frames,
                      PlanPull(*layout_, header_, *own_, needs, limits_));
  for (PullFrame& frame : frames) {
    for (const PullTarget& target : frame.targets) asked_[target.shard] = true;
    if (transfer_.bytes == 0) transfer_.first_asked = loop_->Now();
    transfer_.bytes += frame.payload_bytes + frame.reply_bytes;
    AddPull(&calls_, client_, layout_, std::move(frame),
            {.parameters = [this] { return rows_.get(); },
             .scattered = [this](const PullFrame& asked, const PullReply&) { Came(asked); }});
  }
  return absl::OkStatus();
}

// The answer to a frame is taken in once, and the rows of a table move only before a frame of
// it is sent again: those of a table of which nothing is missing are not touched any more.
void PullsAhead::Came(const PullFrame& frame) {
  transfer_.last_came = loop_->Now();
  for (const PullTarget& target : frame.targets) {
    if (--missing_[target.table] == 0) uploads_.came(target.table, &(*rows_)[target.table]);
  }
}

std::vector<TableNeeds> PullsAhead::Take(std::shared_ptr<Parameters> parameters) {
  if (layout_ == nullptr) return {};
  for (uint32_t table = 0; table < layout_->tables(); ++table) {
    if (!PulledAhead(*layout_, table)) continue;
    (*own_)[table].rows.swap((*parameters)[table].rows);
    (*parameters)[table].version = (*own_)[table].version;
  }
  rows_ = std::move(parameters);
  return NeedsLeft(*layout_, asked_);
}

void PullsAhead::Await(std::function<void()> done) {
  done_ = std::move(done);
  if (!why_.ok()) waiting_(why_);
  calls_.Close();
}

void PullsAhead::Drained() {
  End();
  std::exchange(done_, nullptr)();
}

void PullsAhead::Abandon() {
  // A call that is cancelled may still be answered, into them.
  if (layout_ != nullptr) {
    uploads_.left(std::exchange(own_, std::make_shared<Parameters>()));
  }
  calls_.Abandon();
  transfer_ = {};
  done_ = nullptr;
  End();
}

void PullsAhead::End() {
  why_ = absl::OkStatus();
  layout_.reset();
  client_.reset();
  rows_.reset();
}

}  // namespace paceline::worker
