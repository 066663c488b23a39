// What gRPC received, as the server's core takes it.
#ifndef PACELINE_SERVER_IO_RECEIVED_PAYLOAD_H_
#define PACELINE_SERVER_IO_RECEIVED_PAYLOAD_H_

#include "common/rpc/payload.h"
#include "server/core/payload.h"

namespace paceline::server {

// The received slices as pieces that share one owner.
Payload Share(paceline::Payload received);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_RECEIVED_PAYLOAD_H_
