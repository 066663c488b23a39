#include "cli/log_level.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/grpc_status.h"
#include "common/security/identity.h"
#include "common/spec/enum_names.h"
#include "common/status/status_macros.h"
#include "proto/daemon.grpc.pb.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(10);
// Nodes that an error names.
constexpr int kMaxNamed = 10;

struct Daemon {
  // "server"; dialled as this role.
  std::string word;
  Role role = Role::kScheduler;
  // 0: the scheduler.
  uint64_t node_id = 0;
  std::string address;

  // "server 2 (s1:7071)"
  std::string Name() const {
    return absl::StrCat(word, node_id == 0 ? "" : absl::StrCat(" ", node_id), " (", address, ")");
  }
};

struct Levels {
  // Before and after; of one that was asked only, the same.
  std::string previous;
  std::string level;
};

Daemon SchedulerOf(const SchedulerClient& client) {
  // By the address that is known to answer.
  return {.word = "scheduler", .role = Role::kScheduler, .node_id = 0, .address = client.address()};
}

Daemon NodeOf(const v1::NodeStatus& node) {
  return {.word = EnumWord(node.role()),
          .role = node.role() == v1::NODE_ROLE_SERVER ? Role::kServer : Role::kWorker,
          .node_id = node.node_id(),
          .address = node.address()};
}

std::string Choices(const v1::Cluster& cluster) {
  std::string text = "scheduler";
  for (int i = 0; i < std::min(cluster.nodes_size(), kMaxNamed); ++i) {
    absl::StrAppend(&text, ", ", NodeOf(cluster.nodes(i)).Name());
  }
  const int more = cluster.nodes_size() - kMaxNamed;
  return more > 0 ? absl::StrCat(text, " and ", more, " more (pacectl cluster)") : text;
}

absl::StatusOr<Daemon> Find(const std::string& name, const v1::Cluster& cluster,
                            const SchedulerClient& client) {
  if (name == "scheduler" || name == client.address() || name == cluster.address()) {
    return SchedulerOf(client);
  }
  uint64_t node_id = 0;
  const bool number = absl::SimpleAtoi(name, &node_id);
  for (const v1::NodeStatus& node : cluster.nodes()) {
    if (number ? node.node_id() == node_id : node.address() == name) return NodeOf(node);
  }
  return absl::NotFoundError(
      absl::StrCat("no node `", name, "`; there are, by number or address: ", Choices(cluster)));
}

absl::StatusOr<std::vector<Daemon>> Named(const LogLevelOptions& options, SchedulerClient& client) {
  std::vector<Daemon> daemons;
  if (options.nodes.empty()) daemons.push_back(SchedulerOf(client));
  if (options.nodes.empty() && !options.all) return daemons;
  PL_ASSIGN_OR_RETURN(const v1::Cluster cluster, client.DescribeCluster());
  if (options.all) {
    for (const v1::NodeStatus& node : cluster.nodes()) daemons.push_back(NodeOf(node));
  }
  for (const std::string& name : options.nodes) {
    PL_ASSIGN_OR_RETURN(Daemon daemon, Find(name, cluster, client));
    const bool twice = std::any_of(daemons.begin(), daemons.end(), [&](const Daemon& known) {
      return known.node_id == daemon.node_id;
    });
    if (!twice) daemons.push_back(std::move(daemon));
  }
  return daemons;
}

// Asks, or changes where `level` is not empty.
absl::StatusOr<Levels> Call(const Daemon& daemon, const std::string& level, const Dialer& dialer,
                            Environment& env) {
  const auto stub = v1::Daemon::NewStub(dialer.Dial(daemon.address, daemon.role));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(kCallTimeout));
  const Interrupt::Scope scope(&env.interrupt, [&] { context.TryCancel(); });
  if (level.empty()) {
    v1::InspectResponse response;
    PL_RETURN_IF_ERROR(FromGrpcStatus(stub->Inspect(&context, v1::InspectRequest(), &response)));
    return Levels{.previous = response.log_level(), .level = response.log_level()};
  }
  v1::SetLogLevelRequest request;
  request.set_level(level);
  v1::SetLogLevelResponse response;
  PL_RETURN_IF_ERROR(FromGrpcStatus(stub->SetLogLevel(&context, request, &response)));
  return Levels{.previous = response.previous(), .level = level};
}

nlohmann::ordered_json Json(const Daemon& daemon, const absl::StatusOr<Levels>& levels) {
  nlohmann::ordered_json json = {{"role", daemon.word}};
  // As in `pacectl cluster`: 64 bits are a string.
  if (daemon.node_id != 0) json["node_id"] = absl::StrCat(daemon.node_id);
  json["address"] = daemon.address;
  if (levels.ok()) {
    json["previous"] = levels->previous;
    json["log_level"] = levels->level;
  } else {
    json["error"] = std::string(levels.status().message());
  }
  return json;
}

}  // namespace

absl::StatusOr<ExitCode> DaemonLogLevel(const LogLevelOptions& options, OutputFormat format,
                                        SchedulerClient& client, const Dialer& dialer,
                                        Environment& env) {
  PL_ASSIGN_OR_RETURN(const std::vector<Daemon> daemons, Named(options, client));
  nlohmann::ordered_json json = {{"daemons", nlohmann::ordered_json::array()}};
  ExitCode code = ExitCode::kOk;
  for (const Daemon& daemon : daemons) {
    const absl::StatusOr<Levels> levels = Call(daemon, options.level, dialer, env);
    if (env.interrupt.requested()) return ExitCode::kInterrupted;
    json["daemons"].push_back(Json(daemon, levels));
    if (!levels.ok()) {
      env.err << daemon.Name() << ": " << levels.status().message() << std::endl;
      if (code == ExitCode::kOk) code = ExitCodeOf(levels.status());
    } else if (!IsData(format)) {
      env.out << daemon.Name() << ": "
              << (options.level.empty() ? "" : absl::StrCat(levels->previous, " -> "))
              << levels->level << std::endl;
    }
  }
  if (IsData(format)) PrintData(json.dump(1), format, env.out);
  return code;
}

}  // namespace paceline::cli
