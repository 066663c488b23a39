// Rotary positions (Su et al., "RoFormer", 2021): a query or key of position t is turned,
// pair by pair, by angles that grow with t, so that the product of a query and a key
// depends on how far apart they are.
//
//   pair i of a head of width d:  values i and i + d/2, turned by t * 10000^(-2i/d)
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_ROTARY_H_
#define PACELINE_WORKER_CORE_MODELS_LM_ROTARY_H_

#include <cstdint>
#include <vector>

namespace paceline::worker {

class Rotary {
 public:
  // For positions 0 to context - 1. `head_width` is even.
  Rotary(uint64_t context, uint64_t head_width);

  // Turns rows [positions, head_width]: row t by the angles of position t.
  void Turn(uint64_t positions, float* rows) const { TurnBy(1, positions, rows); }
  // The inverse; also takes the gradient of what was turned to that of what it was before.
  void TurnBack(uint64_t positions, float* rows) const { TurnBy(-1, positions, rows); }

 private:
  void TurnBy(float direction, uint64_t positions, float* rows) const;

  const uint64_t pairs_;
  // [context, pairs]
  std::vector<float> cosines_;
  std::vector<float> sines_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_ROTARY_H_
