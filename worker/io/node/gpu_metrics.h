// A worker's GPUs for Prometheus.
//
//   paceline_worker_gpu_temperature_celsius{gpu="0",name="NVIDIA H100"} 41
//
// Pure functions.
#ifndef PACELINE_WORKER_IO_NODE_GPU_METRICS_H_
#define PACELINE_WORKER_IO_NODE_GPU_METRICS_H_

#include <string>
#include <vector>

#include "proto/cluster.pb.h"

namespace paceline::worker {

// A family for each fact that is known of any of them; what is not known of a GPU has no
// line. Empty without GPUs.
std::string GpuMetrics(const std::vector<v1::GpuStatus>& gpus);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_GPU_METRICS_H_
