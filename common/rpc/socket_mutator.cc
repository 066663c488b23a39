#include "common/rpc/socket_mutator.h"

#include <grpc/support/sync.h>
#include <grpcpp/impl/server_builder_option.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

// gRPC takes a socket mutator (grpc::ChannelArguments::SetSocketMutator), but Debian does
// not ship the header that says what one is. This is its interface as of gRPC 1.51;
// socket_mutator_test sees that it is heeded.
struct grpc_socket_mutator_vtable {
  bool (*mutate_fd)(int fd, grpc_socket_mutator* mutator);
  int (*compare)(grpc_socket_mutator* a, grpc_socket_mutator* b);
  void (*destroy)(grpc_socket_mutator* mutator);
  // Null: mutate_fd is called for sockets that connect and sockets that listen.
  bool (*mutate_fd_2)(const void* info, grpc_socket_mutator* mutator);
};
struct grpc_socket_mutator {
  const grpc_socket_mutator_vtable* vtable;
  gpr_refcount refcount;
};
void grpc_socket_mutator_init(grpc_socket_mutator* mutator,
                              const grpc_socket_mutator_vtable* vtable);

namespace paceline {
namespace {

class CongestionMutator : public grpc_socket_mutator {
 public:
  // With one reference, which SetSocketMutator takes over.
  static grpc_socket_mutator* New(const std::string& name) { return new CongestionMutator(name); }

 private:
  explicit CongestionMutator(std::string name) : name_(std::move(name)) {
    static constexpr grpc_socket_mutator_vtable kTable = {Mutate, Compare, Destroy, nullptr};
    grpc_socket_mutator_init(this, &kTable);
  }

  static CongestionMutator* Of(grpc_socket_mutator* mutator) {
    return static_cast<CongestionMutator*>(mutator);
  }
  static bool Mutate(int fd, grpc_socket_mutator* mutator) {
    // A connection under the system's control is better than none.
    const std::string& name = Of(mutator)->name_;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                     static_cast<socklen_t>(name.size()));
    return true;
  }
  // Channels with equal arguments share connections.
  static int Compare(grpc_socket_mutator* a, grpc_socket_mutator* b) {
    return Of(a)->name_.compare(Of(b)->name_);
  }
  static void Destroy(grpc_socket_mutator* mutator) { delete Of(mutator); }

  const std::string name_;
};

class TcpServerOption : public grpc::ServerBuilderOption {
 public:
  explicit TcpServerOption(TcpOptions options) : options_(std::move(options)) {}
  void UpdateArguments(grpc::ChannelArguments* arguments) override {
    ApplyTcpOptions(options_, arguments);
  }
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*) override {}

 private:
  const TcpOptions options_;
};

}  // namespace

void ApplyTcpOptions(const TcpOptions& options, grpc::ChannelArguments* arguments) {
  if (options.congestion.empty()) return;
  arguments->SetSocketMutator(CongestionMutator::New(options.congestion));
}

void ApplyTcpOptions(const TcpOptions& options, grpc::ServerBuilder* builder) {
  builder->SetOption(std::make_unique<TcpServerOption>(options));
}

}  // namespace paceline
