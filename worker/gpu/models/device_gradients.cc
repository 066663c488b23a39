#include "worker/gpu/models/device_gradients.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::worker {

absl::StatusOr<DeviceGradients> DeviceGradients::Create(gpu::Gpu* gpu,
                                                        const std::vector<v1::TableSpec>& tables) {
  PL_ASSIGN_OR_RETURN(gpu::Stream stream, gpu::Stream::Create(gpu));
  std::vector<Table> on_device;
  for (const v1::TableSpec& spec : tables) {
    const std::string what = absl::StrCat("the gradient of table ", spec.name());
    PL_ASSIGN_OR_RETURN(CopyOut copy, CopyOut::Create(gpu, what));
    on_device.push_back(Table{.device = gpu::DeviceBuffer(gpu, what), .copy = std::move(copy)});
  }
  return DeviceGradients(std::move(stream), std::move(on_device));
}

absl::StatusOr<float*> DeviceGradients::Place(int table, uint64_t values) {
  Table& place = tables_[table];
  PL_RETURN_IF_ERROR(place.device.Reserve(values * sizeof(float)));
  place.values = values;
  return place.device.as<float>();
}

absl::Status DeviceGradients::Leave(int table, float* host, const gpu::Stream& compute) {
  Table& place = tables_[table];
  return place.copy.Start(place.device.data(), place.values * sizeof(float), host, compute,
                          stream_);
}

absl::Status DeviceGradients::Arrive(int table) { return tables_[table].copy.Finish(); }

void DeviceGradients::Drain() {
  for (const Table& table : tables_) table.copy.copied().Synchronize().IgnoreError();
}

void DeviceGradients::Trace(int table, StepTrace* trace, uint64_t iteration) const {
  const Table& place = tables_[table];
  trace->Add(TraceTrack::kCopyOut, "D2H", iteration, place.copy.begun(), place.copy.copied(),
             place.values * sizeof(float));
}

}  // namespace paceline::worker
