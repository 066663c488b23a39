#include "common/rpc/daemon_hosts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/strip.h"
#include "common/rpc/caller.h"
#include "common/security/access_rules.h"
#include "common/security/identity.h"

namespace paceline {
namespace {

namespace interception = grpc::experimental;

// A task begins with OpenRank at a server and with SyncTask at its scheduler. None of these may
// use AsyncNotifyWhenDone: of a call with interceptors, gRPC puts that event into the queue even
// when the queue has been shut down.
constexpr std::array<absl::string_view, 5> kFirstCalls = {
    "/paceline.v1.Coordination/Heartbeat", "/paceline.v1.Coordination/SyncTask",
    "/paceline.v1.CutFiles/ReadCutFile", "/paceline.v1.Daemon/Exchange",
    "/paceline.v1.DataPlane/OpenRank"};

constexpr RoleSet kDaemons = {Role::kScheduler, Role::kServer, Role::kWorker};

// Of one call.
class Learner final : public interception::Interceptor {
 public:
  Learner(interception::ServerRpcInfo* call, KnownHosts* hosts) : call_(call), hosts_(hosts) {}

  void Intercept(interception::InterceptorBatchMethods* methods) override {
    using Point = interception::InterceptionHookPoints;
    // The call is there, and with it who makes it.
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_INITIAL_METADATA)) Learn();
    methods->Proceed();
  }

 private:
  void Learn() {
    const grpc::ServerContextBase& context = *call_->server_context();
    const std::string host = HostOfPeer(context.peer());
    if (host.empty() || hosts_->Has(host)) return;
    if (kDaemons.Has(CallerOf(context).role)) hosts_->Add(host);
  }

  interception::ServerRpcInfo* const call_;
  KnownHosts* const hosts_;
};

class Learners final : public interception::ServerInterceptorFactoryInterface {
 public:
  explicit Learners(std::shared_ptr<KnownHosts> hosts) : hosts_(std::move(hosts)) {}

  interception::Interceptor* CreateServerInterceptor(interception::ServerRpcInfo* call) override {
    const auto* const first = std::find(kFirstCalls.begin(), kFirstCalls.end(), call->method());
    if (first == kFirstCalls.end()) return nullptr;
    // gRPC deletes it with the call.
    return new Learner(call, hosts_.get());
  }

 private:
  const std::shared_ptr<KnownHosts> hosts_;
};

}  // namespace

std::unique_ptr<interception::ServerInterceptorFactoryInterface> LearnDaemonHosts(
    std::shared_ptr<KnownHosts> hosts) {
  return std::make_unique<Learners>(std::move(hosts));
}

std::string HostOfPeer(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) return std::string(peer.substr(0, peer.rfind(':')));
  if (!absl::ConsumePrefix(&peer, "ipv6:%5B")) return "";
  // An interface may follow: "fe80::1%25eth0%5D:4711".
  return std::string(peer.substr(0, peer.find('%')));
}

}  // namespace paceline
