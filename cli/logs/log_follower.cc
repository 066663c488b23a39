#include "cli/logs/log_follower.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/logs/log_text.h"
#include "cli/logs/task_log.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(200);
constexpr absl::Duration kLongestBackoff = absl::Seconds(5);
// Of a worker that is away when the job has ended.
constexpr int kLastAttempts = 4;

// One rank: what has been read of the present incarnation.
class Follower {
 public:
  Follower(const FollowOptions& options, const Dialer& dialer, LogPrinter* printer, Interrupt* stop)
      : options_(options), dialer_(dialer), printer_(printer), stop_(stop) {}

  // The rest of the log at `place`, as it grows.
  absl::Status Read(const Placements::Place& place) {
    if (place.incarnation != incarnation_) {
      incarnation_ = place.incarnation;
      offset_ = 0;
    }
    if (first_ && (options_.tail_lines > 0 || options_.tail_bytes > 0)) {
      if (absl::Status status = ReadTail(place); !status.ok()) return status;
    }
    first_ = false;
    const absl::Status status = ReadTaskLog(place.address, Request(/*follow=*/true), dialer_, stop_,
                                            [this](absl::string_view data) {
                                              offset_ += static_cast<int64_t>(data.size());
                                              printer_->Print(options_.rank, data);
                                            });
    if (status.ok()) printer_->FinishLine(options_.rank);
    return status;
  }

 private:
  v1::ReadTaskLogRequest Request(bool follow) const {
    v1::ReadTaskLogRequest request;
    request.set_job_id(options_.job_id);
    request.set_rank(options_.rank);
    request.set_offset(offset_);
    request.set_follow(follow);
    return request;
  }

  // All of it goes by once: only so is it known where to go on.
  absl::Status ReadTail(const Placements::Place& place) {
    TailKeeper tail(options_.tail_lines, options_.tail_bytes);
    int64_t bytes = 0;
    const absl::Status status = ReadTaskLog(place.address, Request(/*follow=*/false), dialer_,
                                            stop_, [&](absl::string_view data) {
                                              bytes += static_cast<int64_t>(data.size());
                                              tail.Add(data);
                                            });
    if (!status.ok()) return status;
    offset_ += bytes;
    printer_->Print(options_.rank, tail.Tail());
    return absl::OkStatus();
  }

  const FollowOptions& options_;
  const Dialer& dialer_;
  LogPrinter* const printer_;
  Interrupt* const stop_;
  uint64_t incarnation_ = 0;
  int64_t offset_ = 0;
  bool first_ = true;
};

}  // namespace

bool FollowLog(const FollowOptions& options, const Dialer& dialer, Placements* placements,
               LogPrinter* printer, Interrupt* stop) {
  Follower follower(options, dialer, printer, stop);
  uint64_t finished = 0;
  absl::Duration backoff = kFirstBackoff;
  bool said = false;
  int last_attempts = 0;
  while (const std::optional<Placements::Place> place = placements->Next(options.rank, finished)) {
    const absl::Status status = follower.Read(*place);
    if (stop->requested()) return true;
    if (status.ok()) {
      finished = place->incarnation;
      backoff = kFirstBackoff;
      said = false;
      continue;
    }
    // A rank that never had a process leaves no log.
    if (place->last && absl::IsNotFound(status)) return true;
    if (place->last && ++last_attempts >= kLastAttempts) {
      printer->Say(options.rank, absl::StrCat("given up: worker ", place->address, ": ",
                                              std::string(status.message())));
      return false;
    }
    if (!said && !absl::IsNotFound(status)) {
      printer->Say(options.rank, absl::StrCat("worker ", place->address, " is away, tried again: ",
                                              std::string(status.message())));
      said = true;
    }
    if (!placements->Pause(backoff)) return true;
    backoff = std::min(backoff * 2, kLongestBackoff);
  }
  return true;
}

}  // namespace paceline::cli
