// Jobs as text for people.
#ifndef PACELINE_CLI_JOB_VIEWS_H_
#define PACELINE_CLI_JOB_VIEWS_H_

#include <cstdint>
#include <string>

#include "proto/cluster.pb.h"

namespace paceline::cli {

// "accuracy 0.9495, loss 0.1730": what was measured.
std::string EvalText(const v1::EvalResult& eval);

// One line per job. `now_ms`: milliseconds since 1970.
std::string JobTable(const v1::ListJobsResponse& jobs, int64_t now_ms, bool color);

// The run summary, one value per line.
std::string SummaryText(const v1::RunSummary& summary, bool color);

// Everything of a job: summary, ranks with what they wait for, placement, evaluations,
// events.
std::string JobText(const v1::Job& job, bool color);

// Why a job failed or was cancelled: the reason, then the first failure with its rank,
// host, cause and last log lines, and how many followed.
std::string FailureText(const v1::Job& job);

// Daemons and jobs of a cluster.
std::string ClusterText(const v1::Cluster& cluster);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_JOB_VIEWS_H_
