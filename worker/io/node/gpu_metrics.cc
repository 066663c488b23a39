#include "worker/io/node/gpu_metrics.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace paceline::worker {
namespace {

struct Fact {
  const char* name;
  const char* help;
  std::optional<double> (*value)(const v1::GpuStatus& gpu);
};

template <typename T>
std::optional<double> If(bool known, T value) {
  return known ? std::optional<double>(static_cast<double>(value)) : std::nullopt;
}

constexpr Fact kFacts[] = {
    {"memory_bytes", "Memory of the GPU.",
     [](const v1::GpuStatus& gpu) { return If(true, gpu.memory_bytes()); }},
    {"memory_used_bytes", "Memory of the GPU that is in use, by whomever.",
     [](const v1::GpuStatus& gpu) {
       return If(gpu.has_memory_used_bytes(), gpu.memory_used_bytes());
     }},
    {"utilization_ratio", "Part of the last second in which the GPU computed.",
     [](const v1::GpuStatus& gpu) {
       return If(gpu.has_utilization_percent(), gpu.utilization_percent() / 100.0);
     }},
    {"temperature_celsius", "Temperature of the GPU.",
     [](const v1::GpuStatus& gpu) {
       return If(gpu.has_temperature_celsius(), gpu.temperature_celsius());
     }},
    {"ecc_errors_total",
     "Memory errors of the GPU that were not corrected, since the driver was loaded.",
     [](const v1::GpuStatus& gpu) { return If(gpu.has_ecc_errors(), gpu.ecc_errors()); }},
};

}  // namespace

void AddGpuMetrics(const std::vector<v1::GpuStatus>& gpus, metrics::Scrape* out) {
  for (const Fact& fact : kFacts) {
    metrics::Description what = {.name = absl::StrCat("paceline_worker_gpu_", fact.name),
                                 .help = fact.help,
                                 .labels = {"gpu", "name"}};
    metrics::Samples samples = absl::EndsWith(fact.name, "_total") ? out->Counters(std::move(what))
                                                                   : out->Gauges(std::move(what));
    for (const v1::GpuStatus& gpu : gpus) {
      const std::optional<double> value = fact.value(gpu);
      if (value.has_value()) samples.Add({absl::StrCat(gpu.ordinal()), gpu.name()}, *value);
    }
  }
}

}  // namespace paceline::worker
