// Click-through records in Criteo's form: label, 13 integers, 26 categories, by tabs.
//
//   p = 1 / (1 + e^-z),  label = 1 with probability p
//   z = bias + sum_j a_j (log(1 + x_j) - mu_j) + sum_f w_f(c_f) + sum_{f<g} <v_f(c_f), v_g(c_g)>
//
// Integer j of 13: x_j = floor(e^(mu_j + n)), n standard normal, mu_j = 0.3 j; an empty one
// has no effect. Category f of 26 is one of n_f ranks by Zipf's law, written as 8 hex digits,
// n_f proportional to 0.7^f with at least 3; an empty one has effects of its own. a, w and
// the K values of each v are normal with mean 0; their deviations are such that the three
// sums have standard deviations of integer_effect, category_effect and pair_effect over
// independent draws of them.
#ifndef PACELINE_CLI_DATAGEN_CTR_GENERATOR_H_
#define PACELINE_CLI_DATAGEN_CTR_GENERATOR_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/datagen/ctr_quality.h"
#include "cli/datagen/generator.h"
#include "cli/datagen/zipf.h"
#include "common/permutation.h"

namespace paceline::cli {

inline constexpr uint64_t kMinCtrCategories = 1000;
inline constexpr uint64_t kMaxCtrCategories = uint64_t{1} << 31;

struct CtrOptions {
  uint64_t seed = 1;
  // Of all fields together, about.
  uint64_t categories = 1'000'000;
  double zipf = 1.1;
  // Part of integers, and of categories, that are empty.
  double missing = 0.05;
  double bias = -1.4;
  double integer_effect = 0.4;
  double category_effect = 0.9;
  double pair_effect = 0.6;
};

class CtrGenerator final : public Generator {
 public:
  static constexpr int kIntegers = 13;
  static constexpr int kFields = 26;
  static constexpr int kLatent = 4;

  explicit CtrGenerator(const CtrOptions& options);

  // The truth is the probability.
  void Append(uint64_t record, std::string* text, std::string* truth) override;
  // positive_rate, best_log_loss, best_auc.
  Facts facts() const override;

 private:
  struct Effects {
    double weight = 0;
    std::array<double, kLatent> latent = {};
  };
  struct Field {
    Zipf ranks;
    // Of ranks to what is written.
    Permutation names;
    // Of the first ranks, which come most often.
    std::vector<Effects> known;
  };

  Effects EffectsOf(int field, uint64_t rank) const;
  // Appends it and returns what it adds to the logit.
  double AppendInteger(uint64_t record, int integer, std::string* text) const;
  Effects AppendCategory(uint64_t record, int field, std::string* text) const;

  const CtrOptions options_;
  std::array<double, kIntegers> slopes_;
  std::vector<Field> fields_;
  std::string line_;
  CtrQuality quality_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_CTR_GENERATOR_H_
