#include "cli/drain.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/json/proto_json.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(500);

std::string NameOf(const v1::NodeStatus& node) {
  return absl::StrCat(node.role() == v1::NODE_ROLE_SERVER ? "server " : "worker ", node.node_id(),
                      " (", node.address(), ")");
}

// What a person reads of it.
std::string Text(const v1::NodeStatus& node) {
  if (!node.drain_requested()) return absl::StrCat(NameOf(node), " takes new work");
  if (node.drain_waits_for().empty()) return absl::StrCat(NameOf(node), " is drained");
  return absl::StrCat(NameOf(node), " drains: ", node.drain_waits_for());
}

absl::StatusOr<v1::NodeStatus> FindNode(uint64_t node_id, SchedulerClient& client) {
  PL_ASSIGN_OR_RETURN(const v1::Cluster cluster, client.DescribeCluster());
  for (const v1::NodeStatus& node : cluster.nodes()) {
    if (node.node_id() == node_id) return node;
  }
  return absl::NotFoundError(absl::StrCat("node ", node_id, " does not exist any more"));
}

// Until the node holds nothing; its last state.
absl::StatusOr<v1::NodeStatus> WaitUntilEmpty(v1::NodeStatus node, absl::Duration timeout,
                                              SchedulerClient& client, Environment& env) {
  const absl::Duration until = env.clock.Monotonic() + timeout;
  std::string shown;
  while (node.drain_requested() && !node.drain_waits_for().empty()) {
    if (std::string text = Text(node); text != shown) {
      env.err << text << std::endl;
      shown = text;
    }
    const absl::Duration now = env.clock.Monotonic();
    if (now >= until) return absl::DeadlineExceededError(Text(node));
    if (env.interrupt.WaitFor(env.clock, std::min(kLookEvery, until - now))) {
      return absl::CancelledError(absl::StrCat(Text(node), "; take it back with --undo"));
    }
    PL_ASSIGN_OR_RETURN(node, FindNode(node.node_id(), client));
  }
  return node;
}

}  // namespace

absl::StatusOr<ExitCode> Drain(const DrainOptions& options, OutputFormat format,
                               SchedulerClient& client, Environment& env) {
  v1::DrainNodeRequest request;
  uint64_t node_id = 0;
  if (absl::SimpleAtoi(options.node, &node_id)) {
    request.set_node_id(node_id);
  } else {
    request.set_address(options.node);
  }
  request.set_undo(options.undo);
  request.set_reason(options.reason);
  PL_ASSIGN_OR_RETURN(v1::NodeStatus node, client.DrainNode(request));
  if (options.wait && !options.undo) {
    PL_ASSIGN_OR_RETURN(node, WaitUntilEmpty(std::move(node), options.timeout, client, env));
  }
  if (format == OutputFormat::kJson) {
    env.out << ProtoToJson(node, JsonLayout::kIndented) << std::endl;
  } else {
    env.out << Text(node) << std::endl;
  }
  return ExitCode::kOk;
}

}  // namespace paceline::cli
