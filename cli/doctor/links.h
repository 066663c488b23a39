// Which connections between daemons a doctor measures.
#ifndef PACELINE_CLI_DOCTOR_LINKS_H_
#define PACELINE_CLI_DOCTOR_LINKS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "proto/cluster.pb.h"

namespace paceline::cli {

// For each pair of roles, so that a large cluster is examined in seconds.
inline constexpr size_t kMaxLinksOfRoles = 4;

struct DaemonAddress {
  std::string role;
  std::string address;
};

struct Link {
  DaemonAddress from;
  DaemonAddress to;
};

// Of the live daemons: from workers to servers, from workers and servers to the scheduler,
// and between servers; of each at most kMaxLinksOfRoles, of as many daemons as possible.
//
// Thread-safe: a pure function.
std::vector<Link> LinksToMeasure(const v1::Cluster& cluster);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DOCTOR_LINKS_H_
