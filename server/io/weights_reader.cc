#include "server/io/weights_reader.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"
#include "server/core/rows/block.h"

namespace paceline::server {
namespace {

// Of a sparse table read at once.
constexpr std::uint64_t kPieceBytes = std::uint64_t{8} << 20;

std::string Text(const TensorInfo* tensor) {
  if (tensor == nullptr) return "none";
  return absl::StrCat(DTypeName(tensor->spec.dtype), " [", absl::StrJoin(tensor->spec.shape, ", "),
                      "]");
}

template <typename T>
absl::Span<char> Bytes(absl::Span<T> values) {
  return absl::MakeSpan(reinterpret_cast<char*>(values.data()), values.size() * sizeof(T));
}

}  // namespace

WeightsReader::WeightsReader(FileSystem* fs, const v1::ServerJobOrder& order, uint64_t node_id,
                             StopRequested stop)
    : fs_(fs), order_(order), node_id_(node_id), stop_(std::move(stop)) {}

absl::Status WeightsReader::Problem(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(order_.restore().weights_file(), ": ", what));
}

absl::Status WeightsReader::Open() {
  if (file_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<SafetensorsReader>> file =
      SafetensorsReader::Open(*fs_, order_.restore().weights_file());
  if (absl::IsDataLoss(file.status())) return absl::InvalidArgumentError(file.status().message());
  PL_RETURN_IF_ERROR(file.status());
  file_ = *std::move(file);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ShardSnapshot>> WeightsReader::Read(const v1::TableSpec& table,
                                                                 const v1::ShardSpec& shard) {
  PL_RETURN_IF_ERROR(Open());
  ShardSnapshot state;
  state.progress.assign(order_.ranks(), 0);
  state.finished.assign(order_.ranks(), false);
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    const TensorInfo* rows = file_->Find(table.name());
    if (rows == nullptr) return std::nullopt;
    PL_ASSIGN_OR_RETURN(state.rows, ReadDense(*rows, table, shard));
    return state;
  }
  if (sparse_table_ != shard.table()) {
    const TensorInfo* keys = file_->Find(absl::StrCat(table.name(), ".keys"));
    if (keys == nullptr) return std::nullopt;
    PL_ASSIGN_OR_RETURN(buckets_, ReadSparse(*keys, table, shard));
    sparse_table_ = shard.table();
  }
  state.rows = std::exchange(buckets_[shard.bucket()], {});
  return state;
}

absl::Status WeightsReader::ReadFloats(const TensorInfo& tensor, const v1::TableSpec& table,
                                       uint64_t first_row, absl::Span<float> out) const {
  const uint64_t dim = table.dim();
  PL_RETURN_IF_ERROR(file_->Read(tensor, first_row * dim * sizeof(float), Bytes(out)));
  const auto bad =
      std::find_if_not(out.begin(), out.end(), [](float v) { return std::isfinite(v); });
  if (bad == out.end()) return absl::OkStatus();
  const auto at = static_cast<uint64_t>(bad - out.begin());
  return Problem(absl::StrCat("tensor ", tensor.spec.name, ", row ", first_row + at / dim,
                              ", column ", at % dim, ": a finite number expected, got ", *bad));
}

absl::StatusOr<DenseSnapshot> WeightsReader::ReadDense(const TensorInfo& tensor,
                                                       const v1::TableSpec& table,
                                                       const v1::ShardSpec& shard) const {
  const std::vector<uint64_t> shape = {table.rows(), table.dim()};
  if (tensor.spec.dtype != DType::kF32 || tensor.spec.shape != shape) {
    return Problem(absl::StrCat("tensor ", table.name(), ": F32 [", absl::StrJoin(shape, ", "),
                                "] expected, got ", Text(&tensor)));
  }
  if (stop_ && stop_()) return absl::CancelledError("closed while opening");
  DenseSnapshot dense;
  PL_ASSIGN_OR_RETURN(dense.rows, BlockRef::Create(shard.rows() * table.dim()));
  PL_RETURN_IF_ERROR(
      ReadFloats(tensor, table, shard.first_row(),
                 absl::MakeSpan(dense.rows.mutable_data(), shard.rows() * table.dim())));
  return dense;
}

absl::StatusOr<WeightsReader::Buckets> WeightsReader::ReadSparse(const TensorInfo& keys,
                                                                 const v1::TableSpec& table,
                                                                 const v1::ShardSpec& shard) const {
  const uint64_t dim = table.dim();
  if (keys.spec.dtype != DType::kU64 || keys.spec.shape.size() != 1) {
    return Problem(
        absl::StrCat("tensor ", keys.spec.name, ": U64 [n] expected, got ", Text(&keys)));
  }
  const uint64_t count = keys.spec.shape[0];
  const std::string rows_name = absl::StrCat(table.name(), ".rows");
  const TensorInfo* rows = file_->Find(rows_name);
  const std::vector<uint64_t> shape = {count, dim};
  if (rows == nullptr || rows->spec.dtype != DType::kF32 || rows->spec.shape != shape) {
    return Problem(absl::StrCat("tensor ", rows_name, ": F32 [", absl::StrJoin(shape, ", "),
                                "] expected, got ", Text(rows)));
  }
  Buckets buckets;
  for (const v1::ShardSpec& other : order_.map().shards()) {
    const v1::ShardServer& server = order_.map().servers(static_cast<int>(other.server()));
    if (other.table() == shard.table() && server.node_id() == node_id_) buckets[other.bucket()];
  }
  const uint64_t piece = std::max<uint64_t>(1, kPieceBytes / (dim * sizeof(float)));
  std::vector<uint64_t> some_keys;
  std::vector<float> some_rows;
  std::optional<uint64_t> last;
  for (uint64_t first = 0; first < count; first += piece) {
    if (stop_ && stop_()) return absl::CancelledError("closed while opening");
    const uint64_t now = std::min(piece, count - first);
    some_keys.resize(now);
    some_rows.resize(now * dim);
    PL_RETURN_IF_ERROR(
        file_->Read(keys, first * sizeof(uint64_t), Bytes(absl::MakeSpan(some_keys))));
    PL_RETURN_IF_ERROR(ReadFloats(*rows, table, first, absl::MakeSpan(some_rows)));
    for (uint64_t i = 0; i < now; ++i) {
      if (last.has_value() && some_keys[i] <= *last) {
        return Problem(absl::StrCat("tensor ", keys.spec.name, ", entry ", first + i,
                                    ": a key greater than ", *last, " expected, got ",
                                    some_keys[i]));
      }
      last = some_keys[i];
      const auto bucket = buckets.find(BucketOfKey(some_keys[i], shard.buckets()));
      if (bucket == buckets.end()) continue;
      bucket->second.keys.push_back(some_keys[i]);
      const auto row = some_rows.begin() + static_cast<std::ptrdiff_t>(i * dim);
      bucket->second.rows.insert(bucket->second.rows.end(), row,
                                 row + static_cast<std::ptrdiff_t>(dim));
    }
  }
  return buckets;
}

}  // namespace paceline::server
