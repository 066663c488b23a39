#include "worker/core/task/pull_plan.h"

#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/copy_floats.h"
#include "common/key_lists/key_list.h"
#include "common/status/status_macros.h"
#include "worker/core/task/bucket_split.h"

namespace paceline::worker {
namespace {

// Packs blocks into one open frame per server.
class Packer {
 public:
  Packer(const ShardLayout& layout, const PullHeader& header, FrameLimits limits)
      : layout_(layout), header_(header), limits_(limits), open_(layout.servers()) {
    for (uint32_t server = 0; server < layout.servers(); ++server) Open(server);
  }

  absl::Status Add(const LayoutShard& shard, PullTarget target, absl::Span<const uint64_t> keys) {
    if (!header_.exact) target.codec = layout_.pull_codec(target.table);
    if (target.codec == v1::CODEC_AUTO) target.codec = header_.auto_codec;
    const bool delta = target.codec == v1::CODEC_DELTA;
    const uint64_t bytes =
        EncodedBytes(WholeCodec(target.codec), target.rows * layout_.dim(target.table));
    const uint64_t key_bytes = target.positions.size() * sizeof(uint64_t);
    if (bytes > limits_.most || key_bytes > limits_.most) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "table ", target.table, ", shard ", shard.shard, ": one batch reads ", bytes,
          " bytes of it, a frame holds at most ", limits_.most, ": make the batch smaller"));
    }
    Frame& frame = open_[shard.server];
    if (!frame.pull.targets.empty() && frame.pull.reply_bytes + bytes > limits_.target) {
      Close(shard.server);
    }
    v1::PullBlock* block = frame.pull.header.add_blocks();
    block->set_shard(shard.shard);
    block->set_keys(target.positions.size());
    block->set_codec(target.codec);
    if (delta && header_.states != nullptr) block->set_base(header_.states->Base(shard.shard));
    const size_t before = frame.keys.size();
    frame.keys.resize(before + key_bytes);
    char* key_to = frame.keys.data() + before;
    for (const uint32_t position : target.positions) {
      std::memcpy(key_to, &keys[position], sizeof(uint64_t));
      key_to += sizeof(uint64_t);
    }
    if (target.positions.size() >= kLeastListedKeys) {
      block->set_key_list(KeyListHash({frame.keys.data() + before, key_bytes}));
    }
    frame.pull.reply_bytes += bytes;
    frame.pull.targets.push_back(std::move(target));
    return absl::OkStatus();
  }

  std::vector<PullFrame> Finish() && {
    for (uint32_t server = 0; server < open_.size(); ++server) {
      if (!open_[server].pull.targets.empty()) Close(server);
    }
    return std::move(frames_);
  }

 private:
  struct Frame {
    PullFrame pull;
    std::string keys;
  };

  void Open(uint32_t server) {
    Frame frame;
    frame.pull.server = server;
    *frame.pull.header.mutable_context() = header_.context;
    frame.pull.header.set_max_wait_ms(header_.max_wait_ms);
    frame.pull.header.set_pin(header_.pin);
    open_[server] = std::move(frame);
  }

  // Behind those of the block before; in one piece with them if neither has a key list.
  static void AddKeys(PayloadPiece keys, FramePayload* payload) {
    if (keys.size == 0) return;
    if (keys.key_list || payload->empty() || payload->back().key_list) {
      payload->push_back(std::move(keys));
    } else {
      payload->back().size += keys.size;
    }
  }

  void Close(uint32_t server) {
    Frame& frame = open_[server];
    if (!frame.keys.empty()) {
      auto storage = std::make_shared<const std::string>(std::move(frame.keys));
      frame.pull.payload_bytes = storage->size();
      const char* at = storage->data();
      for (const v1::PullBlock& block : frame.pull.header.blocks()) {
        AddKeys({.data = at,
                 .size = block.keys() * sizeof(uint64_t),
                 .owner = storage,
                 .key_list = block.key_list() != 0},
                &frame.pull.payload);
        at += block.keys() * sizeof(uint64_t);
      }
    }
    frames_.push_back(std::move(frame.pull));
    Open(server);
  }

  const ShardLayout& layout_;
  const PullHeader& header_;
  const FrameLimits limits_;
  std::vector<Frame> open_;
  std::vector<PullFrame> frames_;
};

absl::Status AddDense(const ShardLayout& layout, uint32_t table, const TableNeeds& needs,
                      Packer* packer) {
  const auto shards = layout.shards(table);
  const size_t n = needs.all ? shards.size() : needs.missing.size();
  for (size_t k = 0; k < n; ++k) {
    const uint32_t index = needs.all ? static_cast<uint32_t>(k) : needs.missing[k];
    const LayoutShard& shard = shards[index];
    PullTarget target;
    target.table = table;
    target.index = index;
    target.shard = shard.shard;
    target.first_row = shard.first_row;
    target.rows = shard.rows;
    PL_RETURN_IF_ERROR(packer->Add(shard, std::move(target), {}));
  }
  return absl::OkStatus();
}

