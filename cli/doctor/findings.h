// What a doctor says of a cluster, decided from what was measured.
#ifndef PACELINE_CLI_DOCTOR_FINDINGS_H_
#define PACELINE_CLI_DOCTOR_FINDINGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/cluster.pb.h"
#include "proto/daemon.pb.h"

namespace paceline::cli {

enum class Health { kOk, kWarn, kFail };

// "ok", "warn", "fail".
const char* HealthName(Health health);

struct Finding {
  Health health = Health::kOk;
  // "server 10.0.0.2:7071".
  std::string subject;
  // "clock 2.1 s ahead of this machine's".
  std::string what;
  // What to do about it; empty if it is well.
  std::string hint;
};

// Beyond these something is said.
inline constexpr absl::Duration kMaxClockOffset = absl::Seconds(1);
inline constexpr absl::Duration kCertificateWarning = absl::Hours(14 * 24);
inline constexpr double kLeastDiskFree = 0.1;         // of all
inline constexpr double kLeastMemoryAvailable = 0.1;  // of all
inline constexpr uint64_t kLeastDescriptors = 4096;
inline constexpr double kMostUse = 0.8;   // of descriptors and of connections
inline constexpr double kMostLoad = 2.0;  // runnable processes for each processor
inline constexpr absl::Duration kSlowRoundTrip = absl::Milliseconds(50);
inline constexpr double kSlowBytesPerSecond = 12.5e6;  // 100 Mbit/s

// What a daemon answered to the question how it is.
struct Examined {
  // scheduler, server or worker.
  std::string role;
  std::string address;
  absl::Status status;
  v1::InspectResponse answer;
  // Of the call, and this machine's clock in the middle of it.
  absl::Duration round_trip;
  absl::Time asked;
  // Not empty: where its HTTP port could not be reached, and why.
  std::string http_error;
};

// A connection between two daemons, as one of them measured it.
struct MeasuredLink {
  std::string from;  // "worker 10.0.0.3:7072"
  std::string to;
  absl::Status status;
  v1::MeasureLinkResponse answer;
};

// All that is to be said of one daemon. `scheduler_version`: what all of them should be.
std::vector<Finding> FindingsOf(const Examined& daemon, const std::string& scheduler_version,
                                absl::Time now);

// Of the cluster as a whole: nodes that are silent, a mixture of daemons with TLS and
// without, a version other than that of this program, which is `own_version`.
std::vector<Finding> FindingsOf(const v1::Cluster& cluster, const std::vector<Examined>& daemons,
                                const std::string& own_version);

Finding FindingOf(const MeasuredLink& link);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DOCTOR_FINDINGS_H_
