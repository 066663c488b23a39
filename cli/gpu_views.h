// What people are shown of GPUs.
//
// Pure functions.
#ifndef PACELINE_CLI_GPU_VIEWS_H_
#define PACELINE_CLI_GPU_VIEWS_H_

#include <string>

#include "proto/cluster.pb.h"

namespace paceline::cli {

// "cuda (NVIDIA H100): asked for", "cpu: auto, and the worker has no GPU: no driver".
std::string DeviceText(const v1::RunSummary& summary);

// A table of the GPUs of all workers, and who of them has none and why; empty if nobody
// says anything of GPUs.
std::string GpuText(const v1::Cluster& cluster);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_GPU_VIEWS_H_
