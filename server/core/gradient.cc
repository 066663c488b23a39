#include "server/core/gradient.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "server/core/coded_values.h"
#include "server/core/rows/keys.h"

namespace paceline::server {
namespace {

bool Dense(const v1::TableSpec& table) { return table.kind() == v1::TABLE_KIND_DENSE; }

uint64_t KeyBytes(const v1::TableSpec& table, uint64_t rows) {
  return Dense(table) ? 0 : rows * sizeof(uint64_t);
}

uint64_t BlockBytes(const v1::TableSpec& table, const v1::PushBlock& block) {
  if (block.codec() == v1::CODEC_TOPK) return IndexedBytes(block.kept());
  return KeyBytes(table, block.rows()) + EncodedBytes(block.codec(), block.rows() * table.dim());
}

absl::Status Invalid(const v1::ShardSpec& shard, absl::string_view what) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::INVALID);
  refusal.set_shard(shard.shard());
  return RefusalStatus(refusal, absl::StrCat("shard ", shard.shard(), ": ", what));
}

absl::StatusOr<std::vector<uint64_t>> Keys(const v1::ShardSpec& shard, const Payload& bytes,
                                           uint64_t count) {
  absl::StatusOr<std::vector<uint64_t>> keys = DecodeKeys(shard, bytes.View(), count);
  if (!keys.ok()) return Invalid(shard, keys.status().message());
  return keys;
}

}  // namespace

absl::StatusOr<uint64_t> GradientBytes(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                       const v1::PushBlock& block, uint64_t available) {
  PL_RETURN_IF_ERROR(CheckPushCodec(block.codec(), Dense(table), shard.shard()));
  const uint64_t rows = block.rows();
  if (Dense(table) && rows != shard.rows()) {
    return Invalid(shard, absl::StrCat("all ", shard.rows(), " rows expected, got ", rows));
  }
  if (block.codec() == v1::CODEC_TOPK) {
    if (block.kept() > rows * table.dim() || BlockBytes(table, block) > available) {
      return Invalid(shard, absl::StrCat(block.kept(), " of ", rows * table.dim(),
                                         " values expected, got ", available, " bytes"));
    }
    return BlockBytes(table, block);
  }
  // onebit has rows of less than a byte, but no more of them than the shard.
  const bool too_many = !Dense(table) && rows > available;
  // Else each row takes a byte at least, so that nothing overflows below.
  if (too_many || BlockBytes(table, block) > available) {
    return Invalid(shard, absl::StrCat(rows, " rows of dim ", table.dim(), " expected, got ",
                                       available, " bytes"));
  }
  return BlockBytes(table, block);
}

absl::StatusOr<Gradient> ParseGradient(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                       const v1::PushBlock& block, const Payload& bytes) {
  Gradient gradient;
  const uint64_t rows = block.rows();
  if (block.codec() == v1::CODEC_TOPK) {
    absl::StatusOr<Payload> values = DecodeIndexedValues(bytes, block.kept(), rows * table.dim());
    if (absl::IsInvalidArgument(values.status())) {
      return Invalid(shard, values.status().message());
    }
    PL_ASSIGN_OR_RETURN(gradient.values, std::move(values));
    return gradient;
  }
  const uint64_t key_bytes = KeyBytes(table, rows);
  if (!Dense(table)) {
    PL_ASSIGN_OR_RETURN(gradient.keys, Keys(shard, bytes.Slice(0, key_bytes), rows));
  }
  PL_ASSIGN_OR_RETURN(gradient.values,
                      DecodeValues(block.codec(), bytes.Slice(key_bytes, bytes.size() - key_bytes),
                                   rows * table.dim()));
  return gradient;
}

absl::StatusOr<std::vector<uint64_t>> ParseKeys(const v1::TableSpec& table,
                                                const v1::ShardSpec& shard, uint64_t count,
                                                const Payload& bytes) {
  if (!Dense(table)) return Keys(shard, bytes, count);
  if (count != 0) return Invalid(shard, absl::StrCat("dense, no keys expected, got ", count));
  return std::vector<uint64_t>();
}

}  // namespace paceline::server
