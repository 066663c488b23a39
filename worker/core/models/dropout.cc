#include "worker/core/models/dropout.h"

#include <algorithm>
#include <cmath>

#include "common/hash.h"
#include "common/random.h"

namespace paceline::worker {
namespace {

constexpr double kParts = 65536;

// Keeps the numbers apart from others that are drawn with the same seed.
constexpr uint64_t kDropoutStream = 0x64726f706f757400;

}  // namespace

Dropout::Dropout(double probability, uint64_t seed, uint32_t rank, uint64_t iteration)
    : dropped_of_65536_(
          static_cast<uint32_t>(std::min(kParts - 1, std::round(kParts * probability)))),
      seed_(seed),
      stream_(MixBits(MixBits(kDropoutStream, rank), iteration)) {}

uint64_t Dropout::StreamOf(uint64_t site) const { return MixBits(stream_, site); }

void Dropout::Apply(uint64_t site, uint64_t first, absl::Span<float> values) const {
  if (dropped_of_65536_ == 0) return;
  const float factor = static_cast<float>(kParts / (kParts - dropped_of_65536_));
  const uint64_t stream = StreamOf(site);
  uint64_t bits = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    // 64 bits decide on four values.
    const uint64_t place = first + i;
    if (i == 0 || place % 4 == 0) bits = RandomBits(seed_, stream, place / 4);
    const bool dropped = (bits >> (16 * (place % 4)) & 0xffff) < dropped_of_65536_;
    values[i] = dropped ? 0 : values[i] * factor;
  }
}

}  // namespace paceline::worker
