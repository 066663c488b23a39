// SchedulerClient whose calls are lost, repeated and delayed, as --test-faults says.
#ifndef PACELINE_WORKER_IO_NET_FAULTY_SCHEDULER_CLIENT_H_
#define PACELINE_WORKER_IO_NET_FAULTY_SCHEDULER_CLIENT_H_

#include <cstdint>
#include <memory>

#include "common/clock.h"
#include "common/rpc/fault_injector.h"
#include "worker/io/net/scheduler_client.h"

namespace paceline::worker {

// The methods are called SyncTask and Heartbeat. `client` itself if there are no
// faults. The clock outlives the client; all callbacks must have come before it is
// deleted.
std::unique_ptr<SchedulerClient> WithFaults(std::unique_ptr<SchedulerClient> client,
                                            const RpcFaultSpec& faults, uint64_t stream,
                                            Clock* clock);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_FAULTY_SCHEDULER_CLIENT_H_
