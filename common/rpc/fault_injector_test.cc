#include "common/rpc/fault_injector.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline {
namespace {

// What befell 1000 calls.
struct Tally {
  int lost_requests = 0;
  int lost_replies = 0;
  int duplicates = 0;
  int delays = 0;
  std::vector<bool> pattern;
};

Tally Play(RpcFaultInjector& faults, absl::string_view method) {
  Tally tally;
  for (int i = 0; i < 1000; ++i) {
    const RpcFault fault = faults.Next(method);
    tally.lost_requests += fault.lose_request ? 1 : 0;
    tally.lost_replies += fault.lose_reply ? 1 : 0;
    tally.duplicates += fault.duplicate ? 1 : 0;
    tally.delays += fault.delay > absl::ZeroDuration() ? 1 : 0;
    tally.pattern.push_back(fault.lose_request);
  }
  return tally;
}

const RpcFaultSpec kSpec = {.seed = 7,
                            .methods = {{"Push",
                                         {.lose_request = 100,
                                          .lose_reply = 0,
                                          .duplicate = 1000,
                                          .delay = 300,
                                          .delay_by = absl::Milliseconds(20)}},
                                        {"*", {.lose_reply = 500}}}};

TEST_CASE("calls suffer at the given rates, each method at its own") {
  RpcFaultInjector faults(kSpec, 0);
  const Tally push = Play(faults, "Push");
  CHECK(push.lost_requests > 60);
  CHECK(push.lost_requests < 140);
  CHECK(push.lost_replies == 0);
  CHECK(push.duplicates == 1000);
  CHECK(push.delays > 240);
  CHECK(push.delays < 360);
  const Tally pull = Play(faults, "Pull");
  CHECK(pull.lost_requests == 0);
  CHECK(pull.lost_replies > 430);
  CHECK(pull.lost_replies < 570);
}

TEST_CASE("without rates for a method nothing befalls it") {
  RpcFaultInjector faults({.methods = {{"Push", {.lose_request = 1000}}}}, 0);
  CHECK(Play(faults, "Pull").lost_requests == 0);
  CHECK(Play(faults, "Push").lost_requests == 1000);
}

TEST_CASE("the faults are a function of seed, stream, method and number of the call") {
  RpcFaultInjector first(kSpec, 3);
  RpcFaultInjector again(kSpec, 3);
  // Other methods in between change nothing.
  again.Next("Pull");
  const std::vector<bool> pattern = Play(first, "Push").pattern;
  CHECK(Play(again, "Push").pattern == pattern);
  RpcFaultInjector other_stream(kSpec, 4);
  CHECK(Play(other_stream, "Push").pattern != pattern);
  RpcFaultSpec spec = kSpec;
  spec.seed = 8;
  RpcFaultInjector other_seed(spec, 3);
  CHECK(Play(other_seed, "Push").pattern != pattern);
}

}  // namespace
}  // namespace paceline
