// A model small enough to know everything about, in two forms.
//
//   counting  every iteration adds 1 to every value of the dense tables and to the
//             rows of a few keys: sums are exact and known. The first table tells
//             whose iterations it holds: row 0 counts all, row 1 + r those of rank r
//   learning  gradients depend on the rows that were read and on (rank, t), with
//             values whose sum depends on the order of addition: the bytes at the
//             end tell every wrong read and every wrong order
//
// Some iterations leave a table out: its shards advance with empty updates.
#ifndef PACELINE_TESTS_SIM_TOY_MODEL_H_
#define PACELINE_TESTS_SIM_TOY_MODEL_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "proto/node.pb.h"
#include "worker/core/model.h"

namespace paceline::sim {

class ToyModel {
 public:
  enum class Kind { kCounting, kLearning };

  ToyModel(Kind kind, uint64_t seed, uint32_t ranks);

  // Three dense tables and a sparse one, in name order.
  const std::vector<v1::TableSpec>& tables() const { return tables_; }

  // Of iteration t of `rank`, one entry per table.
  std::vector<std::vector<uint64_t>> Keys(uint32_t rank, uint64_t t) const;
  // Whether iteration t of `rank` touches the table.
  bool Touches(uint32_t rank, uint64_t t, uint32_t table) const;
  // The gradient of one table, shaped as its rows.
  std::shared_ptr<const worker::TableRows> Gradient(uint32_t rank, uint64_t t, uint32_t table,
                                                    const worker::TableRows& rows) const;

  // counting: what the values of `row` of dense table `table` are after iterations
  // [0, iterations) of all ranks, and what the rows of `key` are.
  uint64_t ExpectedDense(uint32_t table, uint64_t row, uint64_t iterations) const;
  uint64_t ExpectedSparse(uint64_t key, uint64_t iterations) const;

  static constexpr uint64_t kKeys = 40;
  static constexpr uint32_t kSparseTable = 3;

 private:
  const Kind kind_;
  const uint64_t seed_;
  const uint32_t ranks_;
  std::vector<v1::TableSpec> tables_;
};

}  // namespace paceline::sim

#endif  // PACELINE_TESTS_SIM_TOY_MODEL_H_
