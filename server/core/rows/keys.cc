#include "server/core/rows/keys.h"

#include "absl/strings/str_cat.h"
#include "common/tables/sharding.h"

namespace paceline::server {

absl::StatusOr<std::vector<uint64_t>> DecodeKeys(const v1::ShardSpec& shard, const ByteView& bytes,
                                                 uint64_t count) {
  const auto wrong = [&](const auto&... what) {
    return absl::InvalidArgumentError(absl::StrCat(what...));
  };
  if (bytes.size() % sizeof(uint64_t) != 0 || bytes.size() / sizeof(uint64_t) != count) {
    return wrong(count, " keys of 8 bytes expected, got ", bytes.size(), " bytes");
  }
  std::vector<uint64_t> keys(count);
  bytes.CopyTo(0, bytes.size(), keys.data());
  const uint32_t buckets = shard.buckets();
  const uint32_t bucket = shard.bucket();
  for (uint64_t i = 0; i < count; ++i) {
    if (i > 0 && keys[i] <= keys[i - 1]) {
      return wrong("keys must be ascending and distinct: ", keys[i], " follows ", keys[i - 1]);
    }
    if (const uint32_t got = BucketOfKey(keys[i], buckets); got != bucket) {
      return wrong("key ", keys[i], " belongs to bucket ", got, ", not to ", bucket);
    }
  }
  return keys;
}

}  // namespace paceline::server