absl::Status AddSparse(const ShardLayout& layout, uint32_t table, const TableNeeds& needs,
                       absl::Span<const uint64_t> keys, Packer* packer) {
  const auto shards = layout.shards(table);
  std::vector<uint64_t> missing;
  if (!needs.all) {
    missing.reserve(needs.missing.size());
    for (const uint32_t position : needs.missing) missing.push_back(keys[position]);
  }
  const BucketSplit split =
      SplitByBucket(layout, table, needs.all ? keys : absl::MakeConstSpan(missing));
  std::vector<std::vector<uint32_t>> by_bucket(shards.size());
  std::vector<uint32_t*> to(shards.size());
  for (size_t bucket = 0; bucket < shards.size(); ++bucket) {
    by_bucket[bucket].resize(split.counts[bucket]);
    to[bucket] = by_bucket[bucket].data();
  }
  for (size_t k = 0; k < split.bucket_of.size(); ++k) {
    *to[split.bucket_of[k]]++ = needs.all ? static_cast<uint32_t>(k) : needs.missing[k];
  }
  for (uint32_t bucket = 0; bucket < by_bucket.size(); ++bucket) {
    if (by_bucket[bucket].empty()) continue;
    PullTarget target;
    target.table = table;
    target.index = bucket;
    target.shard = shards[bucket].shard;
    target.rows = by_bucket[bucket].size();
    target.positions = std::move(by_bucket[bucket]);
    PL_RETURN_IF_ERROR(packer->Add(shards[bucket], std::move(target), keys));
  }
  return absl::OkStatus();
}

absl::Status CheckReply(const ShardLayout& layout, const PullFrame& frame,
                        const v1::PullResponse& response, uint64_t payload_bytes) {
  if (response.blocks_size() != static_cast<int>(frame.targets.size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "pull reply: ", frame.targets.size(), " blocks expected, got ", response.blocks_size()));
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < frame.targets.size(); ++i) {
    const PullTarget& target = frame.targets[i];
    const v1::PulledBlock& block = response.blocks(static_cast<int>(i));
    // An answer by delta may have all rows after all.
    const bool whole = block.codec() == WholeCodec(target.codec);
    const uint64_t values = target.rows * layout.dim(target.table);
    if (block.shard() != target.shard || block.rows() != target.rows ||
        (!whole && block.codec() != target.codec)) {
      return absl::InvalidArgumentError(
          absl::StrCat("pull reply, block ", i, ": shard ", target.shard, " with ", target.rows,
                       " rows as codec ", target.codec, " expected, got shard ", block.shard(),
                       " with ", block.rows(), " rows as codec ", block.codec()));
    }
    if (!whole &&
        (block.changed() > values || frame.header.blocks(static_cast<int>(i)).base() == 0)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "pull reply, block ", i, ": shard ", target.shard, " has ", values, " values and base ",
          frame.header.blocks(static_cast<int>(i)).base(), ", got ", block.changed(), " changes"));
    }
    bytes += whole ? EncodedBytes(block.codec(), values) : IndexedBytes(block.changed());
  }
  if (bytes != payload_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("pull reply: ", bytes, " payload bytes expected, got ", payload_bytes));
  }
  return absl::OkStatus();
}

// Rows of a sparse block to their positions, which are asked for ahead of time: most lie
// in cache lines, often in two, that nobody has touched lately.
void ScatterRows(const PullTarget& target, uint64_t dim, const float* from, absl::Span<float> to) {
  constexpr size_t kRowsAhead = 12;
  const std::vector<uint32_t>& positions = target.positions;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (i + kRowsAhead < positions.size()) {
      const float* const ahead = &to[positions[i + kRowsAhead] * dim];
      __builtin_prefetch(ahead, 1);
      __builtin_prefetch(ahead + dim - 1, 1);
    }
    CopyFloats(from, dim, &to[positions[i] * dim]);
    from += dim;
  }
}

// All return false if the payload ends before.
bool ScatterFloats(const PullTarget& target, uint64_t dim, PayloadRead read, absl::Span<float> to) {
  if (target.positions.empty()) {
    return read(&to[target.first_row * dim], target.rows * dim * sizeof(float));
  }
  // One read of all rows: a call for each takes longer than its bytes.
  const size_t values = target.rows * dim;
  const auto rows = std::make_unique_for_overwrite<float[]>(values);
  if (!read(rows.get(), values * sizeof(float))) return false;
  ScatterRows(target, dim, rows.get(), to);
  return true;
}

