// The shard files of a cut as whole tables.
//
//   dense table t:    array t         float32 [rows, dim]
//   sparse table t:   array t.keys    uint64 [n], ascending
//                     array t.rows    float32 [n, dim], in the order of the keys
//
// Nothing is held whole in memory: dense shards are copied in pieces, sparse ones
// merged by key.
#ifndef PACELINE_CLI_EXPORT_CUT_TABLES_H_
#define PACELINE_CLI_EXPORT_CUT_TABLES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"
#include "common/safetensors.h"
#include "common/safetensors_header.h"
#include "proto/node.pb.h"

namespace paceline::cli {

// Takes the bytes of an array, in order.
using ByteSink = std::function<absl::Status(absl::string_view bytes)>;

// Owned by one thread.
class CutTables {
 public:
  // Opens all shard files of the manifest in `folder`.
  // Errors: DataLoss  a shard file whose tensors are not as the manifest says.
  static absl::StatusOr<std::unique_ptr<CutTables>> Open(FileSystem& fs, const std::string& folder,
                                                         const v1::CutManifest& manifest);

  // In the order of table names.
  const std::vector<TensorSpec>& arrays() const { return specs_; }

  // The bytes of arrays()[index].
  // Errors: DataLoss  keys that do not ascend.
  absl::Status Write(size_t index, const ByteSink& sink) const;

 private:
  enum class Part { kDenseRows, kKeys, kSparseRows };
  // By first row, or by bucket.
  using Shards = std::vector<std::unique_ptr<SafetensorsReader>>;

  struct Array {
    Part part;
    // Index in shards_.
    size_t table;
  };

  CutTables() = default;
  absl::Status Declare(const v1::TableSpec& table, size_t index);

  std::vector<Shards> shards_;
  std::vector<Array> arrays_;
  std::vector<TensorSpec> specs_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_CUT_TABLES_H_
