#include "worker/io/net/task_clients.h"

#include <utility>
#include <vector>

#include "worker/io/net/faulty_data_client.h"
#include "worker/io/net/faulty_scheduler_client.h"
#include "worker/io/net/grpc_data_client.h"
#include "worker/io/net/grpc_scheduler_client.h"
#include "worker/io/net/shared_memory_client.h"

namespace paceline::worker {

TaskClients MakeTaskClients(const TaskClientOptions& options, Clock* clock) {
  const DataClientFactory data =
      [shared_memory = options.shared_memory](const std::vector<std::string>& addresses) {
        std::unique_ptr<DataClient> client = MakeGrpcDataClient(addresses);
        return shared_memory ? WithSharedMemory(std::move(client), addresses.size())
                             : std::move(client);
      };
  // Faults are of calls: nearer to the rank than what they carry their payloads in.
  return {.scheduler = WithFaults(MakeGrpcSchedulerClient(options.scheduler), options.faults,
                                  options.stream, clock),
          .data = WithFaults(data, options.faults, options.stream, clock)};
}

}  // namespace paceline::worker
