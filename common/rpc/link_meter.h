// How fast the connection to another daemon is, by its Exchange calls (proto/daemon.proto).
//
//   LinkMeter meter;
//   PL_ASSIGN_OR_RETURN(const v1::MeasureLinkResponse link,
//                       meter.Measure(channel, absl::Milliseconds(500)));
//
// Round trip: the smallest of ten small exchanges, one after the other. Each direction then
// has the given time, with kExchangesAhead messages of kMostExchangeBytes on their way.
//
// Thread-safe; measures for one caller at a time.
#ifndef PACELINE_COMMON_RPC_LINK_METER_H_
#define PACELINE_COMMON_RPC_LINK_METER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cstdint>
#include <memory>
#include <set>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync.h"
#include "proto/daemon.grpc.pb.h"

namespace paceline {

inline constexpr uint32_t kMostExchangeBytes = 1 << 20;
inline constexpr int kExchangesAhead = 4;

class LinkMeter {
 public:
  // Blocks: for twice `duration`, and at most about ten seconds more.
  // Errors:  Unavailable       nobody answers there.
  //          Cancelled         Stop was called.
  //          those of the other daemon.
  absl::StatusOr<v1::MeasureLinkResponse> Measure(const std::shared_ptr<grpc::Channel>& channel,
                                                  absl::Duration duration);

  // Ends what is measured, now and from now on.
  void Stop();

 private:
  struct Call;

  absl::StatusOr<absl::Duration> RoundTrip(v1::Daemon::Stub* stub);
  // Bytes a second of calls with so many bytes each way.
  absl::StatusOr<double> Rate(v1::Daemon::Stub* stub, uint32_t send_bytes, uint32_t reply_bytes,
                              absl::Duration duration);
  // Of a call: while it lasts, Stop ends it.
  absl::Status Begin(grpc::ClientContext* context);
  void End(grpc::ClientContext* context);

  Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_LINK_METER_H_
