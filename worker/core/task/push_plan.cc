#include "worker/core/task/push_plan.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/codec/codec.h"
#include "common/copy_floats.h"
#include "common/key_lists/key_list.h"
#include "common/status/status_macros.h"
#include "worker/core/task/bucket_split.h"

namespace paceline::worker {
namespace {

absl::Status CheckKeys(uint32_t table, absl::Span<const uint64_t> keys) {
  for (size_t i = 1; i < keys.size(); ++i) {
    if (keys[i - 1] >= keys[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("table ", table, ": gradient keys must be ascending and distinct, got ",
                       keys[i - 1], " before ", keys[i]));
    }
  }
  return absl::OkStatus();
}

// Parts the keys of a sparse block from what follows them, and names their list.
FramePayload ListKeys(PayloadPiece piece, v1::PushBlock* block) {
  const size_t key_bytes = block->rows() * sizeof(uint64_t);
  block->set_key_list(KeyListHash({piece.data, key_bytes}));
  PayloadPiece keys = piece;
  keys.size = key_bytes;
  keys.key_list = true;
  piece.data += key_bytes;
  piece.size -= key_bytes;
  return {std::move(keys), std::move(piece)};
}

}  // namespace

PushPlan::PushPlan(const ShardLayout* layout, const v1::RequestContext& context, FrameLimits limits,
                   PushCoding coding)
    : layout_(layout), context_(context), limits_(limits), coding_(coding) {
  servers_.resize(layout->servers());
  for (uint32_t server = 0; server < layout->servers(); ++server) {
    servers_[server].open = NewFrame(server);
  }
}

PushFrame PushPlan::NewFrame(uint32_t server) const {
  PushFrame frame;
  frame.server = server;
  *frame.header.mutable_context() = context_;
  return frame;
}

v1::Codec PushPlan::CodecOf(uint32_t table) const {
  const v1::Codec codec = layout_->push_codec(table);
  return codec == v1::CODEC_AUTO ? coding_.auto_codec : codec;
}

absl::Status PushPlan::Add(uint32_t table, std::shared_ptr<const TableRows> gradient,
                           std::vector<PushFrame>* frames) {
  PL_CHECK(!finished_) << "table " << table;
  PL_CHECK_LT(table, layout_->tables());
  if (layout_->sparse(table)) return AddSparse(table, *gradient, frames);
  return AddDense(table, gradient, frames);
}

absl::Status PushPlan::AddDense(uint32_t table, const std::shared_ptr<const TableRows>& gradient,
                                std::vector<PushFrame>* frames) {
  const uint64_t dim = layout_->dim(table);
  const uint64_t values = layout_->rows(table) * dim;
  if (gradient->rows.size() != values || !gradient->keys.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "table ", table, ": a gradient of ", values, " values and no keys is due, got ",
        gradient->rows.size(), " values and ", gradient->keys.size(), " keys"));
  }
  const v1::Codec codec = CodecOf(table);
  for (const LayoutShard& shard : layout_->shards(table)) {
    const absl::Span<const float> from =
        absl::MakeConstSpan(gradient->rows).subspan(shard.first_row * dim, shard.rows * dim);
    if (LeavesResidual(codec)) {
      PL_RETURN_IF_ERROR(AddPart(table, shard, from, frames));
      continue;
    }
    PayloadPiece piece;
    if (codec == v1::CODEC_FLOAT32) {
      piece = {reinterpret_cast<const char*>(from.data()), from.size() * sizeof(float), gradient};
    } else {
      auto storage = std::make_shared<std::string>();
      storage->resize(EncodedBytes(codec, from.size()));
      Encode(codec, from, storage->data());
      piece = {storage->data(), storage->size(), storage};
    }
    v1::PushBlock block;
    block.set_rows(shard.rows);
    block.set_codec(codec);
    PL_RETURN_IF_ERROR(AddBlock(table, shard, std::move(block), {std::move(piece)}, frames));
  }
  return absl::OkStatus();
}

absl::Status PushPlan::AddRemains(uint32_t table, std::vector<PushFrame>* frames) {
  PL_CHECK(!finished_) << "table " << table;
  if (!coding_.flush || !LeavesResidual(layout_->push_codec(table))) return absl::OkStatus();
  for (const LayoutShard& shard : layout_->shards(table)) {
    PL_RETURN_IF_ERROR(AddPart(table, shard, {}, frames));
  }
  return absl::OkStatus();
}

absl::Status PushPlan::AddPart(uint32_t table, const LayoutShard& shard,
                               absl::Span<const float> gradient, std::vector<PushFrame>* frames) {
  PL_CHECK(coding_.residuals != nullptr) << "table " << table;
  const ResidualRule rule = {.codec = layout_->push_codec(table),
                             .ratio = layout_->topk_ratio(table),
                             .momentum = layout_->topk_momentum(table)};
  Residuals& residuals = *coding_.residuals;
  const uint64_t t = context_.iteration();
  const EncodedShard part = coding_.flush ? residuals.Flush(rule, shard.shard, t, gradient)
                                          : residuals.Encode(rule, shard.shard, t, gradient);
  if (part.bytes == nullptr) return absl::OkStatus();
  v1::PushBlock block;
  block.set_rows(shard.rows);
  block.set_codec(part.codec);
  block.set_kept(part.kept);
  return AddBlock(table, shard, std::move(block),
                  {{part.bytes->data(), part.bytes->size(), part.bytes}}, frames);
}

