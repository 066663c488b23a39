#include "server/core/rows/fold.h"

#include <limits>

#include "common/check.h"
#include "server/core/rows/row_memory.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "server/core/rows/fold.cc"
#include "hwy/foreach_target.h"  // compiles this file once for each target
#include "hwy/highway.h"
#include "server/core/rows/load_floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace paceline::server {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kMostLanes = 16;
using D = hn::CappedTag<float, kMostLanes>;

// Adds one vector. Returns the first of `lanes` that was not finite, or -1.
// `base` null: 0.
HWY_INLINE intptr_t FoldVector(const uint8_t* bytes, const float* base, float* sum,
                               hn::Mask<D> lanes) {
  const D d;
  const auto most = hn::Set(d, std::numeric_limits<float>::max());
  const auto value = LoadFloats(d, bytes);
  const auto old = base == nullptr ? hn::Zero(d) : hn::LoadU(d, base);
  const auto result = hn::Add(old, value);
  // False for NaN too. A sum of finite values may overflow: covered by `result`.
  const auto finite = hn::And(hn::Le(hn::Abs(value), most), hn::Le(hn::Abs(result), most));
  hn::StoreU(hn::IfThenElse(finite, result, old), d, sum);
  if (HWY_LIKELY(hn::AllTrue(d, finite))) return -1;
  return hn::FindFirstTrue(d, hn::And(hn::Not(finite), lanes));
}

int64_t FoldRun(const uint8_t* bytes, const float* base, float* sum, size_t count) {
  const D d;
  const size_t n = hn::Lanes(d);
  const auto all = hn::FirstN(d, n);
  int64_t bad = -1;
  size_t i = 0;
  for (; i + n <= count; i += n) {
    PrefetchAhead(bytes + sizeof(float) * i);
    const float* const from = base == nullptr ? nullptr : base + i;
    if (from != nullptr) PrefetchAhead(from);
    const intptr_t lane = FoldVector(bytes + sizeof(float) * i, from, sum + i, all);
    if (HWY_UNLIKELY(lane >= 0) && bad < 0) bad = static_cast<int64_t>(i) + lane;
  }
  if (const size_t rest = count - i; rest > 0) {
    HWY_ALIGN uint8_t tail[sizeof(float) * kMostLanes] = {};
    HWY_ALIGN float tail_base[kMostLanes] = {};
    HWY_ALIGN float tail_sum[kMostLanes] = {};
    std::memcpy(tail, bytes + sizeof(float) * i, sizeof(float) * rest);
    if (base != nullptr) std::memcpy(tail_base, base + i, sizeof(float) * rest);
    const intptr_t lane = FoldVector(tail, tail_base, tail_sum, hn::FirstN(d, rest));
    std::memcpy(sum + i, tail_sum, sizeof(float) * rest);
    if (lane >= 0 && bad < 0) bad = static_cast<int64_t>(i) + lane;
  }
  return bad;
}

// Rows whose sums are neighbours are folded together.
int64_t FoldRowsAt(const uint8_t* rows, absl::Span<const uint32_t> positions, uint32_t dim,
                   float* sums) {
  int64_t bad = -1;
  for (size_t i = 0; i < positions.size();) {
    size_t run = 1;
    while (i + run < positions.size() && positions[i + run] == positions[i] + run) ++run;
    float* const sum = sums + uint64_t{positions[i]} * dim;
    const int64_t lane = FoldRun(rows + sizeof(float) * i * dim, sum, sum, run * dim);
    if (HWY_UNLIKELY(lane >= 0) && bad < 0) bad = static_cast<int64_t>(i * dim) + lane;
    i += run;
  }
  return bad;
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::server
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::server {
namespace {

HWY_EXPORT(FoldRun);
HWY_EXPORT(FoldRowsAt);

}  // namespace

std::optional<uint64_t> FoldOnto(const float* base, const ByteView& view, absl::Span<float> sum) {
  PL_CHECK_EQ(view.size(), sizeof(float) * sum.size());
  std::optional<uint64_t> found;
  view.ForEachFloats([&](const uint8_t* bytes, size_t count, uint64_t index) {
    const int64_t bad = HWY_DYNAMIC_DISPATCH(FoldRun)(
        bytes, base == nullptr ? nullptr : base + index, sum.data() + index, count);
    if (bad >= 0 && !found) found = index + static_cast<uint64_t>(bad);
  });
  return found;
}

std::optional<uint64_t> Fold(const ByteView& view, absl::Span<float> sum) {
  return FoldOnto(sum.data(), view, sum);
}

std::optional<uint64_t> FoldFirst(const ByteView& view, absl::Span<float> sum) {
  return FoldOnto(nullptr, view, sum);
}

std::optional<uint64_t> FoldRows(const uint8_t* rows, absl::Span<const uint32_t> positions,
                                 uint32_t dim, float* sums) {
  const int64_t bad = HWY_DYNAMIC_DISPATCH(FoldRowsAt)(rows, positions, dim, sums);
  if (bad < 0) return std::nullopt;
  return static_cast<uint64_t>(bad);
}

}  // namespace paceline::server
#endif  // HWY_ONCE
