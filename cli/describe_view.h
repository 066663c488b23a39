// Everything of a job as text for people.
#ifndef PACELINE_CLI_DESCRIBE_VIEW_H_
#define PACELINE_CLI_DESCRIBE_VIEW_H_

#include <string>

#include "proto/cluster.pb.h"

namespace paceline::cli {

struct DescribeStyle {
  bool color = true;
  // Curves are drawn.
  bool utf8 = true;
  // Ranks with what their processes take.
  bool wide = false;
};

// Summary, curves, first failure, cuts, ranks with what they wait for, the straggler,
// placement, evaluations, and events with their reasons.
//
// Thread-safe: a pure function.
std::string JobText(const v1::Job& job, const DescribeStyle& style);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DESCRIBE_VIEW_H_
