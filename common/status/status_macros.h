// Early return for absl::Status and absl::StatusOr.
//
//   absl::Status Save(FileSystem& fs) {
//     PL_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.OpenForWrite("a"));
//     PL_RETURN_IF_ERROR(file->Append("x"));
//     return file->Close();
//   }
//
// Both work in functions that return Status or StatusOr.
#ifndef PACELINE_COMMON_STATUS_STATUS_MACROS_H_
#define PACELINE_COMMON_STATUS_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the Status that the expression yields, unless it is OK.
#define PL_RETURN_IF_ERROR(...)                                      \
  do {                                                               \
    if (absl::Status pl_status_ = (__VA_ARGS__); !pl_status_.ok()) { \
      return pl_status_;                                             \
    }                                                                \
  } while (false)

// PL_ASSIGN_OR_RETURN(lhs, expression): assigns the value of a StatusOr, or
// returns its error. `lhs` may declare a variable; a type with a comma in it
// needs an alias or auto.
#define PL_ASSIGN_OR_RETURN(lhs, ...) \
  PL_ASSIGN_OR_RETURN_IMPL_(PL_STATUS_CONCAT_(pl_status_or_, __LINE__), lhs, __VA_ARGS__)

#define PL_ASSIGN_OR_RETURN_IMPL_(status_or, lhs, ...)       \
  auto status_or = (__VA_ARGS__);                            \
  if (!status_or.ok()) return std::move(status_or).status(); \
  lhs = *std::move(status_or)

#define PL_STATUS_CONCAT_(a, b) PL_STATUS_CONCAT_IMPL_(a, b)
#define PL_STATUS_CONCAT_IMPL_(a, b) a##b

#endif  // PACELINE_COMMON_STATUS_STATUS_MACROS_H_
