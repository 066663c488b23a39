#include "server/io/data_plane.h"

#include <algorithm>

#include "common/check.h"
#include "server/io/call_stream.h"
#include "server/io/streamed_calls.h"
#include "server/io/unary_calls.h"

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
  ServeUnaryCalls(this, ahead);
  for (int i = 0; i < ahead; ++i) AwaitStreams(this);
  queue_.Start(options_.threads);
}

void DataPlane::Track(const std::shared_ptr<CallStream>& stream) {
  bool ending;
  {
    MutexLock lock(&streams_mu_);
    std::erase_if(streams_, [](const auto& weak) { return weak.expired(); });
    streams_.push_back(stream);
    ending = streams_ending_;
  }
  if (ending) stream->End();
}

void DataPlane::EndStreams() {
  std::vector<std::weak_ptr<CallStream>> streams;
  {
    MutexLock lock(&streams_mu_);
    streams_ending_ = true;
    streams = streams_;
  }
  for (const std::weak_ptr<CallStream>& weak : streams) {
    if (const std::shared_ptr<CallStream> stream = weak.lock()) stream->End();
  }
}

void DataPlane::Shutdown() { queue_.Shutdown(); }

}  // namespace paceline::server
