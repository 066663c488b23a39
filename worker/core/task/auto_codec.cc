#include "worker/core/task/auto_codec.h"

#include <algorithm>
#include <numeric>

namespace paceline::worker {
namespace {

absl::Duration Median(std::vector<absl::Duration>* values) {
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  return *middle;
}

}  // namespace

bool AutoCodec::Add(uint64_t bytes, absl::Duration transfer, absl::Duration compute) {
  bytes_ += bytes;
  transfers_.push_back(transfer);
  computes_.push_back(compute);
  return transfers_.size() >= options_.window && EndWindow();
}

bool AutoCodec::EndWindow() {
  const absl::Duration sum =
      std::accumulate(transfers_.begin(), transfers_.end(), absl::ZeroDuration());
  rate_ = sum > absl::ZeroDuration() ? static_cast<double>(bytes_) / absl::ToDoubleSeconds(sum) : 0;
  (codec_ == v1::CODEC_FLOAT32 ? float32_transfer_ : bf16_transfer_) = Median(&transfers_);
  compute_ = Median(&computes_);
  bytes_ = 0;
  transfers_.clear();
  computes_.clear();
  if (trying_) {
    Decide();
    return true;
  }
  if (--left_ == 0) {
    trying_ = true;
    codec_ = chosen_ == v1::CODEC_FLOAT32 ? v1::CODEC_BF16 : v1::CODEC_FLOAT32;
  }
  return false;
}

void AutoCodec::Decide() {
  const double least = chosen_ == v1::CODEC_BF16 ? 0.5 : 1;
  const absl::Duration saved = float32_transfer_ - bf16_transfer_;
  const bool bf16 = saved > absl::ZeroDuration() && saved >= least * 0.1 * float32_transfer_ &&
                    saved >= least * 0.02 * (float32_transfer_ + compute_);
  const v1::Codec choice = bf16 ? v1::CODEC_BF16 : v1::CODEC_FLOAT32;
  stay_ = choice == chosen_ ? std::min(2 * stay_, options_.most_stay) : options_.stay;
  left_ = stay_;
  trying_ = false;
  ++decisions_;
  chosen_ = choice;
  codec_ = choice;
}

}  // namespace paceline::worker
