#include "worker/io/node/gpu_metrics.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace paceline::worker {
namespace {

struct Family {
  const char* name;
  const char* type;
  const char* help;
  std::optional<double> (*value)(const v1::GpuStatus& gpu);
};

template <typename T>
std::optional<double> If(bool known, T value) {
  return known ? std::optional<double>(static_cast<double>(value)) : std::nullopt;
}

constexpr Family kFamilies[] = {
    {"memory_bytes", "gauge", "Memory of the GPU.",
     [](const v1::GpuStatus& gpu) { return If(true, gpu.memory_bytes()); }},
    {"memory_used_bytes", "gauge", "Memory of the GPU that is in use, by whomever.",
     [](const v1::GpuStatus& gpu) {
       return If(gpu.has_memory_used_bytes(), gpu.memory_used_bytes());
     }},
    {"utilization_ratio", "gauge", "Part of the last second in which the GPU computed.",
     [](const v1::GpuStatus& gpu) {
       return If(gpu.has_utilization_percent(), gpu.utilization_percent() / 100.0);
     }},
    {"temperature_celsius", "gauge", "Temperature of the GPU.",
     [](const v1::GpuStatus& gpu) {
       return If(gpu.has_temperature_celsius(), gpu.temperature_celsius());
     }},
    {"ecc_errors_total", "counter",
     "Memory errors of the GPU that were not corrected, since the driver was loaded.",
     [](const v1::GpuStatus& gpu) { return If(gpu.has_ecc_errors(), gpu.ecc_errors()); }},
};

// As Prometheus wants label values.
std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
}

// Bytes in full, not as 8.59e+10.
std::string Number(double value) {
  const auto whole = static_cast<uint64_t>(value);
  return static_cast<double>(whole) == value ? absl::StrCat(whole) : absl::StrCat(value);
}

}  // namespace

std::string GpuMetrics(const std::vector<v1::GpuStatus>& gpus) {
  std::string text;
  for (const Family& family : kFamilies) {
    const std::string name = absl::StrCat("paceline_worker_gpu_", family.name);
    std::string lines;
    for (const v1::GpuStatus& gpu : gpus) {
      const std::optional<double> value = family.value(gpu);
      if (!value.has_value()) continue;
      absl::StrAppend(&lines, name, "{gpu=\"", gpu.ordinal(), "\",name=\"", Escaped(gpu.name()),
                      "\"} ", Number(*value), "\n");
    }
    if (lines.empty()) continue;
    absl::StrAppend(&text, "# HELP ", name, " ", family.help, "\n# TYPE ", name, " ", family.type,
                    "\n", lines);
  }
  return text;
}

}  // namespace paceline::worker
