// The rows of an export (cli/export/cut_tables.h) as models compute with them.
//
//   dense table    all its rows
//   sparse table   the rows of the keys asked for; a key that the file lacks, since no push
//                  has named it, has its initial row, as servers give it to ranks
//
// Memory: 8 bytes for each row of sparse tables, whose values stay in the file.
#ifndef PACELINE_CLI_WEIGHTS_EXPORTED_ROWS_H_
#define PACELINE_CLI_WEIGHTS_EXPORTED_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/safetensors.h"
#include "proto/node.pb.h"
#include "server/core/rows/initializer.h"
#include "worker/core/model.h"

namespace paceline::cli {

// Immutable.
class ExportedRows {
 public:
  // `file` is the export `path` and outlives it. `tables` are those of the model, `seed` is
  // that of the job. Errors name the file and the table.
  // Errors:  InvalidArgument  a table is missing or has another shape, or its initializer
  //                           cannot be.
  //          DataLoss         keys that do not ascend. Those of reading.
  static absl::StatusOr<std::unique_ptr<ExportedRows>> Open(const std::string& path,
                                                            const SafetensorsReader* file,
                                                            std::vector<v1::TableSpec> tables,
                                                            uint64_t seed);

  // The rows of dense tables; sparse tables have none yet.
  absl::StatusOr<worker::Parameters> Dense() const;

  // Puts the rows of `keys`, those of each sparse table ascending and distinct, into
  // `parameters`, which Dense returned. `keys` has one entry for each table.
  absl::Status ReadSparse(std::vector<std::vector<uint64_t>> keys,
                          worker::Parameters* parameters) const;

 private:
  struct Table {
    v1::TableSpec spec;
    const TensorInfo* rows = nullptr;
    // Sparse only: those in the file, in the order of its rows, and what others have.
    std::vector<uint64_t> keys;
    std::optional<server::Initializer> initializer;
  };

  ExportedRows(const SafetensorsReader* file, std::vector<Table> tables)
      : file_(file), tables_(std::move(tables)) {}

  absl::Status ReadRows(const Table& table, uint64_t first, uint64_t count, float* out) const;
  absl::Status FillRows(const Table& table, worker::TableRows* rows) const;

  const SafetensorsReader* const file_;
  const std::vector<Table> tables_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WEIGHTS_EXPORTED_ROWS_H_
