// A worker's GPUs for Prometheus.
//
//   paceline_worker_gpu_temperature_celsius{gpu="0",name="NVIDIA H100"} 41
//
// Pure functions.
#ifndef PACELINE_WORKER_IO_NODE_GPU_METRICS_H_
#define PACELINE_WORKER_IO_NODE_GPU_METRICS_H_

#include <vector>

#include "common/metrics/scrape.h"
#include "proto/cluster.pb.h"

namespace paceline::worker {

// What is not known of a GPU has no sample.
void AddGpuMetrics(const std::vector<v1::GpuStatus>& gpus, metrics::Scrape* out);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_GPU_METRICS_H_
