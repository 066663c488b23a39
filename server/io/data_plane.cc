#include "server/io/data_plane.h"

#include "common/check.h"
#include "server/io/data_plane_calls.h"

namespace paceline::server {

DataPlane::DataPlane(const Options& options)
    : options_(options), replies_(options.most_reply_bytes) {
  PL_CHECK_GE(options.threads, 1);
}

void DataPlane::Register(grpc::ServerBuilder* builder) {
  builder->RegisterService(&service_);
  queue_.Register(builder);
}

void DataPlane::Start() {
  // Calls of each kind that can arrive at once before a thread gets to ask for more.
  const int ahead = 2 * options_.threads;
  for (int i = 0; i < ahead; ++i) AwaitCalls(this);
  queue_.Start(options_.threads);
}

void DataPlane::Shutdown() { queue_.Shutdown(); }

}  // namespace paceline::server
