// The scheduler over gRPC.
#ifndef PACELINE_WORKER_IO_NET_GRPC_SCHEDULER_CLIENT_H_
#define PACELINE_WORKER_IO_NET_GRPC_SCHEDULER_CLIENT_H_

#include <memory>
#include <string>

#include "common/rpc/security.h"
#include "worker/io/net/client_queue.h"
#include "worker/io/net/scheduler_client.h"

namespace paceline::worker {

// Returns at once; the channel connects with the first call. All callbacks must
// have come before the client is deleted.
std::unique_ptr<SchedulerClient> MakeGrpcSchedulerClient(
    const std::string& address,
    const std::shared_ptr<RpcSecurity>& security = RpcSecurity::Insecure(),
    std::shared_ptr<ClientQueue> queue = std::make_shared<ClientQueue>());

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_GRPC_SCHEDULER_CLIENT_H_
