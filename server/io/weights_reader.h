// Reads the shards that start from a file of weights (StartSpec.weights), in the form
// that `pacectl export` writes:
//
//   dense table t:    tensor t         F32 [rows, dim]
//   sparse table t:   tensors t.keys   U64 [n], ascending
//                             t.rows   F32 [n, dim]
#ifndef PACELINE_SERVER_IO_WEIGHTS_READER_H_
#define PACELINE_SERVER_IO_WEIGHTS_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/cut/verified_file.h"
#include "common/fs.h"
#include "common/safetensors.h"
#include "proto/node.pb.h"
#include "server/core/shard.h"

namespace paceline::server {

// Thread-compatible.
class WeightsReader {
 public:
  // `order.restore` names the file; the shards to be read are those of its map that
  // are this node's. `fs` and `order` outlive the reader.
  WeightsReader(FileSystem* fs, const v1::ServerJobOrder& order, uint64_t node_id,
                StopRequested stop);

  // A shard without slots or progress; nothing if the file does not hold its table.
  // Errors:  InvalidArgument  not a safetensors file, a tensor of another shape, keys
  //                           that do not ascend, a value that is not finite: says
  //                           where, what was expected and what came.
  //          Cancelled        `stop` said so; and those of the file system.
  absl::StatusOr<std::optional<ShardSnapshot>> Read(const v1::TableSpec& table,
                                                    const v1::ShardSpec& shard);

 private:
  using Buckets = std::map<std::uint32_t, SparseSnapshot>;

  absl::Status Open();
  absl::StatusOr<DenseSnapshot> ReadDense(const TensorInfo& tensor, const v1::TableSpec& table,
                                          const v1::ShardSpec& shard) const;
  // This node's buckets of the table, all in one pass over the file.
  absl::StatusOr<Buckets> ReadSparse(const TensorInfo& keys, const v1::TableSpec& table,
                                     const v1::ShardSpec& shard) const;
  absl::Status ReadFloats(const TensorInfo& tensor, const v1::TableSpec& table,
                          std::uint64_t first_row, absl::Span<float> out) const;
  absl::Status Problem(absl::string_view what) const;

  FileSystem* const fs_;
  const v1::ServerJobOrder& order_;
  const std::uint64_t node_id_;
  const StopRequested stop_;
  std::unique_ptr<SafetensorsReader> file_;
  // Of the sparse table that was read last.
  std::optional<std::uint32_t> sparse_table_;
  Buckets buckets_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_WEIGHTS_READER_H_
