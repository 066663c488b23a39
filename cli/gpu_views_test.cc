#include "cli/gpu_views.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace paceline::cli {
namespace {

TEST_CASE("a summary says on what a job computed, and why") {
  v1::RunSummary summary;
  summary.set_device("auto");
  CHECK(DeviceText(summary) == "auto");
  summary.set_device("cuda");
  summary.set_device_name("NVIDIA H100");
  summary.set_device_reason("asked for");
  CHECK(DeviceText(summary) == "cuda (NVIDIA H100): asked for");
  summary.set_device("emulated");
  summary.set_device_name("emulated");
  CHECK(DeviceText(summary) == "emulated: asked for");
}

TEST_CASE("GPUs are a table, and who has none says why") {
  v1::Cluster cluster;
  CHECK(GpuText(cluster).empty());
  v1::NodeStatus* worker = cluster.add_nodes();
  worker->set_address("w1:7072");
  v1::GpuStatus* gpu = worker->add_gpus();
  gpu->set_name("NVIDIA H100");
  gpu->set_memory_bytes(uint64_t{80} << 30);
  gpu->set_memory_used_bytes(uint64_t{3} << 29);
  gpu->set_utilization_percent(97);
  gpu->set_temperature_celsius(41);
  gpu->set_ecc_errors(0);
  gpu->set_job_id(7);
  // Nobody monitors it.
  gpu = worker->add_gpus();
  gpu->set_ordinal(1);
  gpu->set_name("Tesla T4");
  gpu->set_memory_bytes(uint64_t{15} << 30);
  for (int i = 2; i < 9; ++i) {
    v1::NodeStatus* without = cluster.add_nodes();
    without->set_address(absl::StrCat("w", i));
    without->set_no_gpu_reason(i == 8 ? "no driver" : "this build has no CUDA toolkit");
  }
  CHECK(GpuText(cluster) ==
        "WORKER   GPU  NAME         MEMORY  USED     BUSY  TEMP  ECC  JOB\n"
        "w1:7072  0    NVIDIA H100  80 GiB  1.5 GiB  97%   41 C  0    7\n"
        "w1:7072  1    Tesla T4     15 GiB                            \n"
        "no GPU on w8: no driver\n"
        "no GPU on w2, w3, w4, w5, w6 and 1 more: this build has no CUDA toolkit\n");
}

}  // namespace
}  // namespace paceline::cli
