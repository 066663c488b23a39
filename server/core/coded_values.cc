#include "server/core/coded_values.h"

#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/codec/codec.h"
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

}  // namespace

absl::Status CheckCodec(v1::Codec codec, uint32_t shard) {
  if (IsKnownCodec(codec)) return absl::OkStatus();
  v1::Refusal refusal;
  refusal.set_kind(v1::Refusal::UNKNOWN_CODEC);
  refusal.set_shard(shard);
  refusal.set_expected(v1::CODEC_FLOAT32);
  refusal.set_got(codec);
  return RefusalStatus(refusal, absl::StrCat("shard ", shard, ": codec ", v1::CODEC_FLOAT32, " to ",
                                             v1::Codec_MAX, " expected, got ", codec));
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

absl::StatusOr<Piece> EncodeValues(v1::Codec codec, Piece floats) {
  if (codec == v1::CODEC_FLOAT32 || floats.bytes.empty()) return floats;
  const uint64_t values = floats.bytes.size() / sizeof(float);
  const uint64_t size = EncodedBytes(codec, values);
  PL_ASSIGN_OR_RETURN(const std::shared_ptr<uint8_t> coded, NewBytes(size));
  Encode(codec, {reinterpret_cast<const float*>(floats.bytes.data()), values}, coded.get());
  return Piece{.owner = coded, .bytes = {coded.get(), size}};
}

}  // namespace paceline::server
