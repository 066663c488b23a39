#include "cli/gpu_views.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/bytes_text.h"
#include "cli/table.h"

namespace paceline::cli {
namespace {

// Workers of one reason that are named; more are counted.
constexpr size_t kMaxNamed = 5;

std::string If(bool known, const std::string& text) { return known ? text : ""; }

void AddGpu(const v1::NodeStatus& node, const v1::GpuStatus& gpu, TextTable* table) {
  table->Add({node.address(), absl::StrCat(gpu.ordinal()), gpu.name(),
              Bytes(static_cast<double>(gpu.memory_bytes())),
              If(gpu.has_memory_used_bytes(), Bytes(static_cast<double>(gpu.memory_used_bytes()))),
              If(gpu.has_utilization_percent(), absl::StrCat(gpu.utilization_percent(), "%")),
              If(gpu.has_temperature_celsius(), absl::StrCat(gpu.temperature_celsius(), " C")),
              If(gpu.has_ecc_errors(), absl::StrCat(gpu.ecc_errors())),
              If(gpu.job_id() != 0, absl::StrCat(gpu.job_id()))});
}

}  // namespace

std::string DeviceText(const v1::RunSummary& summary) {
  std::string text = summary.device();
  if (!summary.device_name().empty() && summary.device_name() != summary.device()) {
    absl::StrAppend(&text, " (", summary.device_name(), ")");
  }
  if (!summary.device_reason().empty()) absl::StrAppend(&text, ": ", summary.device_reason());
  return text;
}

std::string GpuText(const v1::Cluster& cluster) {
  TextTable table({"WORKER", "GPU", "NAME", "MEMORY", "USED", "BUSY", "TEMP", "ECC", "JOB"});
  bool any = false;
  // Workers by the reason why they have none.
  std::map<std::string, std::vector<std::string>> without;
  for (const v1::NodeStatus& node : cluster.nodes()) {
    for (const v1::GpuStatus& gpu : node.gpus()) AddGpu(node, gpu, &table);
    any = any || !node.gpus().empty();
    if (!node.no_gpu_reason().empty()) without[node.no_gpu_reason()].push_back(node.address());
  }
  std::string text = any ? table.ToString() : "";
  for (auto& [reason, workers] : without) {
    const size_t count = workers.size();
    if (count > kMaxNamed) workers.resize(kMaxNamed);
    absl::StrAppend(&text, "no GPU on ", absl::StrJoin(workers, ", "),
                    count > kMaxNamed ? absl::StrCat(" and ", count - kMaxNamed, " more") : "",
                    ": ", reason, "\n");
  }
  return text;
}

}  // namespace paceline::cli
