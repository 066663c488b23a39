#include "scheduler/io/watch_stream.h"

#include <utility>

#include "common/rpc/grpc_status.h"

namespace paceline::scheduler {

// gRPC is never called with the mutex held: it may run a reaction before it returns.

std::shared_ptr<WatchStream> WatchStream::Create() {
  std::shared_ptr<WatchStream> stream(new WatchStream());
  MutexLock lock(&stream->mu_);
  stream->self_ = stream;
  return stream;
}

bool WatchStream::Ready() {
  MutexLock lock(&mu_);
  return !writing_ && !ending_;
}

void WatchStream::Offer(const v1::Job& job, bool last) {
  {
    MutexLock lock(&mu_);
    if (writing_ || ending_) return;
    writing_ = true;
    ending_ = last;
  }
  message_ = job;
  StartWrite(&message_);
}

void WatchStream::End(const absl::Status& why) {
  {
    MutexLock lock(&mu_);
    if (ending_) return;
    ending_ = true;
    status_ = why;
  }
  FinishIfDue();
}

void WatchStream::OnWriteDone(bool ok) {
  {
    MutexLock lock(&mu_);
    writing_ = false;
    if (!ok && !ending_) {
      ending_ = true;
      status_ = absl::CancelledError("the watcher has gone");
    }
  }
  FinishIfDue();
}

void WatchStream::OnCancel() { End(absl::CancelledError("the watcher has gone")); }

void WatchStream::FinishIfDue() {
  absl::Status status;
  {
    MutexLock lock(&mu_);
    if (!ending_ || writing_ || finished_) return;
    finished_ = true;
    status = status_;
  }
  Finish(ToGrpcStatus(status));
}

void WatchStream::OnDone() {
  std::shared_ptr<WatchStream> self;
  {
    MutexLock lock(&mu_);
    self = std::move(self_);
  }
}

}  // namespace paceline::scheduler
