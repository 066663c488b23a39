// Sizes of a language model, and where its tables are among those of the model.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_LM_SHAPE_H_
#define PACELINE_WORKER_CORE_MODELS_LM_LM_SHAPE_H_

#include <cstdint>

#include "proto/job.pb.h"

namespace paceline::worker {

// Every value of a byte is a token.
inline constexpr uint64_t kByteValues = 256;

// The tables of a block, in name order (common/tables/lm_tables.h).
enum class BlockTable {
  kAttentionNormBias,
  kAttentionNormGain,
  kOutBias,
  kOutWeight,
  kQkvBias,
  kQkvWeight,
  kDownBias,
  kDownWeight,
  kFeedNormBias,
  kFeedNormGain,
  kUpBias,
  kUpWeight,
  kCount,
};

struct LmShape {
  uint64_t context = 0;
  uint64_t layers = 0;
  uint64_t heads = 0;
  uint64_t width = 0;
  bool learned_positions = false;
  // Part of values that training drops.
  double dropout = 0;

  // `lm` has its defaults and has passed the rules of common/spec.
  static LmShape FromSpec(const v1::LmSpec& lm) {
    return {.context = lm.context(),
            .layers = lm.layers(),
            .heads = lm.heads(),
            .width = lm.width(),
            .learned_positions = lm.positions() == v1::POSITIONS_LEARNED,
            .dropout = lm.dropout()};
  }

  uint64_t head_width() const { return width / heads; }

  // Indices of tables.
  int Of(uint64_t layer, BlockTable table) const {
    return static_cast<int>(layer) * static_cast<int>(BlockTable::kCount) + static_cast<int>(table);
  }
  int Embedding() const { return Of(layers, BlockTable{}); }
  // Only with learned positions.
  int Positions() const { return Embedding() + 1; }
  int NormBias() const { return Embedding() + (learned_positions ? 2 : 1); }
  int NormGain() const { return NormBias() + 1; }
  int Tables() const { return NormBias() + 2; }
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_LM_SHAPE_H_
