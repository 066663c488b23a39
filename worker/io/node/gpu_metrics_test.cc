#include "worker/io/node/gpu_metrics.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/metrics/registry.h"

namespace paceline::worker {
namespace {

TEST_CASE("GPUs in the form of Prometheus, as far as something is known of them") {
  std::vector<v1::GpuStatus> gpus(2);
  gpus[0].set_name("NVIDIA H100");
  gpus[0].set_memory_bytes(85'520'809'984);
  gpus[0].set_memory_used_bytes(1'234'567'890);
  gpus[0].set_utilization_percent(97);
  gpus[0].set_temperature_celsius(41);
  gpus[0].set_ecc_errors(2);
  gpus[1].set_ordinal(3);
  gpus[1].set_name("a \"b\"\\\n");
  gpus[1].set_memory_bytes(16);
  gpus[1].set_temperature_celsius(0);
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddGpuMetrics(gpus, out); });
  const std::string text = registry.Text();
  for (const char* lines :
       {"# TYPE paceline_worker_gpu_memory_bytes gauge\n"
        "paceline_worker_gpu_memory_bytes{gpu=\"0\",name=\"NVIDIA H100\"} 85520809984\n"
        "paceline_worker_gpu_memory_bytes{gpu=\"3\",name=\"a \\\"b\\\"\\\\\\n\"} 16\n",
        "# TYPE paceline_worker_gpu_memory_used_bytes gauge\n"
        "paceline_worker_gpu_memory_used_bytes{gpu=\"0\",name=\"NVIDIA H100\"} 1234567890\n#",
        "# TYPE paceline_worker_gpu_utilization_ratio gauge\n"
        "paceline_worker_gpu_utilization_ratio{gpu=\"0\",name=\"NVIDIA H100\"} 0.97\n",
        "# TYPE paceline_worker_gpu_temperature_celsius gauge\n"
        "paceline_worker_gpu_temperature_celsius{gpu=\"0\",name=\"NVIDIA H100\"} 41\n"
        "paceline_worker_gpu_temperature_celsius{gpu=\"3\",name=\"a \\\"b\\\"\\\\\\n\"} 0\n",
        "# TYPE paceline_worker_gpu_ecc_errors_total counter\n"
        "paceline_worker_gpu_ecc_errors_total{gpu=\"0\",name=\"NVIDIA H100\"} 2\n"}) {
    CHECK_THAT(text, Catch::Contains(lines));
  }
}

TEST_CASE("Without GPUs there are no samples") {
  metrics::Registry registry;
  registry.AddCollector([&](metrics::Scrape* out) { AddGpuMetrics({}, out); });
  CHECK_THAT(registry.Text(), !Catch::Contains("gpu="));
}

}  // namespace
}  // namespace paceline::worker
