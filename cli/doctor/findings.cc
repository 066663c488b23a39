#include "cli/doctor/findings.h"

#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/bytes_text.h"
#include "common/daemon/address.h"
#include "common/spec/enum_names.h"

namespace paceline::cli {
namespace {

std::string SubjectOf(const Examined& daemon) {
  return absl::StrCat(daemon.role, " ", daemon.address);
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.3g ms", absl::ToDoubleMilliseconds(duration));
}

// Collects what is said of one daemon.
class Findings {
 public:
  explicit Findings(std::string subject) : subject_(std::move(subject)) {}

  void Add(Health health, std::string what, const std::string& hint) {
    all_.push_back({health, subject_, std::move(what), health == Health::kOk ? "" : hint});
  }
  // Well, or a warning.
  void Check(bool well, std::string what, const std::string& hint) {
    Add(well ? Health::kOk : Health::kWarn, std::move(what), hint);
  }
  std::vector<Finding> Take() { return std::move(all_); }

 private:
  const std::string subject_;
  std::vector<Finding> all_;
};

// A share of something limited: nothing is said where the limit is unknown.
void CheckUse(const char* what, uint64_t used, uint64_t limit, const std::string& hint,
              Findings* findings) {
  if (limit == 0) return;
  findings->Check(static_cast<double>(used) <= kMostUse * static_cast<double>(limit),
                  absl::StrCat(used, " of ", limit, " ", what), hint);
}

void CheckFree(const char* what, uint64_t free, uint64_t all, double least, const std::string& hint,
               Findings* findings) {
  if (all == 0) return;
  findings->Check(static_cast<double>(free) >= least * static_cast<double>(all),
                  absl::StrCat(what, ": ", Bytes(static_cast<double>(free)), " of ",
                               Bytes(static_cast<double>(all)), " free"),
                  hint);
}

void CheckClock(const Examined& daemon, Findings* findings) {
  if (daemon.answer.time_ms() == 0) return;
  const absl::Duration offset = absl::FromUnixMillis(daemon.answer.time_ms()) - daemon.asked;
  // Half of the round trip is not known better.
  const absl::Duration sure = absl::AbsDuration(offset) - daemon.round_trip / 2;
  findings->Check(
      sure <= kMaxClockOffset,
      absl::StrFormat("clock %.3g s %s this machine's", std::abs(absl::ToDoubleSeconds(offset)),
                      offset >= absl::ZeroDuration() ? "ahead of" : "behind"),
      "run a time service (chrony, systemd-timesyncd): times of events and "
      "certificates depend on it");
}

void CheckCertificate(const Examined& daemon, absl::Time now, Findings* findings) {
  if (!daemon.answer.tls()) {
    const absl::StatusOr<HostPort> address = ParseHostPort(daemon.address);
    const bool loopback = address.ok() && IsLoopback(address->host);
    findings->Check(loopback, "no TLS",
                    "anybody who reaches the port may use it: pacectl certs, then --tls-dir");
    return;
  }
  const int64_t expires_ms = daemon.answer.host().certificate_expires_ms();
  if (expires_ms == 0) {
    findings->Add(Health::kOk, "TLS", "");
    return;
  }
  const absl::Duration left = absl::FromUnixMillis(expires_ms) - now;
  const std::string hint = "renew it: pacectl certs rotate";
  if (left <= absl::ZeroDuration()) {
    findings->Add(Health::kFail, "certificate expired", hint);
    return;
  }
  findings->Check(
      left >= kCertificateWarning,
      absl::StrFormat("TLS, certificate ends in %.0f days", absl::ToDoubleHours(left) / 24), hint);
}

}  // namespace

const char* HealthName(Health health) {
  return health == Health::kOk ? "ok" : health == Health::kWarn ? "warn" : "fail";
}

std::vector<Finding> FindingsOf(const Examined& daemon, const std::string& scheduler_version,
                                absl::Time now) {
  Findings findings(SubjectOf(daemon));
  if (absl::IsUnimplemented(daemon.status)) {
    findings.Add(Health::kWarn, "reachable, and too old to be examined",
                 "run the same version everywhere");
    return findings.Take();
  }
  if (absl::IsPermissionDenied(daemon.status)) {
    findings.Add(Health::kWarn, absl::StrCat("reachable: ", daemon.status.message()),
                 "to be examined it wants the certificate of an admin");
    return findings.Take();
  }
  if (!daemon.status.ok()) {
    findings.Add(Health::kFail, absl::StrCat("not reachable from here: ", daemon.status.message()),
                 "is it running, and may this machine connect to that port?");
    return findings.Take();
  }
  const v1::InspectResponse& answer = daemon.answer;
  findings.Add(Health::kOk, absl::StrCat("reachable in ", Milliseconds(daemon.round_trip)), "");
  if (!daemon.http_error.empty()) {
    findings.Add(Health::kWarn, absl::StrCat("HTTP: ", daemon.http_error),
                 "may this machine connect to that port?");
  }
  findings.Add(answer.version() == scheduler_version ? Health::kOk : Health::kFail,
               absl::StrCat("version ", answer.version(),
                            answer.version() == scheduler_version
                                ? ""
                                : absl::StrCat(", the scheduler's is ", scheduler_version)),
               "run the same version everywhere");
  CheckClock(daemon, &findings);
  const v1::HostStatus& host = answer.host();
  CheckFree("disk", host.disk_free_bytes(), host.disk_bytes(), kLeastDiskFree,
            "make room on the file system of --data-dir: cuts and logs need it", &findings);
  CheckFree("memory", host.memory_available_bytes(), host.memory_bytes(), kLeastMemoryAvailable,
            "fewer slots, more servers, or a larger machine", &findings);
  if (host.processors() > 0) {
    findings.Check(host.load() <= kMostLoad * host.processors(),
                   absl::StrFormat("load %.2f on %d processors", host.load(), host.processors()),
                   "more runs there than it has processors for");
  }
  if (answer.descriptor_limit() > 0) {
    findings.Check(answer.descriptor_limit() >= kLeastDescriptors,
                   absl::StrCat("at most ", answer.descriptor_limit(), " open files"),
                   absl::StrCat("raise the limit to ", kLeastDescriptors,
                                " at least: LimitNOFILE= of the unit, or ulimit -n"));
  }
  CheckUse("open files", answer.descriptors(), answer.descriptor_limit(),
           "raise LimitNOFILE= of the unit, or ulimit -n", &findings);
  CheckUse("connections", answer.connections(), answer.connection_limit(),
           "look who connects so often; raise the limit on connections", &findings);
  CheckCertificate(daemon, now, &findings);
  return findings.Take();
}

std::vector<Finding> FindingsOf(const v1::Cluster& cluster, const std::vector<Examined>& daemons,
                                const std::string& own_version) {
  Findings findings("cluster");
  findings.Check(cluster.version() == own_version,
                 absl::StrCat("scheduler ", cluster.version(), ", pacectl ", own_version),
                 "use the pacectl of the cluster's version");
  if (!cluster.alarm().empty()) {
    findings.Add(Health::kFail, cluster.alarm(),
                 "look at the network between the scheduler and "
                 "the nodes");
  }
  bool servers = false;
  bool workers = false;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    servers |= node.live() && node.role() == v1::NODE_ROLE_SERVER;
    workers |= node.live() && node.role() == v1::NODE_ROLE_WORKER;
    if (node.live()) continue;
    findings.Add(Health::kFail,
                 absl::StrFormat("%s %s: silent for %.0f s", EnumWord(node.role()), node.address(),
                                 node.heartbeat_age_seconds()),
                 "is it running, and does it reach the scheduler?");
  }
  findings.Check(servers, servers ? "servers are live" : "no server is live",
                 "start paceline-server: jobs wait for one");
  findings.Check(workers, workers ? "workers are live" : "no worker is live",
                 "start paceline-worker: jobs wait for one");
  std::set<bool> tls;
  for (const Examined& daemon : daemons) {
    if (daemon.status.ok()) tls.insert(daemon.answer.tls());
  }
  if (tls.size() > 1) {
    findings.Add(Health::kFail, "some daemons have TLS and others have none",
                 "give all of them --tls-dir");
  }
  return findings.Take();
}

Finding FindingOf(const MeasuredLink& link) {
  const std::string subject = absl::StrCat(link.from, " -> ", link.to);
  if (absl::IsUnimplemented(link.status)) {
    return {Health::kWarn, subject, "too old to measure", "run the same version everywhere"};
  }
  if (!link.status.ok()) {
    return {Health::kFail, subject, std::string(link.status.message()),
            "may the one machine connect to the other's port?"};
  }
  const absl::Duration round_trip = absl::Seconds(link.answer.round_trip_seconds());
  const std::string what =
      absl::StrCat(Milliseconds(round_trip), ", ", Bytes(link.answer.send_bytes_per_second()),
                   "/s there, ", Bytes(link.answer.receive_bytes_per_second()), "/s back");
  const bool slow = link.answer.send_bytes_per_second() < kSlowBytesPerSecond ||
                    link.answer.receive_bytes_per_second() < kSlowBytesPerSecond;
  if (!slow && round_trip <= kSlowRoundTrip) return {Health::kOk, subject, what, ""};
  return {Health::kWarn, subject, what,
          "a slow link: compression in the job file helps, see docs/job-spec.md"};
}

}  // namespace paceline::cli
