// Dropout by masks that nobody stores: which values are dropped is a function of the seed,
// the rank, the iteration, the place in the network and the place in the matrix, so the
// backward pass and a repeated iteration drop the same.
//
// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
// JMLR 2014. Immutable.
#ifndef PACELINE_WORKER_CORE_MODELS_DROPOUT_H_
#define PACELINE_WORKER_CORE_MODELS_DROPOUT_H_

#include <cstdint>

#include "absl/types/span.h"

namespace paceline::worker {

// Drops values with a probability, rounded to a multiple of 2^-16, and scales the others up
// so that means stay.
class Dropout {
 public:
  // `probability` in [0, 1); 0 drops nothing.
  Dropout(double probability, uint64_t seed, uint32_t rank, uint64_t iteration);

  // `site`: where in the network. `first`: index of values[0] in the matrix of the rank's
  // whole batch.
  void Apply(uint64_t site, uint64_t first, absl::Span<float> values) const;

  // For others that draw the same masks: of 65536 equally likely numbers of 16 bits, those
  // below this are dropped; four of them are in each RandomBits(seed, stream of the site,
  // index / 4).
  uint32_t dropped_of_65536() const { return dropped_of_65536_; }
  uint64_t seed() const { return seed_; }
  uint64_t StreamOf(uint64_t site) const;

 private:
  const uint32_t dropped_of_65536_;
  const uint64_t seed_;
  const uint64_t stream_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_DROPOUT_H_
