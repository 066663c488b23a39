#include "worker/io/net/task_clients.h"

#include <vector>

#include "worker/io/net/faulty_data_client.h"
#include "worker/io/net/faulty_scheduler_client.h"
#include "worker/io/net/grpc_data_client.h"
#include "worker/io/net/grpc_scheduler_client.h"

namespace paceline::worker {

TaskClients MakeTaskClients(const std::string& scheduler_address, const RpcFaultSpec& faults,
                            uint64_t stream, Clock* clock) {
  const DataClientFactory data = [](const std::vector<std::string>& addresses) {
    return MakeGrpcDataClient(addresses);
  };
  return {
      .scheduler = WithFaults(MakeGrpcSchedulerClient(scheduler_address), faults, stream, clock),
      .data = WithFaults(data, faults, stream, clock)};
}

}  // namespace paceline::worker
