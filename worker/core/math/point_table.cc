// Compiled without contraction of a * b + c: a fused operation would round once less.
#include "worker/core/math/point_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/core/math/point_table.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "common/check.h"

HWY_BEFORE_NAMESPACE();
namespace paceline::worker {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Distances of `x` to the 16 points of a block, [dim, 16]. Lanes are points, so that no
// sum depends on their number.
void BlockDistancesImpl(const float* x, size_t dim, const double* block, double* out) {
  const hn::CappedTag<double, 4> d;
  const size_t n = hn::Lanes(d);
  for (size_t at = 0; at < 16; at += 4 * n) {
    auto a = hn::Zero(d);
    auto b = a;
    auto c = a;
    auto e = a;
    const double* column = block + at;
    for (size_t f = 0; f < dim; ++f, column += 16) {
      const auto value = hn::Set(d, static_cast<double>(x[f]));
      const auto da = hn::Sub(value, hn::LoadU(d, column));
      const auto db = hn::Sub(value, hn::LoadU(d, column + n));
      const auto dc = hn::Sub(value, hn::LoadU(d, column + 2 * n));
      const auto de = hn::Sub(value, hn::LoadU(d, column + 3 * n));
      a = hn::Add(a, hn::Mul(da, da));
      b = hn::Add(b, hn::Mul(db, db));
      c = hn::Add(c, hn::Mul(dc, dc));
      e = hn::Add(e, hn::Mul(de, de));
    }
    hn::StoreU(a, d, out + at);
    hn::StoreU(b, d, out + at + n);
    hn::StoreU(c, d, out + at + 2 * n);
    hn::StoreU(e, d, out + at + 3 * n);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace paceline::worker
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace paceline::worker {
namespace {

HWY_EXPORT(BlockDistancesImpl);

}  // namespace

PointTable::PointTable(uint64_t points, uint64_t dim)
    : points_(points), dim_(dim), values_((points + kBlock - 1) / kBlock * kBlock * dim, 0.0) {
  static_assert(kBlock == 16);
}

void PointTable::Distances(absl::Span<const float> x, absl::Span<double> distances) const {
  PL_CHECK_EQ(x.size(), dim_);
  PL_CHECK_EQ(distances.size(), points_);
  double block[kBlock];
  for (uint64_t first = 0; first < points_; first += kBlock) {
    HWY_DYNAMIC_DISPATCH(BlockDistancesImpl)
    (x.data(), dim_, values_.data() + first * dim_, block);
    std::copy_n(block, std::min(kBlock, points_ - first), distances.begin() + first);
  }
}

}  // namespace paceline::worker
#endif  // HWY_ONCE
