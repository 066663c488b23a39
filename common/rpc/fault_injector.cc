#include "common/rpc/fault_injector.h"

#include <utility>

#include "common/hash.h"
#include "common/random.h"

namespace paceline {

RpcFaultInjector::RpcFaultInjector(RpcFaultSpec spec, uint64_t stream)
    : spec_(std::move(spec)), stream_(stream) {}

RpcFault RpcFaultInjector::Next(absl::string_view method) {
  const std::string name(method);
  auto rates = spec_.methods.find(name);
  if (rates == spec_.methods.end()) rates = spec_.methods.find("*");
  if (rates == spec_.methods.end()) return {};
  uint64_t call = 0;
  {
    MutexLock lock(&mu_);
    call = calls_[name]++;
  }
  const uint64_t stream = MixBits(stream_, HashBytes(name));
  uint64_t draw = 0;
  const auto strikes = [&](uint32_t per_mille) {
    return RandomBelow(1000, spec_.seed, stream, 4 * call + draw++) < per_mille;
  };
  RpcFault fault;
  fault.lose_request = strikes(rates->second.lose_request);
  fault.lose_reply = strikes(rates->second.lose_reply);
  fault.duplicate = strikes(rates->second.duplicate);
  if (strikes(rates->second.delay)) fault.delay = rates->second.delay_by;
  return fault;
}

}  // namespace paceline
