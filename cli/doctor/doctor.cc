#include "cli/doctor/doctor.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/dialer.h"
#include "cli/doctor/findings.h"
#include "cli/doctor/links.h"
#include "cli/doctor/tcp_check.h"
#include "cli/scheduler_client.h"
#include "common/daemon/address.h"
#include "common/rpc/grpc_status.h"
#include "common/spec/enum_names.h"
#include "common/status/status_macros.h"
#include "common/version/version.h"
#include "proto/daemon.grpc.pb.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kInspectTimeout = absl::Seconds(5);
constexpr absl::Duration kPortTimeout = absl::Seconds(2);
// Of one direction of a link, and for the whole measurement.
constexpr uint32_t kMeasureMs = 200;
constexpr absl::Duration kMeasureTimeout = absl::Seconds(10);

Role RoleOf(const std::string& name) {
  return name == "server" ? Role::kServer : name == "worker" ? Role::kWorker : Role::kScheduler;
}

void SetTimeout(absl::Duration timeout, grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(timeout));
}

// Empty: well, or a port that is meant for its own machine only.
std::string HttpError(const std::string& address, const std::string& http_address) {
  const absl::StatusOr<HostPort> grpc = ParseHostPort(address);
  const absl::StatusOr<HostPort> http = ParseHostPort(http_address);
  if (!grpc.ok() || !http.ok()) return "";
  if (IsLoopback(http->host) && !IsLoopback(grpc->host)) return "";
  return std::string(CheckTcpPort(*http, kPortTimeout).message());
}

Examined Examine(const DaemonAddress& daemon, const std::string& http_address, const Dialer& dialer,
                 Environment& env) {
  Examined examined = {.role = daemon.role, .address = daemon.address};
  const auto stub = v1::Daemon::NewStub(dialer.Dial(daemon.address, RoleOf(daemon.role)));
  const auto inspect = [&] {
    grpc::ClientContext context;
    SetTimeout(kInspectTimeout, &context);
    const Interrupt::Scope scope(&env.interrupt, [&] { context.TryCancel(); });
    return FromGrpcStatus(stub->Inspect(&context, v1::InspectRequest(), &examined.answer));
  };
  // The first call connects, the second one is timed.
  examined.status = inspect();
  if (!examined.status.ok()) return examined;
  const absl::Time begin = env.clock.Now();
  const absl::Duration start = env.clock.Monotonic();
  examined.status = inspect();
  examined.round_trip = env.clock.Monotonic() - start;
  examined.asked = begin + examined.round_trip / 2;
  examined.http_error = HttpError(daemon.address, http_address);
  return examined;
}

MeasuredLink Measure(const Link& link, const Dialer& dialer, Environment& env) {
  MeasuredLink measured = {.from = absl::StrCat(link.from.role, " ", link.from.address),
                           .to = absl::StrCat(link.to.role, " ", link.to.address)};
  const auto stub = v1::Daemon::NewStub(dialer.Dial(link.from.address, RoleOf(link.from.role)));
  v1::MeasureLinkRequest request;
  request.set_address(link.to.address);
  request.set_role(link.to.role);
  request.set_duration_ms(kMeasureMs);
  grpc::ClientContext context;
  SetTimeout(kMeasureTimeout, &context);
  const Interrupt::Scope scope(&env.interrupt, [&] { context.TryCancel(); });
  measured.status = FromGrpcStatus(stub->MeasureLink(&context, request, &measured.answer));
  return measured;
}

// Says what is found as it is found.
class Report {
 public:
  Report(OutputFormat format, Environment& env) : format_(format), env_(env) {}

  void Add(const Finding& finding) {
    worst_ = std::max(worst_, finding.health);
    if (IsData(format_)) {
      json_["findings"].push_back({{"health", HealthName(finding.health)},
                                   {"subject", finding.subject},
                                   {"what", finding.what},
                                   {"hint", finding.hint}});
      return;
    }
    std::string health = HealthName(finding.health);
    health.resize(4, ' ');
    if (env_.color && env_.out_is_terminal) {
      const char* colour = finding.health == Health::kOk     ? "32"
                           : finding.health == Health::kWarn ? "33"
                                                             : "31";
      health = absl::StrCat("\x1b[", colour, "m", health, "\x1b[0m");
    }
    env_.out << health << "  " << finding.subject << ": " << finding.what << "\n";
    if (!finding.hint.empty()) env_.out << "      " << finding.hint << "\n";
    env_.out << std::flush;
  }
  void Add(const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) Add(finding);
  }

  ExitCode Finish() {
    if (IsData(format_)) {
      json_["health"] = HealthName(worst_);
      PrintData(json_.dump(1), format_, env_.out);
    }
    return worst_ == Health::kFail ? ExitCode::kFailed : ExitCode::kOk;
  }

 private:
  const OutputFormat format_;
  Environment& env_;
  Health worst_ = Health::kOk;
  nlohmann::ordered_json json_ = {{"health", ""}, {"findings", nlohmann::ordered_json::array()}};
};

}  // namespace

absl::StatusOr<ExitCode> Doctor(const DoctorOptions& options, OutputFormat format,
                                SchedulerClient& client, const Dialer& dialer, Environment& env) {
  PL_ASSIGN_OR_RETURN(const v1::Cluster cluster, client.DescribeCluster());
  Report report(format, env);
  std::vector<Examined> daemons;
  const auto examine = [&](const DaemonAddress& daemon, const std::string& http_address) {
    daemons.push_back(Examine(daemon, http_address, dialer, env));
    report.Add(FindingsOf(daemons.back(), cluster.version(), env.clock.Now()));
  };
  // By the address that is known to answer.
  examine({"scheduler", client.address()}, cluster.http_address());
  for (const v1::NodeStatus& node : cluster.nodes()) {
    if (env.interrupt.requested()) return ExitCode::kInterrupted;
    if (node.live()) examine({EnumWord(node.role()), node.address()}, node.http_address());
  }
  report.Add(FindingsOf(cluster, daemons, std::string(kVersion)));
  if (options.bandwidth) {
    for (const Link& link : LinksToMeasure(cluster)) {
      if (env.interrupt.requested()) return ExitCode::kInterrupted;
      report.Add(FindingOf(Measure(link, dialer, env)));
    }
  }
  return env.interrupt.requested() ? ExitCode::kInterrupted : report.Finish();
}

}  // namespace paceline::cli
