#include "server/io/shard_file.h"

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/cut/manifest.h"
#include "common/failpoint/failpoint.h"
#include "common/safetensors.h"
#include "common/status/status_macros.h"
#include "common/tables/slots.h"
#include "server/core/rows/block.h"

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
  if (!sparse.clock.has_value()) return tensors;
  tensors.push_back(Tensor{.spec = {.name = "clock", .dtype = DType::kU64, .shape = {1}},
                           .bytes = BytesOf(absl::MakeConstSpan(&*sparse.clock, 1))});
  if (!sparse.row_used.empty()) add_numbers("row_used", sparse.row_used);
  if (sparse.waiting.keys.empty()) return tensors;
  add_numbers("waiting.keys", sparse.waiting.keys);
  add_numbers("waiting.counts", sparse.waiting.counts);
  add_numbers("waiting.used", sparse.waiting.used);
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

}  // namespace

absl::StatusOr<v1::CutFile> WriteShardFile(FileSystem& fs, const std::string& dir,
                                           const v1::TableSpec& table, const v1::ShardSpec& shard,
                                           uint64_t timeline, const ShardSnapshot& snapshot) {
  const std::vector<uint8_t> finished(snapshot.finished.begin(), snapshot.finished.end());
  std::vector<Tensor> tensors = RowTensors(table, snapshot);
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
  file.set_name(ShardFileName(shard.shard()));
  file.set_shard(shard.shard());
  const std::string path = JoinPath(dir, file.name());
  const std::string temporary = absl::StrCat(path, ".tmp");
  PL_RETURN_IF_ERROR(Failpoint("server.cut.file.write"));
  PL_ASSIGN_OR_RETURN(
      const std::unique_ptr<SafetensorsWriter> writer,
      SafetensorsWriter::Create(fs, temporary, std::move(specs), Metadata(table, shard, timeline)));
  for (const Tensor& tensor : tensors) {
    PL_RETURN_IF_ERROR(writer->Append(tensor.spec.name, tensor.bytes));
  }
  PL_RETURN_IF_ERROR(Failpoint("server.cut.file.sync"));
  PL_RETURN_IF_ERROR(writer->Finish());
  PL_RETURN_IF_ERROR(Failpoint("server.cut.file.rename"));
  PL_RETURN_IF_ERROR(fs.Rename(temporary, path));
  file.set_bytes(writer->file_bytes());
  file.set_xxh3(writer->file_xxh3());
  for (const uint32_t crc32c : writer->block_crc32c()) file.add_block_crc32c(crc32c);
  return file;
}

namespace {

// Reads tensors of a shard file, each of a shape that the manifest settles.
class TensorReader {
 public:
  // After every byte of the file was compared with its entry.
  // Errors:  as ReadShardFile.
  static absl::StatusOr<TensorReader> Open(const CutFolder& folder, const v1::CutFile& entry,
                                           const v1::TableSpec& table, const v1::ShardSpec& shard,
                                           const StopRequested& stop) {
    PL_RETURN_IF_ERROR(Failpoint("server.cut.file.read"));
    PL_ASSIGN_OR_RETURN(std::unique_ptr<VerifiedFile> verified, VerifiedFile::Open(folder, entry));
    PL_RETURN_IF_ERROR(verified->VerifyAll(stop));
    const std::string path = folder.PathOf(entry.name());
    PL_ASSIGN_OR_RETURN(std::unique_ptr<SafetensorsReader> file,
                        SafetensorsReader::Open(std::move(verified), path));
    // The timeline is the cut's: it says nothing about where the rows belong.
    TensorMetadata is = file->metadata();
    is.erase("timeline");
    TensorMetadata want = Metadata(table, shard, 0);
    want.erase("timeline");
    if (is != want) {
      return absl::DataLossError(absl::StrCat(path, ": shard ", shard.shard(), " of table ",
                                              table.name(), " expected, got another"));
    }
    return TensorReader(std::move(file), path);
  }

  // A tensor of one value per entry of `shape`, read whole.
  template <typename T>
  absl::StatusOr<std::vector<T>> Read(const std::string& name, DType dtype,
                                      const std::vector<uint64_t>& shape) const {
    PL_ASSIGN_OR_RETURN(const TensorInfo* tensor, Find(name, dtype, shape));
    std::vector<T> values(tensor->bytes / sizeof(T));
    PL_RETURN_IF_ERROR(file_->Read(
        *tensor, 0, absl::MakeSpan(reinterpret_cast<char*>(values.data()), tensor->bytes)));
    return values;
  }

  absl::StatusOr<BlockRef> ReadBlock(const std::string& name,
                                     const std::vector<uint64_t>& shape) const {
    PL_ASSIGN_OR_RETURN(const TensorInfo* tensor, Find(name, DType::kF32, shape));
    PL_ASSIGN_OR_RETURN(BlockRef block, BlockRef::Create(tensor->bytes / sizeof(float)));
    PL_RETURN_IF_ERROR(file_->Read(
        *tensor, 0, absl::MakeSpan(reinterpret_cast<char*>(block.mutable_data()), tensor->bytes)));
    return block;
  }

  bool Has(const std::string& name) const { return file_->Find(name) != nullptr; }

  // Number of entries of the list `name`.
  absl::StatusOr<uint64_t> Count(const std::string& name) const {
    const TensorInfo* tensor = file_->Find(name);
    if (tensor != nullptr && tensor->spec.shape.size() == 1) return tensor->spec.shape[0];
    return absl::DataLossError(absl::StrCat(path_, ": tensor ", name, ": a list expected"));
  }

