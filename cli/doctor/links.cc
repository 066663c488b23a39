#include "cli/doctor/links.h"

#include <algorithm>

namespace paceline::cli {
namespace {

std::vector<DaemonAddress> LiveOf(const v1::Cluster& cluster, v1::NodeRole role, const char* name) {
  std::vector<DaemonAddress> nodes;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    if (node.live() && node.role() == role) nodes.push_back({name, node.address()});
  }
  return nodes;
}

// The n-th of one role to the n-th of the other and round again; of one role among
// themselves to the next.
void AddLinks(const std::vector<DaemonAddress>& from, const std::vector<DaemonAddress>& to,
              std::vector<Link>* links) {
  if (from.empty() || to.empty()) return;
  const size_t count = std::min(std::max(from.size(), to.size()), kMaxLinksOfRoles);
  const bool same = from.front().role == to.front().role;
  for (size_t i = 0; i < count; ++i) {
    const Link link = {from[i % from.size()], to[(i + (same ? 1 : 0)) % to.size()]};
    if (link.from.address != link.to.address) links->push_back(link);
  }
}

}  // namespace

std::vector<Link> LinksToMeasure(const v1::Cluster& cluster) {
  const std::vector<DaemonAddress> servers = LiveOf(cluster, v1::NODE_ROLE_SERVER, "server");
  const std::vector<DaemonAddress> workers = LiveOf(cluster, v1::NODE_ROLE_WORKER, "worker");
  const std::vector<DaemonAddress> scheduler = {{"scheduler", cluster.address()}};
  std::vector<Link> links;
  AddLinks(workers, servers, &links);
  AddLinks(servers, servers, &links);
  AddLinks(workers, scheduler, &links);
  AddLinks(servers, scheduler, &links);
  return links;
}

}  // namespace paceline::cli
