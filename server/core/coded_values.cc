#include "server/core/coded_values.h"

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/codec/codec.h"
#include "common/codec/indexed_values.h"
#include "common/codec/indices_kernels.h"
#include "common/refusal/refusal.h"
#include "common/status/status_macros.h"

namespace paceline::server {
namespace {

// Uninitialised, aligned for floats.
absl::StatusOr<std::shared_ptr<uint8_t>> NewBytes(uint64_t size) {
  auto* const bytes = static_cast<uint8_t*>(operator new(size, std::nothrow));
  if (bytes == nullptr) {
    v1::Refusal refusal;
    refusal.set_kind(v1::Refusal::LIMIT);
    return RefusalStatus(refusal, absl::StrCat("no memory for ", size, " bytes of values"));
  }
  return std::shared_ptr<uint8_t>(bytes, [](uint8_t* p) { operator delete(p); });
}

absl::Span<const float> FloatsOf(const Piece& piece) {
  return {reinterpret_cast<const float*>(piece.bytes.data()), piece.bytes.size() / sizeof(float)};
}

absl::Status UnknownCodec(v1::Codec codec, absl::string_view beside, uint32_t shard) {
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_CODEC);
  refusal.set_shard(shard);
  refusal.set_expected(v1::CODEC_FLOAT32);
  refusal.set_got(codec);
  return RefusalStatus(refusal, absl::StrCat("shard ", shard, ": codec ", v1::CODEC_FLOAT32, " to ",
                                             v1::CODEC_INT8, beside, " expected, got ", codec));
}

}  // namespace

absl::Status CheckPushCodec(v1::Codec codec, bool dense, uint32_t shard) {
  if (IsPushCodec(codec, dense)) return absl::OkStatus();
  return UnknownCodec(codec, dense ? ", 5 (topk), 6 (onebit)" : "", shard);
}

absl::Status CheckPullCodec(v1::Codec codec, bool dense, uint32_t shard) {
  if (IsPullCodec(codec, dense)) return absl::OkStatus();
  return UnknownCodec(codec, dense ? ", 7 (delta)" : "", shard);
}

absl::StatusOr<Payload> DecodeValues(v1::Codec codec, const Payload& bytes, uint64_t values) {
  PL_CHECK_EQ(bytes.size(), EncodedBytes(codec, values));
  if (codec == v1::CODEC_FLOAT32 || values == 0) return bytes;
  // Pieces may end inside a value.
  const uint64_t size = values * sizeof(float);
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> coded, NewBytes(bytes.size()));
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> floats, NewBytes(size));
  bytes.CopyTo(coded.get());
  Decode(codec, coded.get(), {reinterpret_cast<float*>(floats.get()), values});
  Payload decoded;
  decoded.Append(Piece{.owner = floats, .bytes = {floats.get(), size}});
  return decoded;
}

absl::StatusOr<Payload> DecodeIndexedValues(const Payload& bytes, uint64_t kept, uint64_t values) {
  PL_CHECK_EQ(bytes.size(), IndexedBytes(kept));
  const uint64_t size = values * sizeof(float);
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> coded, NewBytes(bytes.size()));
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> floats, NewBytes(size));
  bytes.CopyTo(coded.get());
  std::memset(floats.get(), 0, size);
  if (!ReadIndexed(coded.get(), kept, {reinterpret_cast<float*>(floats.get()), values})) {
    return absl::InvalidArgumentError(absl::StrCat(
        "indices of ", kept, " values: ascending, distinct and below ", values, " expected"));
  }
  Payload decoded;
  decoded.Append(Piece{.owner = floats, .bytes = {floats.get(), size}});
  return decoded;
}

absl::StatusOr<Piece> EncodeValues(v1::Codec codec, Piece floats) {
  if (codec == v1::CODEC_FLOAT32 || floats.bytes.empty()) return floats;
  const absl::Span<const float> values = FloatsOf(floats);
  const uint64_t size = EncodedBytes(codec, values.size());
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> coded, NewBytes(size));
  Encode(codec, values, coded.get());
  return Piece{.owner = coded, .bytes = {coded.get(), size}};
}

absl::StatusOr<std::optional<Changes>> EncodeChanges(const Piece& base, const Piece& now) {
  const absl::Span<const float> before = FloatsOf(base);
  const absl::Span<const float> values = FloatsOf(now);
  PL_CHECK_EQ(before.size(), values.size());
  // IndexedBytes of them are less than half of the values' own.
  const uint64_t most = values.empty() ? 0 : (values.size() - 1) / 4;
  Changes changes;
  if (before.data() == values.data()) return changes;
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> found,
                      NewBytes((most + kIndexPadding) * sizeof(uint32_t)));
  auto* const indices = reinterpret_cast<uint32_t*>(found.get());
  changes.count = IndicesOfChanges(before.data(), values.data(), values.size(), most, indices);
  if (changes.count > most) return std::nullopt;
  if (changes.count == 0) return changes;
  const uint64_t size = IndexedBytes(changes.count);
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> coded, NewBytes(size));
  WriteIndexed(values, absl::MakeConstSpan(indices, changes.count), coded.get());
  changes.bytes = Piece{.owner = coded, .bytes = {coded.get(), size}};
  return changes;
}

}  // namespace paceline::server
