// The shard map as a rank reads it: the shards of each table, in order, and the
// bucket of a key.
#ifndef PACELINE_WORKER_CORE_TASK_SHARD_LAYOUT_H_
#define PACELINE_WORKER_CORE_TASK_SHARD_LAYOUT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/tables/sharding.h"
#include "proto/node.pb.h"

namespace paceline::worker {

// One shard. dense: rows [first_row, first_row + rows). sparse: bucket `bucket`.
struct LayoutShard {
  uint32_t shard = 0;
  uint32_t server = 0;
  uint64_t first_row = 0;
  uint64_t rows = 0;
  uint32_t bucket = 0;
};

// Tables are numbered as in ShardMap.tables and Model::tables(). Immutable.
class ShardLayout {
 public:
  // `tables` are the model's: what the rank has buffers for.
  // Errors:  InvalidArgument  the map and the model disagree about a table, the
  //                           shards are not what the tables are cut into, or a
  //                           shard's server is out of range. Names both values.
  static absl::StatusOr<ShardLayout> Create(const v1::ShardMap& map,
                                            absl::Span<const v1::TableSpec> tables);

  size_t tables() const { return tables_.size(); }
  uint32_t servers() const { return servers_; }
  bool sparse(uint32_t table) const { return tables_[table].sparse; }
  uint32_t dim(uint32_t table) const { return tables_[table].dim; }
  // How gradients and weights of the table travel.
  v1::Codec push_codec(uint32_t table) const { return tables_[table].push_codec; }
  v1::Codec pull_codec(uint32_t table) const { return tables_[table].pull_codec; }
  // push_codec is topk.
  double topk_ratio(uint32_t table) const { return tables_[table].topk_ratio; }
  double topk_momentum(uint32_t table) const { return tables_[table].topk_momentum; }
  // Whether the rank chooses a codec (auto), or leaves something behind, for any table.
  bool pushes_auto() const { return pushes_auto_; }
  bool pulls_auto() const { return pulls_auto_; }
  bool leaves_residuals() const { return leaves_residuals_; }
  // dense: rows of the table; sparse: 0.
  uint64_t rows(uint32_t table) const { return tables_[table].rows; }

  // dense: by first row. sparse: by bucket.
  absl::Span<const LayoutShard> shards(uint32_t table) const { return tables_[table].shards; }
  // Shards of all tables.
  uint32_t shard_count() const { return static_cast<uint32_t>(places_.size()); }

  // Where shard `shard` < shard_count() is: shards(table)[index].
  struct Place {
    uint32_t table = 0;
    uint32_t index = 0;
  };
  Place place(uint32_t shard) const { return places_[shard]; }

  // Index in shards(table) of the shard that holds `key`; sparse tables only.
  uint32_t BucketOf(uint32_t table, uint64_t key) const {
    return BucketOfKey(key, static_cast<uint32_t>(tables_[table].shards.size()));
  }

 private:
  struct Table {
    bool sparse = false;
    uint32_t dim = 0;
    uint64_t rows = 0;
    v1::Codec push_codec = v1::CODEC_FLOAT32;
    v1::Codec pull_codec = v1::CODEC_FLOAT32;
    double topk_ratio = 0;
    double topk_momentum = 0;
    std::vector<LayoutShard> shards;
  };
  ShardLayout() = default;

  std::vector<Table> tables_;
  bool pushes_auto_ = false;
  bool pulls_auto_ = false;
  bool leaves_residuals_ = false;
  uint32_t servers_ = 0;
  std::vector<Place> places_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_SHARD_LAYOUT_H_
