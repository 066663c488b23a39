// The data plane over gRPC: raw messages, so that gradients leave and weights
// arrive without passing through a protobuf object.
//
// One ServerChannel and one ServerStream per server. Callbacks run on the queue's thread:
// they hand on, and do not compute. When the link to a server is lost, the calls under way
// to it fail with Unavailable.
#ifndef PACELINE_WORKER_IO_NET_GRPC_DATA_CLIENT_H_
#define PACELINE_WORKER_IO_NET_GRPC_DATA_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/security.h"
#include "worker/io/net/client_queue.h"
#include "worker/io/net/data_client.h"

namespace paceline::worker {

// Returns at once; channels connect with their first call. Deleting the client
// cancels what is outstanding and waits for the callbacks: not to be done from one.
std::unique_ptr<DataClient> MakeGrpcDataClient(
    const std::vector<std::string>& addresses,
    const std::shared_ptr<RpcSecurity>& security = RpcSecurity::Insecure(),
    std::shared_ptr<ClientQueue> queue = std::make_shared<ClientQueue>());

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_GRPC_DATA_CLIENT_H_
