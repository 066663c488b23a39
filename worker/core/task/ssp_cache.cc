#include "worker/core/task/ssp_cache.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/check.h"

namespace paceline::worker {

SspCache::SspCache(const ShardLayout* layout, const SspCacheOptions& options)
    : layout_(layout), options_(options), tables_(layout->tables()) {
  uint64_t sparse = 0;
  for (uint32_t t = 0; t < tables_.size(); ++t) sparse += layout->sparse(t) ? 1 : 0;
  for (uint32_t t = 0; t < tables_.size(); ++t) {
    if (layout->sparse(t)) {
      const uint64_t row_bytes = layout->dim(t) * sizeof(float) + sizeof(Row);
      tables_[t].capacity_rows = std::min<uint64_t>(options.capacity_bytes / sparse / row_bytes,
                                                    std::numeric_limits<uint32_t>::max());
    } else {
      tables_[t].versions.resize(layout->shards(t).size());
    }
  }
}

bool SspCache::Fresh(uint64_t version, uint64_t iteration) const {
  return iteration <= options_.staleness || version >= iteration - options_.staleness;
}

std::vector<TableNeeds> SspCache::Fill(uint64_t iteration, Parameters* parameters) {
  std::vector<TableNeeds> needs(tables_.size());
  for (uint32_t t = 0; t < tables_.size(); ++t) {
    Table& table = tables_[t];
    needs[t].all = false;
    if (!layout_->sparse(t)) {
      for (uint32_t s = 0; s < table.versions.size(); ++s) {
        if (table.versions[s].has_value() && Fresh(*table.versions[s], iteration)) {
          ++hits_;
        } else {
          needs[t].missing.push_back(s);
        }
      }
      continue;
    }
    const size_t dim = layout_->dim(t);
    TableRows& rows = (*parameters)[t];
    for (uint32_t i = 0; i < rows.keys.size(); ++i) {
      const auto found = table.index.find(rows.keys[i]);
      if (found == table.index.end() || !Fresh(table.rows[found->second].version, iteration)) {
        needs[t].missing.push_back(i);
        continue;
      }
      table.rows[found->second].used = true;
      std::memcpy(&rows.rows[i * dim], &table.values[found->second * dim], dim * sizeof(float));
      ++hits_;
    }
  }
  return needs;
}

void SspCache::Store(const PullFrame& frame, const v1::PullResponse& response,
                     const Parameters& parameters) {
  PL_CHECK_EQ(response.blocks_size(), frame.targets.size());
  for (size_t b = 0; b < frame.targets.size(); ++b) {
    const PullTarget& target = frame.targets[b];
    const uint64_t version = response.blocks(static_cast<int>(b)).version();
    Table& table = tables_[target.table];
    if (!layout_->sparse(target.table)) {
      table.versions[target.index] = version;
      continue;
    }
    const uint32_t dim = layout_->dim(target.table);
    const TableRows& rows = parameters[target.table];
    for (const uint32_t position : target.positions) {
      StoreRow(&table, dim, rows.keys[position], version,
               &rows.rows[static_cast<size_t>(position) * dim]);
    }
  }
}

void SspCache::StoreRow(Table* table, uint32_t dim, uint64_t key, uint64_t version,
                        const float* values) {
  if (table->capacity_rows == 0) return;
  uint32_t slot = 0;
  const auto found = table->index.find(key);
  if (found != table->index.end()) {
    slot = found->second;
  } else if (table->rows.size() < table->capacity_rows) {
    slot = static_cast<uint32_t>(table->rows.size());
    table->rows.emplace_back();
    table->values.resize(table->values.size() + dim);
    table->index[key] = slot;
  } else {
    while (table->rows[table->hand].used) {
      table->rows[table->hand].used = false;
      table->hand = (table->hand + 1) % table->rows.size();
    }
    slot = table->hand;
    table->hand = (table->hand + 1) % table->rows.size();
    table->index.erase(table->rows[slot].key);
    table->index[key] = slot;
  }
  Row& row = table->rows[slot];
  row.key = key;
  row.version = version;
  row.used = true;
  std::memcpy(&table->values[static_cast<size_t>(slot) * dim], values, dim * sizeof(float));
}

uint64_t SspCache::bytes() const {
  uint64_t bytes = 0;
  for (uint32_t t = 0; t < tables_.size(); ++t) {
    bytes += tables_[t].rows.size() * (layout_->dim(t) * sizeof(float) + sizeof(Row));
  }
  return bytes;
}

}  // namespace paceline::worker