// Also false if indices are not ascending, distinct and within the shard.
bool ScatterChanges(const PullTarget& target, uint64_t dim, uint64_t changed, PayloadRead read,
                    absl::Span<float> to) {
  std::string bytes;
  bytes.resize(IndexedBytes(changed));
  return read(bytes.data(), bytes.size()) &&
         ReadIndexed(bytes.data(), changed, to.subspan(target.first_row * dim, target.rows * dim));
}

bool ScatterEncoded(const PullTarget& target, uint64_t dim, PayloadRead read,
                    absl::Span<float> to) {
  const uint64_t values = target.rows * dim;
  std::string bytes;
  bytes.resize(EncodedBytes(target.codec, values));
  if (!read(bytes.data(), bytes.size())) return false;
  if (target.positions.empty()) {
    Decode(target.codec, bytes.data(), to.subspan(target.first_row * dim, values));
    return true;
  }
  std::vector<float> rows(values);
  Decode(target.codec, bytes.data(), absl::MakeSpan(rows));
  ScatterRows(target, dim, rows.data(), to);
  return true;
}

}  // namespace

void ShapeParameters(const ShardLayout& layout, std::vector<std::vector<uint64_t>> keys,
                     Parameters* parameters) {
  PL_CHECK_EQ(keys.size(), layout.tables());
  parameters->resize(layout.tables());
  for (uint32_t table = 0; table < layout.tables(); ++table) {
    TableRows& rows = (*parameters)[table];
    if (layout.sparse(table)) {
      rows.keys = std::move(keys[table]);
      rows.rows.resize(rows.keys.size() * layout.dim(table));
    } else {
      rows.keys.clear();
      rows.rows.resize(layout.rows(table) * layout.dim(table));
    }
  }
}

absl::StatusOr<std::vector<PullFrame>> PlanPull(const ShardLayout& layout, const PullHeader& header,
                                                const Parameters& parameters,
                                                absl::Span<const TableNeeds> needs,
                                                FrameLimits limits) {
  PL_CHECK_EQ(parameters.size(), layout.tables());
  PL_CHECK(needs.empty() || needs.size() == layout.tables());
  const TableNeeds everything;
  Packer packer(layout, header, limits);
  for (uint32_t table = 0; table < layout.tables(); ++table) {
    const TableNeeds& need = needs.empty() ? everything : needs[table];
    PL_RETURN_IF_ERROR(layout.sparse(table)
                           ? AddSparse(layout, table, need, parameters[table].keys, &packer)
                           : AddDense(layout, table, need, &packer));
  }
  return std::move(packer).Finish();
}

std::vector<absl::Span<float>> PlacesOf(const ShardLayout& layout, const PullFrame& frame,
                                        Parameters* parameters) {
  std::vector<absl::Span<float>> places;
  for (const PullTarget& target : frame.targets) {
    if (!target.positions.empty() || target.codec != v1::CODEC_FLOAT32) return {};
    TensorFloats& rows = (*parameters)[target.table].rows;
    MoveIfRetired(&rows);
    const uint64_t dim = layout.dim(target.table);
    places.push_back(absl::MakeSpan(rows).subspan(target.first_row * dim, target.rows * dim));
  }
  return places;
}

absl::Status Scatter(const ShardLayout& layout, const PullFrame& frame,
                     const v1::PullResponse& response, uint64_t payload_bytes, PayloadRead read,
                     Parameters* parameters, DeltaStates* states) {
  PL_RETURN_IF_ERROR(CheckReply(layout, frame, response, payload_bytes));
  for (size_t i = 0; i < frame.targets.size(); ++i) {
    const PullTarget& target = frame.targets[i];
    const v1::PulledBlock& block = response.blocks(static_cast<int>(i));
    const uint64_t dim = layout.dim(target.table);
    const absl::Span<float> to = absl::MakeSpan((*parameters)[target.table].rows);
    const bool delta = target.codec == v1::CODEC_DELTA && states != nullptr;
    if (delta) states->Forget(target.shard);
    bool scattered;
    if (block.codec() == v1::CODEC_DELTA) {
      scattered = ScatterChanges(target, dim, block.changed(), read, to);
    } else if (block.codec() == v1::CODEC_FLOAT32) {
      scattered = ScatterFloats(target, dim, read, to);
    } else {
      scattered = ScatterEncoded(target, dim, read, to);
    }
    if (!scattered) {
      return absl::InvalidArgumentError(
          absl::StrCat("pull reply: the payload ends within shard ", target.shard,
                       block.codec() == v1::CODEC_DELTA ? ", or its indices are wrong" : ""));
    }
    if (delta) states->Set(target.shard, block.state());
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
