// The methods of the data plane, however their calls came: one at a time (unary_calls.h) or
// by a stream (call_stream.h). Pulls, which may wait: waiting_pull.h.
//
// Thread-safe: functions of a data plane.
#ifndef PACELINE_SERVER_IO_DATA_METHODS_H_
#define PACELINE_SERVER_IO_DATA_METHODS_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "proto/data.pb.h"
#include "server/core/payload.h"
#include "server/core/server_job.h"
#include "server/io/data_plane.h"

namespace paceline::server {

// Of a request that names shared memory where there is none.
absl::Status NoArenas();

// The payload of a request, counted as one of `method`: what came with it, or what it says lies in
// shared memory. Errors:  INVALID      both.
//          Unavailable  no such shared memory.
template <typename Request>
absl::StatusOr<Payload> PayloadOf(DataPlane* data_plane, DataMethod method, const Request& header,
                                  Payload received) {
  if (!header.shared_payload().empty()) {
    if (received.size() > 0) {
      return InvalidStatus("payload: in the message or in shared memory expected, got both");
    }
    if (data_plane->arenas() == nullptr) return NoArenas();
    PL_ASSIGN_OR_RETURN(received, data_plane->arenas()->Read(header.shared_payload()));
    data_plane->stats().shared_bytes.Add(received.size());
  }
  data_plane->stats().of(method).received_bytes.Add(received.size());
  return received;
}

// All that follow count their calls with their times in the data plane's stats.

// Errors:  UNKNOWN_JOB
absl::StatusOr<std::shared_ptr<ServerJob>> FindJob(DataPlane* data_plane, uint64_t job_id);

absl::StatusOr<v1::OpenRankResponse> ServeOpenRank(DataPlane* data_plane,
                                                   const v1::OpenRankRequest& request);
absl::StatusOr<v1::PinResponse> ServePin(DataPlane* data_plane, const v1::PinRequest& request);
absl::StatusOr<v1::UnpinResponse> ServeUnpin(DataPlane* data_plane,
                                             const v1::UnpinRequest& request);

// `received`: the payload that came with the header. `done` is called once, before ServePush
// returns and before the pulls that the push admits are answered.
void ServePush(DataPlane* data_plane, const v1::PushRequest& header, Payload received,
               const ServerJob::PushDone& done);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_METHODS_H_
