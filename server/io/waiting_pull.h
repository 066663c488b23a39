// A pull from its arrival to its answer, however it came. Until it is admitted it waits as a
// ticket with an alarm, not as a thread.
#ifndef PACELINE_SERVER_IO_WAITING_PULL_H_
#define PACELINE_SERVER_IO_WAITING_PULL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/held_event.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "server/core/payload.h"
#include "server/core/server_job.h"
#include "server/io/data_plane.h"

namespace paceline::server {

// What goes into the message: nothing if the rows lie in the client's reply space.
struct PullAnswer {
  v1::PullResponse header;
  std::vector<grpc::Slice> payload;
  // The payload's part of the data plane's ReplyLimit; to be held until it has left.
  std::shared_ptr<void> held;
};

// Thread-safe.
class WaitingPull : public std::enable_shared_from_this<WaitingPull> {
 public:
  // Called once, by any thread, perhaps before Start returns.
  using Done = std::function<void(absl::StatusOr<PullAnswer>)>;

  // `deadline`: when the caller stops waiting; the answer leaves some time before.
  // `data_plane` outlives the pull.
  static std::shared_ptr<WaitingPull> Start(DataPlane* data_plane, const v1::PullRequest& header,
                                            Payload received, absl::Time deadline, Done done);

  // The caller has gone: ends the wait.
  void Cancel();

 private:
  WaitingPull(DataPlane* data_plane, Done done) : data_plane_(data_plane), done_(std::move(done)) {}
  void Begin(const v1::PullRequest& header, Payload received, absl::Time deadline);
  void Park(uint64_t ticket, absl::Time until);
  void Answer(absl::StatusOr<PullReply> reply);
  absl::StatusOr<PullAnswer> Finish(absl::StatusOr<PullReply> reply);
  absl::StatusOr<PullAnswer> Pack(PullReply reply);
  absl::StatusOr<bool> WriteToReplySpace(const Payload& payload) const;
  void OnExpired(bool ok);

  DataPlane* const data_plane_;
  const Done done_;
  absl::Duration began_;
  std::shared_ptr<ServerJob> job_;
  // Empty: there is none.
  google::protobuf::RepeatedPtrField<v1::SharedSpan> reply_space_;
  HeldEvent expired_{[this](bool ok) { OnExpired(ok); }};
  Mutex mu_;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mu_);
  std::optional<uint64_t> ticket_ ABSL_GUARDED_BY(mu_);
  absl::Duration parked_ ABSL_GUARDED_BY(mu_);
  bool answered_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_WAITING_PULL_H_
