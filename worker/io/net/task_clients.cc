#include "worker/io/net/task_clients.h"

#include <utility>
#include <vector>

#include "worker/io/net/client_queue.h"
#include "worker/io/net/faulty_data_client.h"
#include "worker/io/net/faulty_scheduler_client.h"
#include "worker/io/net/grpc_data_client.h"
#include "worker/io/net/grpc_scheduler_client.h"
#include "worker/io/net/key_list_client.h"
#include "worker/io/net/shared_memory/shared_memory_client.h"

namespace paceline::worker {

TaskClients MakeTaskClients(const TaskClientOptions& options, Clock* clock) {
  const auto queue = std::make_shared<ClientQueue>();
  const DataClientFactory data =
      [queue, security = options.security, shared_memory = options.shared_memory,
       key_lists = options.key_lists](const std::vector<std::string>& addresses) {
        std::unique_ptr<DataClient> client = MakeGrpcDataClient(addresses, security, queue);
        if (shared_memory) client = WithSharedMemory(std::move(client), addresses.size());
        // Nearer to the rank: what is left out need not be copied to memory either.
        if (key_lists) client = WithKeyLists(std::move(client), addresses.size());
        return client;
      };
  // Faults are of calls: nearest to the rank.
  return {
      .scheduler = WithFaults(MakeGrpcSchedulerClient(options.scheduler, options.security, queue),
                              options.faults, options.stream, clock),
      .data = WithFaults(data, options.faults, options.stream, clock)};
}

}  // namespace paceline::worker