absl::Status PushPlan::AddSparse(uint32_t table, const TableRows& gradient,
                                 std::vector<PushFrame>* frames) {
  const size_t dim = layout_->dim(table);
  const size_t n = gradient.keys.size();
  if (gradient.rows.size() != n * dim) {
    return absl::InvalidArgumentError(absl::StrCat("table ", table, ": a gradient of ", n,
                                                   " keys * ", dim, " values is due, got ",
                                                   gradient.rows.size(), " values"));
  }
  PL_RETURN_IF_ERROR(CheckKeys(table, gradient.keys));
  const v1::Codec codec = CodecOf(table);
  const auto shards = layout_->shards(table);
  const BucketSplit split = SplitByBucket(*layout_, table, gradient.keys);
  // Keys and rows of a bucket, one bucket after the other: written in one walk over the
  // gradient, straight to where they leave from unless they have to be encoded.
  const bool coded = codec != v1::CODEC_FLOAT32;
  std::vector<char*> key_to(shards.size());
  std::vector<float*> row_to(shards.size());
  std::vector<PayloadPiece> pieces(shards.size());
  size_t bytes = 0;
  for (size_t b = 0; b < shards.size(); ++b) {
    const size_t rows = split.counts[b];
    pieces[b].size = rows * sizeof(uint64_t) + EncodedBytes(codec, rows * dim);
    bytes += pieces[b].size;
  }
  const auto storage = std::make_shared_for_overwrite<char[]>(bytes);
  if (coded) gathered_.resize(n * dim);
  char* to = storage.get();
  size_t before = 0;
  for (size_t b = 0; b < shards.size(); ++b) {
    pieces[b].data = key_to[b] = to;
    pieces[b].owner = storage;
    // Keys and float32 rows end at multiples of four bytes.
    row_to[b] = coded ? gathered_.data() + before * dim
                      : reinterpret_cast<float*>(to + split.counts[b] * sizeof(uint64_t));
    to += pieces[b].size;
    before += split.counts[b];
  }
  for (size_t i = 0; i < n; ++i) {
    const size_t b = split.bucket_of[i];
    std::memcpy(key_to[b], &gradient.keys[i], sizeof(uint64_t));
    CopyFloats(&gradient.rows[i * dim], dim, row_to[b]);
    key_to[b] += sizeof(uint64_t);
    row_to[b] += dim;
    // Where the bucket's next row ends.
    __builtin_prefetch(row_to[b] + dim, 1);
  }
  for (size_t b = 0; b < shards.size(); ++b) {
    const size_t rows = split.counts[b];
    if (rows == 0) continue;
    // Behind the keys, where the pens stopped.
    if (coded) Encode(codec, absl::MakeConstSpan(row_to[b] - rows * dim, rows * dim), key_to[b]);
    v1::PushBlock block;
    block.set_rows(rows);
    block.set_codec(codec);
    FramePayload payload = {std::move(pieces[b])};
    if (rows >= kLeastListedKeys) payload = ListKeys(std::move(payload[0]), &block);
    PL_RETURN_IF_ERROR(AddBlock(table, shards[b], std::move(block), std::move(payload), frames));
  }
  return absl::OkStatus();
}

absl::Status PushPlan::AddBlock(uint32_t table, const LayoutShard& shard, v1::PushBlock block,
                                FramePayload payload, std::vector<PushFrame>* frames) {
  uint64_t bytes = 0;
  for (const PayloadPiece& piece : payload) bytes += piece.size;
  if (bytes > limits_.most) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "table ", table, ", shard ", shard.shard, ": the gradient of one batch takes ", bytes,
        " bytes, a frame holds at most ", limits_.most, ": make the batch smaller"));
  }
  PerServer& server = servers_[shard.server];
  if (server.open.payload_bytes > 0 && server.open.payload_bytes + bytes > limits_.target) {
    frames->push_back(std::exchange(server.open, NewFrame(shard.server)));
  }
  block.set_shard(shard.shard);
  *server.open.header.add_blocks() = std::move(block);
  server.open.payload.insert(server.open.payload.end(), payload.begin(), payload.end());
  server.open.payload_bytes += bytes;
  server.touched.push_back(shard.shard);
  return absl::OkStatus();
}

void PushPlan::Finish(std::vector<PushFrame>* frames) {
  PL_CHECK(!finished_);
  finished_ = true;
  for (PerServer& server : servers_) {
    server.open.header.set_last_frame(true);
    server.open.header.mutable_touched()->Add(server.touched.begin(), server.touched.end());
    frames->push_back(std::move(server.open));
  }
}

std::vector<PushFrame> PushPlan::FinishRank(uint32_t servers, const v1::RequestContext& context) {
  std::vector<PushFrame> frames(servers);
  for (uint32_t server = 0; server < servers; ++server) {
    frames[server].server = server;
    *frames[server].header.mutable_context() = context;
    frames[server].header.set_last_frame(true);
    frames[server].header.set_finish(true);
  }
  return frames;
}

}  // namespace paceline::worker
