#include "server/core/gradient.h"

#include "absl/strings/str_cat.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "server/core/coded_values.h"
#include "server/core/key_lists.h"

namespace paceline::server {
namespace {

bool Dense(const v1::TableSpec& table) { return table.kind() == v1::TABLE_KIND_DENSE; }

// Nothing overflows where `rows` is no more than a frame's bytes.
uint64_t BytesOfValues(const v1::TableSpec& table, const v1::PushBlock& block) {
  if (block.codec() == v1::CODEC_TOPK) return IndexedBytes(block.kept());
  return EncodedBytes(block.codec(), block.rows() * table.dim());
}

absl::Status Invalid(const v1::ShardSpec& shard, absl::string_view what) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::INVALID);
  refusal.set_shard(shard.shard());
  return RefusalStatus(refusal, absl::StrCat("shard ", shard.shard(), ": ", what));
}

}  // namespace

absl::StatusOr<uint64_t> ValueBytes(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                    const v1::PushBlock& block, uint64_t available) {
  PL_RETURN_IF_ERROR(CheckPushCodec(block.codec(), Dense(table), shard.shard()));
  const uint64_t rows = block.rows();
  if (Dense(table) && rows != shard.rows()) {
    return Invalid(shard, absl::StrCat("all ", shard.rows(), " rows expected, got ", rows));
  }
  if (block.codec() == v1::CODEC_TOPK) {
    if (block.kept() > rows * table.dim() || BytesOfValues(table, block) > available) {
      return Invalid(shard, absl::StrCat(block.kept(), " of ", rows * table.dim(),
                                         " values expected, got ", available, " bytes"));
    }
    return BytesOfValues(table, block);
  }
  // onebit has rows of less than a byte, but no more of them than the shard.
  const bool too_many = !Dense(table) && rows > available;
  // Else each row takes a byte at least, so that nothing overflows below.
  if (too_many ||
      BlockKeys::Of(block, Dense(table)).bytes() + BytesOfValues(table, block) > available) {
    return Invalid(shard, absl::StrCat(rows, " rows of dim ", table.dim(), " expected, got ",
                                       available, " bytes"));
  }
  return BytesOfValues(table, block);
}

absl::StatusOr<Payload> ParseValues(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                    const v1::PushBlock& block, const Payload& bytes) {
  const uint64_t values = block.rows() * table.dim();
  if (block.codec() != v1::CODEC_TOPK) return DecodeValues(block.codec(), bytes, values);
  absl::StatusOr<Payload> decoded = DecodeIndexedValues(bytes, block.kept(), values);
  if (absl::IsInvalidArgument(decoded.status())) {
    return Invalid(shard, decoded.status().message());
  }
  return decoded;
}

}  // namespace paceline::server
