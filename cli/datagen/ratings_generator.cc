// Compiled without contraction of a*b+c (see the target's copts).
#include "cli/datagen/ratings_generator.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "cli/datagen/decimal.h"
#include "common/hash.h"
#include "common/random.h"

namespace paceline::cli {
namespace {

enum Stream : uint64_t {
  kUser = 100,
  kItem,
  kItemOrder,
  kUserBias,
  kItemBias,
  kUserFactors,
  kItemFactors,
  kNoise,
};

constexpr int kDecimals = 3;
constexpr double kMean = 3.5;
constexpr double kBiasDeviation = 0.4;
constexpr double kProductDeviation = 0.5;

}  // namespace

RatingsGenerator::RatingsGenerator(const RatingsOptions& options)
    : options_(options),
      popularity_(options.items, options.zipf),
      items_(options.items, MixBits(options.seed, kItemOrder)),
      // <p, q> has the variance rank s^4.
      factor_scale_(std::sqrt(kProductDeviation / std::sqrt(static_cast<double>(options.rank)))) {}

double RatingsGenerator::Rating(uint64_t user, uint64_t item) const {
  double rating = kMean + kBiasDeviation * RandomNormal(options_.seed, kUserBias, user) +
                  kBiasDeviation * RandomNormal(options_.seed, kItemBias, item);
  for (uint32_t k = 0; k < options_.rank; ++k) {
    const double p =
        factor_scale_ * RandomNormal(options_.seed, kUserFactors, user * options_.rank + k);
    const double q =
        factor_scale_ * RandomNormal(options_.seed, kItemFactors, item * options_.rank + k);
    rating += p * q;
  }
  return rating;
}

void RatingsGenerator::Append(uint64_t record, std::string* text, std::string* truth) {
  const uint64_t user = RandomBelow(options_.users, options_.seed, kUser, record);
  const uint64_t item = items_(popularity_.Draw(options_.seed, kItem, record));
  const double rating = Rating(user, item);
  const double written = RoundDecimal(
      rating + options_.sigma * RandomNormal(options_.seed, kNoise, record), kDecimals);
  ++count_;
  sum_ += written;
  squares_ += (written - rating) * (written - rating);
  absl::StrAppend(text, user, ",", item, ",");
  AppendDecimal(written, kDecimals, text);
  text->push_back('\n');
  if (truth == nullptr) return;
  AppendDecimal(rating, 6, truth);
  truth->push_back('\n');
}

Facts RatingsGenerator::facts() const {
  const double count = static_cast<double>(count_);
  return {{"mean_rating", sum_ / count}, {"noise_rmse", std::sqrt(squares_ / count)}};
}

}  // namespace paceline::cli
