// The clients that tasks call with: gRPC's, and what --test-faults does to them.
#ifndef PACELINE_WORKER_IO_NET_TASK_CLIENTS_H_
#define PACELINE_WORKER_IO_NET_TASK_CLIENTS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/rpc/fault_injector.h"
#include "common/rpc/security.h"
#include "worker/io/net/data_client.h"
#include "worker/io/net/scheduler_client.h"

namespace paceline::worker {

struct TaskClients {
  std::unique_ptr<SchedulerClient> scheduler;
  DataClientFactory data;
};

struct TaskClientOptions {
  // host:port
  std::string scheduler;
  // Of the connections to it and to servers.
  std::shared_ptr<RpcSecurity> security = RpcSecurity::Insecure();
  // With servers on this host that offer it.
  bool shared_memory = true;
  // Keys that a server remembers are not sent again.
  bool key_lists = true;
  RpcFaultSpec faults;
  // Tells tasks with the same faults apart.
  uint64_t stream = 0;
};

// The clock outlives the clients.
TaskClients MakeTaskClients(const TaskClientOptions& options, Clock* clock);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_TASK_CLIENTS_H_
