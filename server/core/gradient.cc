#include "server/core/gradient.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"
#include "server/core/rows/keys.h"

namespace paceline::server {
namespace {

bool Dense(const v1::TableSpec& table) { return table.kind() == v1::TABLE_KIND_DENSE; }

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
                                       uint64_t rows, uint64_t available) {
  if (Dense(table) && rows != shard.rows()) {
    return Invalid(shard, absl::StrCat("all ", shard.rows(), " rows expected, got ", rows));
  }
  const uint64_t row_bytes =
      (Dense(table) ? 0 : sizeof(uint64_t)) + uint64_t{table.dim()} * sizeof(float);
  if (rows > available / row_bytes) {
    return Invalid(shard, absl::StrCat(rows, " rows of ", row_bytes, " bytes expected, got ",
                                       available, " bytes"));
  }
  return rows * row_bytes;
}

absl::StatusOr<Gradient> ParseGradient(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                       uint64_t rows, const Payload& bytes) {
  Gradient gradient;
  if (Dense(table)) {
    gradient.values = bytes;
    return gradient;
  }
  const uint64_t key_bytes = rows * sizeof(uint64_t);
  PL_ASSIGN_OR_RETURN(gradient.keys, Keys(shard, bytes.Slice(0, key_bytes), rows));
  gradient.values = bytes.Slice(key_bytes, bytes.size() - key_bytes);
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
