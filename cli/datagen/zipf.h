// Zipf's law: of n ranks, rank r (from 0) comes with probability proportional to
// (r + 1)^-exponent. In no memory, however many ranks.
//
// Rejection-inversion, Hoermann and Derflinger, "Rejection-inversion to generate variates
// from monotone discrete distributions", ACM TOMACS 1996.
//
// Immutable.
#ifndef PACELINE_CLI_DATAGEN_ZIPF_H_
#define PACELINE_CLI_DATAGEN_ZIPF_H_

#include <cstdint>

namespace paceline::cli {

class Zipf {
 public:
  // `ranks` from 1 to 2^40, `exponent` from 0 (all alike) to 10.
  Zipf(uint64_t ranks, double exponent);

  // A function of its arguments, as those of common/random.h.
  uint64_t Draw(uint64_t seed, uint64_t stream, uint64_t index) const;

  uint64_t ranks() const { return ranks_; }

 private:
  // Integral of x^-exponent from 1 to x, and its inverse.
  double Integral(double x) const;
  double Inverse(double y) const;
  double Density(double x) const;

  const uint64_t ranks_;
  const double exponent_;
  const double low_;
  const double high_;
  // Ranks this near to the inverse are taken without a further look.
  const double near_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_ZIPF_H_
