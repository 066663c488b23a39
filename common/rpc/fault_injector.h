// Decides which calls of a client are lost, repeated or delayed. What that means is
// the client's to do: see worker/io/net/faulty_data_client.h.
//
//   RpcFaultInjector faults({.seed = 7, .methods = {{"Push", {.lose_reply = 50}}}}, rank);
//   const RpcFault fault = faults.Next("Push");
//
// The faults of a method's n-th call are a function of (seed, stream, method, n).
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_FAULT_INJECTOR_H_
#define PACELINE_COMMON_RPC_FAULT_INJECTOR_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/sync.h"

namespace paceline {

// Of a method's calls, each on its own [per mille].
struct RpcFaultRates {
  uint32_t lose_request = 0;
  uint32_t lose_reply = 0;
  uint32_t duplicate = 0;
  uint32_t delay = 0;
  absl::Duration delay_by;
};

struct RpcFaultSpec {
  uint64_t seed = 1;
  // "*": all methods that have no rates of their own.
  std::map<std::string, RpcFaultRates> methods;

  bool empty() const { return methods.empty(); }
};

// What befalls one call, in this order.
struct RpcFault {
  // Before it is sent. Zero: not delayed.
  absl::Duration delay;
  // It is never sent, and fails with Unavailable.
  bool lose_request = false;
  // It is sent twice, at once.
  bool duplicate = false;
  // It is sent, and when its answer is there it fails with Unavailable all the same.
  bool lose_reply = false;
};

class RpcFaultInjector {
 public:
  // `stream` tells clients with the same spec apart.
  RpcFaultInjector(RpcFaultSpec spec, uint64_t stream);

  // Of the method's next call.
  RpcFault Next(absl::string_view method);

 private:
  const RpcFaultSpec spec_;
  const uint64_t stream_;
  Mutex mu_;
  std::map<std::string, uint64_t> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_FAULT_INJECTOR_H_
