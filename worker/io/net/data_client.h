// The data plane as a rank calls it, on any wire.
//
// Every call returns at once; its callback comes exactly once, on a thread of the
// client's choice, also when the call fails, times out or is cancelled. A refusal
// is a status with a Refusal (common/refusal). Frames are immutable and may be
// sent again as they are; what they point to is held until the wire lets go of it.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_DATA_CLIENT_H_
#define PACELINE_WORKER_IO_NET_DATA_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/data.pb.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/push_plan.h"

namespace paceline::worker {

// A payload that was received, to be read once, in order.
class ReceivedPayload {
 public:
  virtual ~ReceivedPayload() = default;
  virtual uint64_t size() const = 0;
  // Copies the next `size` bytes; false if fewer are left.
  virtual bool Read(void* to, size_t size) = 0;
};

struct PullReply {
  // Without its payload.
  v1::PullResponse header;
  std::unique_ptr<ReceivedPayload> payload;
};

class DataClient {
 public:
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  virtual ~DataClient() = default;

  // `server` is an index into the addresses that the client was made with.
  // Errors of all:  those of the server; Unavailable: it cannot be reached;
  //                 DeadlineExceeded: no answer within `timeout`; Cancelled.
  virtual void OpenRank(uint32_t server, const v1::RequestContext& context, absl::Duration timeout,
                        Done<v1::OpenRankResponse> done) = 0;
  virtual void Push(const PushFrame& frame, absl::Duration timeout,
                    Done<v1::PushResponse> done) = 0;
  virtual void Pull(const PullFrame& frame, absl::Duration timeout, Done<PullReply> done) = 0;
  virtual void Pin(uint32_t server, const v1::PinRequest& request, absl::Duration timeout,
                   Done<v1::PinResponse> done) = 0;
  virtual void Unpin(uint32_t server, const v1::UnpinRequest& request, absl::Duration timeout,
                     Done<v1::UnpinResponse> done) = 0;

  // Cancels all outstanding calls; their callbacks still come.
  virtual void CancelAll() = 0;
};

// Makes a client of these servers, by address.
using DataClientFactory =
    std::function<std::unique_ptr<DataClient>(const std::vector<std::string>& addresses)>;

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_DATA_CLIENT_H_
