// A cut of the shards of one job on one server, from its order to the last copy.
//
// With a round (bsp) every shard copies itself as it completes the round, whenever
// that is; the caller is told through ServerJob::Options::cut_reached and comes for
// the copies. Without one each shard is copied when its turn has come: the caller
// writes it before it asks for the next, so that one copy is held at a time.
//
//   Begin -> Next, Next, nothing ... cut_reached -> Next ... -> complete()
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_JOB_CUT_H_
#define PACELINE_SERVER_CORE_JOB_CUT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "server/core/server_job.h"
#include "server/core/shard.h"

namespace paceline::server {

// The report of a cut that failed; missed if Begin said OutOfRange.
v1::CutReport FailedCut(const v1::CutOrder& cut, const absl::Status& why);

// Lowers the report's progress to that of one shard more, of which a cut holds a copy.
void LowerProgress(absl::Span<const uint64_t> progress, v1::CutReport* report);

class JobCut {
 public:
  // Keeps the job's tables until it is complete or dropped.
  JobCut(std::shared_ptr<ServerJob> job, v1::CutOrder order);
  // Disarms the shards that have not been copied.
  ~JobCut();
  JobCut(const JobCut&) = delete;
  JobCut& operator=(const JobCut&) = delete;

  const v1::CutOrder& order() const { return order_; }
  const ServerJob& job() const { return *job_; }

  // Errors:  OutOfRange          shards are beyond the round already.
  //          FailedPrecondition  bsp without a round: ranks have not finished, and
  //                              shards may be in different rounds.
  absl::Status Begin();

  struct Copy {
    const Shard* shard = nullptr;
    ShardSnapshot state;
  };
  // The next copy; nothing while there is none, and after the last.
  // Errors:  as Shard::Snapshot and Shard::TakeCut.
  absl::StatusOr<std::optional<Copy>> Next();

  // Every shard has been given out.
  bool complete() const { return waiting_.empty(); }

 private:
  const std::shared_ptr<ServerJob> job_;
  const v1::CutOrder order_;
  // Not copied yet; looked at in turn from next_.
  std::vector<Shard*> waiting_;
  size_t next_ = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_JOB_CUT_H_
