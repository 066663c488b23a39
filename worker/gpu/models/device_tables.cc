#include "worker/gpu/models/device_tables.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::worker {

absl::StatusOr<DeviceTables> DeviceTables::Create(gpu::Gpu* gpu,
                                                  const std::vector<v1::TableSpec>& tables) {
  PL_ASSIGN_OR_RETURN(gpu::Stream stream, gpu::Stream::Create(gpu));
  std::vector<Table> on_device;
  for (const v1::TableSpec& spec : tables) {
    const std::string rows = absl::StrCat("rows of table ", spec.name());
    const std::string keys = absl::StrCat("keys of table ", spec.name());
    PL_ASSIGN_OR_RETURN(CopyIn copy_rows, CopyIn::Create(gpu, rows));
    PL_ASSIGN_OR_RETURN(CopyIn copy_keys, CopyIn::Create(gpu, keys));
    on_device.push_back(Table{.dim = spec.dim(),
                              .rows = gpu::DeviceBuffer(gpu, rows),
                              .keys = gpu::DeviceBuffer(gpu, keys),
                              .copy_rows = std::move(copy_rows),
                              .copy_keys = std::move(copy_keys)});
  }
  return DeviceTables(std::move(stream), std::move(on_device));
}

absl::Status DeviceTables::Upload(int table, absl::Span<const float> rows, uint64_t version) {
  return Copy(&tables_[table], rows, version);
}

absl::Status DeviceTables::Wait() {
  for (const Table& table : tables_) PL_RETURN_IF_ERROR(table.copy_rows.copied().Synchronize());
  return absl::OkStatus();
}

absl::Status DeviceTables::Bring(const Parameters& parameters, const gpu::Stream& compute) {
  for (size_t t = 0; t < tables_.size(); ++t) {
    Table& table = tables_[t];
    const TableRows& source = parameters[t];
    if (source.version == 0 || source.version != table.version) {
      PL_RETURN_IF_ERROR(Copy(&table, source.rows, source.version));
    }
    PL_RETURN_IF_ERROR(table.copy_rows.copied().HoldBack(compute));
    if (source.keys.empty()) continue;
    const uint64_t bytes = source.keys.size() * sizeof(uint64_t);
    PL_RETURN_IF_ERROR(table.keys.Reserve(bytes));
    PL_RETURN_IF_ERROR(
        table.copy_keys.Start(source.keys.data(), bytes, table.keys.data(), stream_));
    PL_RETURN_IF_ERROR(table.copy_keys.copied().HoldBack(compute));
  }
  return absl::OkStatus();
}

void DeviceTables::Forget() {
  for (Table& table : tables_) table.version = 0;
}

void DeviceTables::Trace(StepTrace* trace, uint64_t iteration) {
  for (Table& table : tables_) {
    if (!std::exchange(table.copied, false)) continue;
    trace->Add(TraceTrack::kCopyIn, "H2D", iteration, table.copy_rows.begun(),
               table.copy_rows.copied(), table.row_count * table.dim * sizeof(float));
  }
}

absl::Status DeviceTables::Copy(Table* table, absl::Span<const float> rows, uint64_t version) {
  table->version = 0;
  table->row_count = rows.size() / table->dim;
  const uint64_t bytes = rows.size() * sizeof(float);
  PL_RETURN_IF_ERROR(table->rows.Reserve(bytes));
  PL_RETURN_IF_ERROR(table->copy_rows.Start(rows.data(), bytes, table->rows.data(), stream_));
  table->version = version;
  table->copied = true;
  return absl::OkStatus();
}

}  // namespace paceline::worker
