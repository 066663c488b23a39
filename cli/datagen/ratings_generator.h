// Ratings `user,item,rating` of a low-rank model with biases and Gaussian noise:
//
//   rating = 3.5 + b_u + b_i + <p_u, q_i> + sigma n
//
// b_u and b_i are normal with deviation 0.4, the `rank` values of p and q such that their
// product has deviation 0.5. Users come alike, items by Zipf's law, in no order of their
// numbers. Ratings have three decimals and no bounds.
#ifndef PACELINE_CLI_DATAGEN_RATINGS_GENERATOR_H_
#define PACELINE_CLI_DATAGEN_RATINGS_GENERATOR_H_

#include <cstdint>
#include <string>

#include "cli/datagen/generator.h"
#include "cli/datagen/zipf.h"
#include "common/permutation.h"

namespace paceline::cli {

inline constexpr uint64_t kMaxRatingIds = uint64_t{1} << 40;

struct RatingsOptions {
  uint64_t seed = 1;
  uint64_t users = 2000;
  uint64_t items = 1000;
  uint32_t rank = 4;
  double sigma = 0.3;
  // Exponent of the items' law; 0: all alike.
  double zipf = 0.7;
};

class RatingsGenerator final : public Generator {
 public:
  explicit RatingsGenerator(const RatingsOptions& options);

  // The truth is the rating without noise.
  void Append(uint64_t record, std::string* text, std::string* truth) override;
  // mean_rating; noise_rmse: of what is written against the truth.
  Facts facts() const override;

 private:
  // Without noise.
  double Rating(uint64_t user, uint64_t item) const;

  const RatingsOptions options_;
  const Zipf popularity_;
  const Permutation items_;
  const double factor_scale_;
  uint64_t count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_RATINGS_GENERATOR_H_
