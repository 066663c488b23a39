#include "server/core/rows/initializer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/hash.h"
#include "common/random.h"

namespace paceline::server {

absl::StatusOr<Initializer> Initializer::Create(const v1::TableSpec& table, uint64_t seed) {
  const v1::InitializerSpec& spec = table.initializer();
  const auto wrong = [&](const auto&... what) {
    return absl::InvalidArgumentError(
        absl::StrCat("table \"", table.name(), "\": initializer: ", what...));
  };
  Initializer initializer;
  initializer.dim_ = table.dim();
  initializer.seed_ = seed;
  initializer.name_hash_ = HashBytes(table.name());
  switch (spec.kind()) {
    case v1::INITIALIZER_KIND_UNSPECIFIED:
    case v1::INITIALIZER_KIND_ZEROS:
      return initializer;
    case v1::INITIALIZER_KIND_CONSTANT:
      if (!std::isfinite(spec.scale())) return wrong("scale must be finite, got ", spec.scale());
      initializer.scale_ = spec.scale();
      return initializer;
    case v1::INITIALIZER_KIND_UNIFORM:
    case v1::INITIALIZER_KIND_NORMAL:
      // A normal value lies within 9 deviations: scale * 9 must not overflow.
      if (!(spec.scale() >= 0 && spec.scale() <= 1e30f)) {
        return wrong("scale must be 0 to 1e30, got ", spec.scale());
      }
      initializer.shape_ =
          spec.kind() == v1::INITIALIZER_KIND_UNIFORM ? Shape::kUniform : Shape::kNormal;
      initializer.scale_ = spec.scale();
      return initializer;
    case v1::INITIALIZER_KIND_XAVIER: {
      const double fan = static_cast<double>(table.fan_in()) + table.fan_out();
      if (fan == 0) return wrong("xavier needs fan_in + fan_out above 0");
      initializer.shape_ = Shape::kUniform;
      initializer.scale_ = static_cast<float>(std::sqrt(6 / fan));
      return initializer;
    }
    case v1::INITIALIZER_KIND_HE:
      if (table.fan_in() == 0) return wrong("he needs fan_in above 0");
      initializer.shape_ = Shape::kNormal;
      initializer.scale_ = static_cast<float>(std::sqrt(2.0 / table.fan_in()));
      return initializer;
    default:
      return wrong("unknown kind ", static_cast<int>(spec.kind()));
  }
}

void Initializer::Fill(uint64_t row, float* out) const {
  if (shape_ == Shape::kConstant) {
    std::fill_n(out, dim_, scale_);
    return;
  }
  const uint64_t stream = MixBits(name_hash_, row);
  if (shape_ == Shape::kUniform) {
    for (uint32_t i = 0; i < dim_; ++i) {
      // 2u - 1 is exact: u is a multiple of 2^-24.
      out[i] = scale_ * (2 * RandomUniform(seed_, stream, i) - 1);
    }
  } else {
    for (uint32_t i = 0; i < dim_; ++i) out[i] = scale_ * RandomNormal(seed_, stream, i);
  }
}

}  // namespace paceline::server
