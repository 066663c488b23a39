#include "server/io/cut_writer.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/failpoint/failpoint.h"
#include "common/safetensors.h"
#include "common/status/status_macros.h"
#include "common/tables/slots.h"
#include "server/core/shard.h"

namespace paceline::server {
namespace {

template <typename T>
absl::string_view BytesOf(absl::Span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// A tensor and where its bytes lie.
struct Tensor {
  TensorSpec spec;
  absl::string_view bytes;
};

// The tensors of a shard, in the order of the file. Views of `snapshot`.
std::vector<Tensor> RowTensors(const v1::TableSpec& table, const ShardSnapshot& snapshot) {
  const uint64_t dim = table.dim();
  const absl::Span<const std::string_view> slots = SlotNames(table.optimizer().kind());
  std::vector<Tensor> tensors;
  const auto add_rows = [&](std::string name, absl::Span<const float> rows) {
    tensors.push_back(Tensor{
        .spec = {.name = std::move(name), .dtype = DType::kF32, .shape = {rows.size() / dim, dim}},
        .bytes = BytesOf(rows)});
  };
  const auto slot_name = [&](size_t i) { return absl::StrCat("slot.", std::string(slots[i])); };
  if (const auto* dense = std::get_if<DenseSnapshot>(&snapshot.rows)) {
    add_rows("rows", dense->rows->floats());
    for (size_t i = 0; i < dense->slots.size(); ++i) {
      add_rows(slot_name(i), dense->slots[i]->floats());
    }
    return tensors;
  }
  const auto& sparse = std::get<SparseSnapshot>(snapshot.rows);
  const auto add_numbers = [&](std::string name, const std::vector<uint64_t>& numbers) {
    tensors.push_back(
        Tensor{.spec = {.name = std::move(name), .dtype = DType::kU64, .shape = {numbers.size()}},
               .bytes = BytesOf(absl::MakeConstSpan(numbers))});
  };
  add_numbers("keys", sparse.keys);
  add_rows("rows", sparse.rows);
  for (size_t i = 0; i < sparse.slots.size(); ++i) add_rows(slot_name(i), sparse.slots[i]);
  if (CountsSteps(table.optimizer().kind())) add_numbers("row_steps", sparse.row_steps);
  return tensors;
}

TensorMetadata Metadata(const v1::TableSpec& table, const v1::ShardSpec& shard, uint64_t timeline) {
  TensorMetadata metadata = {{"format_version", absl::StrCat(kCutFormatVersion)},
                             {"table", table.name()},
                             {"shard", absl::StrCat(shard.shard())},
                             {"timeline", absl::StrCat(timeline)}};
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    metadata["first_row"] = absl::StrCat(shard.first_row());
  } else {
    metadata["bucket"] = absl::StrCat(shard.bucket());
  }
  return metadata;
}

absl::StatusOr<v1::CutFile> WriteShard(FileSystem& fs, const std::string& dir, const Shard& shard,
                                       uint64_t timeline) {
  PL_ASSIGN_OR_RETURN(const ShardSnapshot snapshot, shard.Snapshot());
  const std::vector<uint8_t> finished(snapshot.finished.begin(), snapshot.finished.end());
  std::vector<Tensor> tensors = RowTensors(shard.table(), snapshot);
  tensors.push_back(Tensor{
      .spec = {.name = "progress", .dtype = DType::kU64, .shape = {snapshot.progress.size()}},
      .bytes = BytesOf(absl::MakeConstSpan(snapshot.progress))});
  tensors.push_back(
      Tensor{.spec = {.name = "finished", .dtype = DType::kU8, .shape = {finished.size()}},
             .bytes = BytesOf(absl::MakeConstSpan(finished))});
  tensors.push_back(Tensor{.spec = {.name = "steps", .dtype = DType::kU64, .shape = {1}},
                           .bytes = BytesOf(absl::MakeConstSpan(&snapshot.steps, 1))});

  std::vector<TensorSpec> specs;
  for (const Tensor& tensor : tensors) specs.push_back(tensor.spec);
  v1::CutFile file;
  file.set_name(CutFileName(shard.spec().shard()));
  file.set_shard(shard.spec().shard());
  const std::string path = JoinPath(dir, file.name());
  const std::string temporary = absl::StrCat(path, ".tmp");
  PL_RETURN_IF_ERROR(Failpoint("server.cut.file.write"));
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<SafetensorsWriter> writer,
                      SafetensorsWriter::Create(fs, temporary, std::move(specs),
                                                Metadata(shard.table(), shard.spec(), timeline)));
  for (const Tensor& tensor : tensors) {
    PL_RETURN_IF_ERROR(writer->Append(tensor.spec.name, tensor.bytes));
  }
  PL_RETURN_IF_ERROR(Failpoint("server.cut.file.sync"));
  PL_RETURN_IF_ERROR(writer->Finish());
  PL_RETURN_IF_ERROR(Failpoint("server.cut.file.rename"));
  PL_RETURN_IF_ERROR(fs.Rename(temporary, path));
  file.set_bytes(writer->file_bytes());
  file.set_xxh3(writer->file_xxh3());
  return file;
}

absl::Status WriteFiles(FileSystem& fs, const ServerJob& job, const v1::CutOrder& cut,
                        const std::function<bool()>& cancelled, v1::CutReport* report) {
  PL_RETURN_IF_ERROR(job.ReadyForCut());
  PL_RETURN_IF_ERROR(fs.CreateDirs(cut.dir()));
  for (const std::unique_ptr<Shard>& shard : job.shards()) {
    if (cancelled && cancelled()) return absl::CancelledError("the job was closed meanwhile");
    PL_ASSIGN_OR_RETURN(*report->add_files(),
                        WriteShard(fs, cut.dir(), *shard, job.map().timeline()));
  }
  PL_RETURN_IF_ERROR(Failpoint("server.cut.dir.sync"));
  return fs.SyncDir(cut.dir());
}

}  // namespace

std::string CutFileName(uint32_t shard) { return absl::StrFormat("shard-%06d.safetensors", shard); }

v1::CutReport WriteCut(FileSystem& fs, const ServerJob& job, const v1::CutOrder& cut,
                       const std::function<bool()>& cancelled) {
  v1::CutReport report;
  report.set_cut_id(cut.cut_id());
  const absl::Status written = WriteFiles(fs, job, cut, cancelled, &report);
  if (written.ok()) {
    report.set_done(true);
  } else {
    report.clear_files();
    report.set_error(absl::StrCat("cut ", cut.cut_id(), ": ", std::string(written.message())));
  }
  return report;
}

}  // namespace paceline::server