 private:
  TensorReader(std::unique_ptr<SafetensorsReader> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  absl::StatusOr<const TensorInfo*> Find(const std::string& name, DType dtype,
                                         const std::vector<uint64_t>& shape) const {
    const TensorInfo* tensor = file_->Find(name);
    if (tensor != nullptr && tensor->spec.dtype == dtype && tensor->spec.shape == shape) {
      return tensor;
    }
    return absl::DataLossError(absl::StrCat(path_, ": tensor ", name, ": ", DTypeName(dtype), " [",
                                            absl::StrJoin(shape, ", "), "] expected, got ",
                                            tensor == nullptr ? "none" : "another shape or type"));
  }

  std::unique_ptr<SafetensorsReader> file_;
  std::string path_;
};

enum class Slots { kRead, kLeave };

// What a table with limits has beside its rows. Cuts of tables without have none of it.
absl::Status ReadLimits(const TensorReader& tensors, SparseSnapshot* sparse) {
  if (!tensors.Has("clock")) return absl::OkStatus();
  PL_ASSIGN_OR_RETURN(const std::vector<uint64_t> clock,
                      tensors.Read<uint64_t>("clock", DType::kU64, {1}));
  sparse->clock = clock[0];
  if (tensors.Has("row_used")) {
    PL_ASSIGN_OR_RETURN(sparse->row_used,
                        tensors.Read<uint64_t>("row_used", DType::kU64, {sparse->keys.size()}));
  }
  if (!tensors.Has("waiting.keys")) return absl::OkStatus();
  PL_ASSIGN_OR_RETURN(const uint64_t waiting, tensors.Count("waiting.keys"));
  WaitingKeys::Snapshot& keys = sparse->waiting;
  PL_ASSIGN_OR_RETURN(keys.keys, tensors.Read<uint64_t>("waiting.keys", DType::kU64, {waiting}));
  PL_ASSIGN_OR_RETURN(keys.counts,
                      tensors.Read<uint64_t>("waiting.counts", DType::kU64, {waiting}));
  PL_ASSIGN_OR_RETURN(keys.used, tensors.Read<uint64_t>("waiting.used", DType::kU64, {waiting}));
  return absl::OkStatus();
}

absl::StatusOr<RowsSnapshot> ReadRows(const TensorReader& tensors, const v1::TableSpec& table,
                                      const v1::ShardSpec& shard, Slots which) {
  const uint64_t dim = table.dim();
  const v1::OptimizerKind optimizer = table.optimizer().kind();
  absl::Span<const std::string_view> slots;
  if (which == Slots::kRead) slots = SlotNames(optimizer);
  const auto slot_name = [](std::string_view slot) {
    return absl::StrCat("slot.", std::string(slot));
  };
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    DenseSnapshot dense;
    PL_ASSIGN_OR_RETURN(dense.rows, tensors.ReadBlock("rows", {shard.rows(), dim}));
    for (const std::string_view slot : slots) {
      PL_ASSIGN_OR_RETURN(dense.slots.emplace_back(),
                          tensors.ReadBlock(slot_name(slot), {shard.rows(), dim}));
    }
    return RowsSnapshot(std::move(dense));
  }
  SparseSnapshot sparse;
  PL_ASSIGN_OR_RETURN(const uint64_t keys, tensors.Count("keys"));
  PL_ASSIGN_OR_RETURN(sparse.keys, tensors.Read<uint64_t>("keys", DType::kU64, {keys}));
  PL_ASSIGN_OR_RETURN(sparse.rows, tensors.Read<float>("rows", DType::kF32, {keys, dim}));
  for (const std::string_view slot : slots) {
    PL_ASSIGN_OR_RETURN(sparse.slots.emplace_back(),
                        tensors.Read<float>(slot_name(slot), DType::kF32, {keys, dim}));
  }
  if (which == Slots::kRead && CountsSteps(optimizer)) {
    PL_ASSIGN_OR_RETURN(sparse.row_steps, tensors.Read<uint64_t>("row_steps", DType::kU64, {keys}));
  }
  if (which == Slots::kRead) {
    PL_RETURN_IF_ERROR(ReadLimits(tensors, &sparse));
  }
  return RowsSnapshot(std::move(sparse));
}

}  // namespace

absl::StatusOr<ShardSnapshot> ReadShardFile(const CutFolder& folder, const v1::CutFile& entry,
                                            const v1::TableSpec& table, const v1::ShardSpec& shard,
                                            uint64_t ranks, const StopRequested& stop) {
  PL_ASSIGN_OR_RETURN(const TensorReader tensors,
                      TensorReader::Open(folder, entry, table, shard, stop));
  ShardSnapshot state;
  PL_ASSIGN_OR_RETURN(state.rows, ReadRows(tensors, table, shard, Slots::kRead));
  PL_ASSIGN_OR_RETURN(state.progress, tensors.Read<uint64_t>("progress", DType::kU64, {ranks}));
  PL_ASSIGN_OR_RETURN(const std::vector<uint8_t> finished,
                      tensors.Read<uint8_t>("finished", DType::kU8, {ranks}));
  state.finished.assign(finished.begin(), finished.end());
  PL_ASSIGN_OR_RETURN(const std::vector<uint64_t> steps,
                      tensors.Read<uint64_t>("steps", DType::kU64, {1}));
  state.steps = steps[0];
  return state;
}

absl::StatusOr<RowsSnapshot> ReadShardRows(const CutFolder& folder, const v1::CutFile& entry,
                                           const v1::TableSpec& table, const v1::ShardSpec& shard,
                                           const StopRequested& stop) {
  PL_ASSIGN_OR_RETURN(const TensorReader tensors,
                      TensorReader::Open(folder, entry, table, shard, stop));
  return ReadRows(tensors, table, shard, Slots::kLeave);
}

}  // namespace paceline::server
