#include "tests/sim/toy_model.h"

#include <algorithm>
#include <set>

#include "common/random.h"

namespace paceline::sim {
namespace {

// Of the first table.
constexpr uint32_t kDim = 3;

enum Stream : uint64_t { kKeyStream = 1, kTouchStream = 2, kNoiseStream = 3 };

uint64_t Index(uint32_t rank, uint64_t t, uint64_t i) {
  return (t << 32) | (uint64_t{rank} << 16) | i;
}

v1::TableSpec Table(const char* name, v1::TableKind kind, uint64_t rows, uint32_t dim,
                    ToyModel::Kind model) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(kind);
  table.set_rows(rows);
  table.set_dim(dim);
  if (model == ToyModel::Kind::kCounting) {
    table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_ZEROS);
    table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADD);
  } else {
    table.mutable_initializer()->set_kind(v1::INITIALIZER_KIND_NORMAL);
    table.mutable_initializer()->set_scale(1.0f);
    table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_MOMENTUM);
    table.mutable_optimizer()->set_learning_rate(0.1);
    table.mutable_optimizer()->set_momentum(0.5);
  }
  return table;
}

}  // namespace

ToyModel::ToyModel(Kind kind, uint64_t seed, uint32_t ranks)
    : kind_(kind), seed_(seed), ranks_(ranks) {
  tables_.push_back(Table("dense0", v1::TABLE_KIND_DENSE, 1 + ranks, kDim, kind));
  tables_.push_back(Table("dense1", v1::TABLE_KIND_DENSE, 1, 7, kind));
  tables_.push_back(Table("dense2", v1::TABLE_KIND_DENSE, 9, 1, kind));
  tables_.push_back(Table("sparse", v1::TABLE_KIND_SPARSE, 0, 2, kind));
}

std::vector<std::vector<uint64_t>> ToyModel::Keys(uint32_t rank, uint64_t t) const {
  std::set<uint64_t> keys;
  for (uint64_t i = 0; i < 4; ++i) {
    keys.insert(RandomBelow(kKeys, seed_, kKeyStream, Index(rank, t, i)));
  }
  std::vector<std::vector<uint64_t>> all(tables_.size());
  all[kSparseTable].assign(keys.begin(), keys.end());
  return all;
}

bool ToyModel::Touches(uint32_t rank, uint64_t t, uint32_t table) const {
  // The first table is always touched: its value counts all iterations.
  return table == 0 || RandomBelow(4, seed_, kTouchStream, Index(rank, t, table)) != 0;
}

std::shared_ptr<const worker::TableRows> ToyModel::Gradient(uint32_t rank, uint64_t t,
                                                            uint32_t table,
                                                            const worker::TableRows& rows) const {
  auto gradient = std::make_shared<worker::TableRows>();
  gradient->keys = rows.keys;
  gradient->rows.resize(rows.rows.size(), 1.0f);
  if (kind_ == Kind::kLearning) {
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      const float noise = RandomNormal(seed_, kNoiseStream + table, Index(rank, t, i));
      gradient->rows[i] = (0.3f * rows.rows[i] + noise) / static_cast<float>(ranks_);
    }
  } else if (table == 0) {
    for (size_t i = kDim; i < gradient->rows.size(); ++i) {
      gradient->rows[i] = i / kDim == 1 + rank ? 1.0f : 0.0f;
    }
  }
  return gradient;
}

uint64_t ToyModel::ExpectedDense(uint32_t table, uint64_t row, uint64_t iterations) const {
  if (table == 0 && row > 0) return iterations;
  uint64_t sum = 0;
  for (uint32_t rank = 0; rank < ranks_; ++rank) {
    for (uint64_t t = 0; t < iterations; ++t) sum += Touches(rank, t, table) ? 1 : 0;
  }
  return sum;
}

uint64_t ToyModel::ExpectedSparse(uint64_t key, uint64_t iterations) const {
  uint64_t sum = 0;
  for (uint32_t rank = 0; rank < ranks_; ++rank) {
    for (uint64_t t = 0; t < iterations; ++t) {
      if (!Touches(rank, t, kSparseTable)) continue;
      const std::vector<uint64_t> keys = Keys(rank, t)[kSparseTable];
      sum += std::count(keys.begin(), keys.end(), key);
    }
  }
  return sum;
}

}  // namespace paceline::sim
