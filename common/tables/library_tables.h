// The tables of a model that users bring, as model.library.tables lists them, in name order:
// rows 0 of a dense one becomes the number of features, dim 0 that of classes.
//
// The scheduler loads no library: what a job says of its tables is all that there is.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_COMMON_TABLES_LIBRARY_TABLES_H_
#define PACELINE_COMMON_TABLES_LIBRARY_TABLES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

inline constexpr int kMaxLibraryTables = 256;

// 1 to 63 of [a-z0-9._/-], parted by single slashes, every part beginning with a letter or
// digit; no name ends in .keys or .rows, as the tensors do that exports make of sparse tables.
bool IsLibraryTableName(absl::string_view name);

// `model` has its defaults. Without optimizers and codecs.
// Errors:  InvalidArgument  naming the field, what is expected and what came: the number of
//                           tables, a name that is not one or is there twice, rows or dim out
//                           of range.
absl::StatusOr<std::vector<v1::TableSpec>> LibraryTables(const v1::ModelSpec& model,
                                                         uint64_t features, uint32_t classes);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_LIBRARY_TABLES_H_
