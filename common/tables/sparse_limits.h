// Limits of a model's sparse tables: model.sparse of the job spec, table by table.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_TABLES_SPARSE_LIMITS_H_
#define PACELINE_COMMON_TABLES_SPARSE_LIMITS_H_

#include <optional>
#include <string>
#include <vector>

#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline {

// What is wrong with a field of `model.sparse`, whose path is `field`.
struct SparseProblem {
  std::string field;
  std::string message;
};

// Sets TableSpec.sparse of those of `tables` that are sparse and limited in anything.
// `sparse` has its defaults. Returns the first thing that cannot be: limits without a sparse
// table, a table that there is not or is dense.
std::optional<SparseProblem> SetSparseLimits(const v1::SparseSpec& sparse,
                                             std::vector<v1::TableSpec>* tables);

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_SPARSE_LIMITS_H_
