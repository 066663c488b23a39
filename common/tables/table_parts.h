// Pieces that the tables of several models are made of.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_TABLES_TABLE_PARTS_H_
#define PACELINE_COMMON_TABLES_TABLE_PARTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

// Errors:  InvalidArgument  `value` is not in [low, high]; names the field.
absl::Status Between(absl::string_view field, uint64_t value, uint64_t low, uint64_t high);

// A dense table [rows, dim] of zeros; its fan in is `rows`, its fan out `dim`.
v1::TableSpec DenseTable(std::string name, uint64_t rows, uint32_t dim);
v1::TableSpec DenseTable(std::string name, uint64_t rows, uint32_t dim,
                         const v1::InitializerSpec& initializer);

// The dense table, or, of kind sparse, a row of it for each key.
v1::TableSpec KeyedTable(v1::TableKind kind, v1::TableSpec table);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_TABLE_PARTS_H_
