// Jobs as text for people.
#ifndef PACELINE_CLI_JOB_VIEWS_H_
#define PACELINE_CLI_JOB_VIEWS_H_

#include <cstdint>
#include <string>

#include "proto/cluster.pb.h"

namespace paceline::cli {

// "accuracy 0.9495, loss 0.1730": what was measured.
std::string EvalText(const v1::EvalResult& eval);

// "finished", "waits: rank 1 is at iteration 3", "ended: exit code 3", or nothing.
std::string RankStateText(const v1::RankStatus& rank);

// One line per job; `wide`: with more columns. `now_ms`: milliseconds since 1970.
std::string JobTable(const v1::ListJobsResponse& jobs, int64_t now_ms, bool wide, bool color);

// The run summary, one value per line.
std::string SummaryText(const v1::RunSummary& summary, bool color);

// Why a job failed or was cancelled: the reason, then the first failure with its rank,
// host, cause and last log lines, and how many followed.
std::string FailureText(const v1::Job& job);

// A line for each node that is drained or about to end, with what it still waits for, below
// an empty one; nothing where there is none.
std::string DrainText(const v1::Cluster& cluster);

// Daemons and jobs of a cluster; `wide`: with more columns.
std::string ClusterText(const v1::Cluster& cluster, bool wide);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_JOB_VIEWS_H_
