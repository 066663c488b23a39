// Records of a linear model with Gaussian noise, as libsvm or csv:
//
//   y = b + <w, x> + sigma n
//
// The values of x are standard normal, in csv all of them, in libsvm `nonzeros` of them, one
// in each of as many stretches of the features. w is normal with a deviation of
// 1 / sqrt(nonzeros), so that <w, x> has one of about 1; b is normal with deviation 1. x and y
// have four decimals, w and b six: what is written is what the model computes with.
#ifndef PACELINE_CLI_DATAGEN_LINEAR_GENERATOR_H_
#define PACELINE_CLI_DATAGEN_LINEAR_GENERATOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/datagen/generator.h"

namespace paceline::cli {

inline constexpr uint64_t kMaxLinearFeatures = uint64_t{1} << 30;
// Values of a record: records have at most 16 MiB.
inline constexpr uint64_t kMaxLinearNonzeros = 100'000;

struct LinearOptions {
  uint64_t seed = 1;
  uint64_t features = 20;
  // Values of a record, at most `features`; 0: all. csv: all.
  uint64_t nonzeros = 0;
  double sigma = 0.1;
  // Else libsvm. The label is the last column.
  bool csv = false;
};

class LinearGenerator final : public Generator {
 public:
  // Errors:  InvalidArgument  more values of a record than features, or than
  //                           kMaxLinearNonzeros.
  static absl::StatusOr<std::unique_ptr<Generator>> Create(const LinearOptions& options);

  // The truth is the label without noise.
  void Append(uint64_t record, std::string* text, std::string* truth) override;
  // noise_rmse: of labels against the truth.
  Facts facts() const override;
  // b, then w, one a line.
  std::string Model() const override;

 private:
  explicit LinearGenerator(const LinearOptions& options);

  double Weight(uint64_t feature) const;
  double Bias() const;

  const LinearOptions options_;
  const uint64_t nonzeros_;
  std::string values_;
  uint64_t count_ = 0;
  double squares_ = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_LINEAR_GENERATOR_H_
