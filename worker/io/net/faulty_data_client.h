// DataClient whose calls are lost, repeated and delayed, as --test-faults says.
#ifndef PACELINE_WORKER_IO_NET_FAULTY_DATA_CLIENT_H_
#define PACELINE_WORKER_IO_NET_FAULTY_DATA_CLIENT_H_

#include <cstdint>
#include <memory>

#include "common/clock.h"
#include "common/rpc/fault_injector.h"
#include "worker/io/net/data_client.h"

namespace paceline::worker {

// The methods are called Push, Pull, OpenRank, Pin and Unpin. A lost request calls
// back before the method returns. The clock outlives the client.
std::unique_ptr<DataClient> MakeFaultyDataClient(std::unique_ptr<DataClient> client,
                                                 const RpcFaultSpec& faults, uint64_t stream,
                                                 Clock* clock);

// A factory of such clients, of which each suffers in its own way; `factory` itself if
// there are no faults.
DataClientFactory WithFaults(DataClientFactory factory, const RpcFaultSpec& faults, uint64_t stream,
                             Clock* clock);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_FAULTY_DATA_CLIENT_H_
