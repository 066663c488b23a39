#include "server/core/dense_sum.h"

#include <algorithm>
#include <utility>

#include "server/core/rows/fold.h"

namespace paceline::server {
namespace {

// Floats: with what is read and written beside it, a piece stays in the second level of cache.
constexpr uint64_t kPiece = 8192;

}  // namespace

void DenseSum::Fold(uint32_t rank, const ByteView& values) {
  sum_.resize(size_);
  const absl::Span<float> sum = absl::MakeSpan(sum_);
  Mask(rank, any_ ? server::Fold(values, sum) : FoldFirst(values, sum));
  any_ = true;
}

void DenseSum::Defer(uint32_t rank, Payload values) {
  deferred_.push_back({rank, std::move(values)});
}

void DenseSum::Settle() {
  for (const Deferred& deferred : std::exchange(deferred_, {})) {
    Fold(deferred.rank, deferred.values.View());
  }
}

void DenseSum::ForEachFloats(FloatRun run) {
  std::vector<ByteView> views;
  for (const Deferred& deferred : deferred_) views.push_back(deferred.values.View());
  piece_.resize(std::min(kPiece, size_));
  // Of each deferred rank.
  std::vector<std::optional<uint64_t>> bad(views.size());
  for (uint64_t first = 0; first < size_; first += kPiece) {
    const uint64_t count = std::min(kPiece, size_ - first);
    const float* sum = any_ ? &sum_[first] : nullptr;
    for (size_t i = 0; i < views.size(); ++i) {
      const ByteView part = views[i].Sub(first * sizeof(float), count * sizeof(float));
      const auto at = FoldOnto(sum, part, absl::MakeSpan(piece_).first(count));
      if (at.has_value() && !bad[i].has_value()) bad[i] = first + *at;
      sum = piece_.data();
    }
    run(reinterpret_cast<const uint8_t*>(sum), count, first);
  }
  for (size_t i = 0; i < bad.size(); ++i) Mask(deferred_[i].rank, bad[i]);
}

void DenseSum::Mask(uint32_t rank, std::optional<uint64_t> position) {
  if (position.has_value() && !masked_.has_value()) masked_ = Masked{rank, *position};
}

void DenseSum::Clear() {
  any_ = false;
  deferred_.clear();
  masked_.reset();
}

}  // namespace paceline::server
