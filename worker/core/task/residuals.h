// What TOPK and ONEBIT leave behind of a rank's gradients: added to the next gradient of
// the same values, so that it is late and not lost (error feedback).
//
//   r += g                               momentum 0, and ONEBIT
//   u = momentum * u + g;  r += u        TOPK with momentum
//
//   TOPK    sends the values of r of greatest magnitude; r and u are 0 there afterwards
//   ONEBIT  sends r rounded to two values a group; r keeps what the rounding left out
//
//   flush   sends r whole, as FLOAT32; r is 0 afterwards, and momentum begins anew: nothing
//           is left of what came before (common/spec/flush_schedule.h)
//
// Source: Seide et al., Interspeech 2014 (1 bit); Lin et al., ICLR 2018 (deep gradient
// compression: momentum correction and factor masking).
//
// A shard's part of an iteration is encoded once. Whenever it is asked for again, because
// the map changed or an acknowledgement was lost and the iteration is done anew, it is the
// same bytes, and the gradient that comes with the question is dropped: servers apply one
// of the copies, and what is left behind fits it, whichever that is.
//
// A rollback (another timeline) undoes iterations whose remains are in here: everything
// starts at zero, as in a new task. Begin tells.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_CORE_TASK_RESIDUALS_H_
#define PACELINE_WORKER_CORE_TASK_RESIDUALS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "common/codec/top_k.h"
#include "proto/job.pb.h"

namespace paceline::worker {

// How a table's gradients leave a residual.
struct ResidualRule {
  // TOPK or ONEBIT.
  v1::Codec codec = v1::CODEC_TOPK;
  // TOPK only.
  double ratio = 0.01;
  double momentum = 0;
};

// A shard's part of a push, as it travels. Immutable.
struct EncodedShard {
  v1::Codec codec = v1::CODEC_FLOAT32;
  // Null: nothing is sent.
  std::shared_ptr<const std::string> bytes;
  // TOPK: values that they hold.
  uint64_t kept = 0;
};

class Residuals {
 public:
  // A push of `iteration` begins on `timeline`. True, once for each timeline: iterations
  // before it left something behind that is not here; it is lost.
  bool Begin(uint64_t timeline, uint64_t iteration);

  // The shard's part of the push of `iteration`. Iterations of a shard ascend, or repeat
  // (one that goes back makes it start at zero); its gradients have one size.
  EncodedShard Encode(const ResidualRule& rule, uint32_t shard, uint64_t iteration,
                      absl::Span<const float> gradient);

  // As Encode, but a flush. `gradient` is empty where the iteration has none: then what was
  // left behind is sent alone, and nothing if there is none.
  EncodedShard Flush(const ResidualRule& rule, uint32_t shard, uint64_t iteration,
                     absl::Span<const float> gradient);

  // It was encoded or flushed on this timeline, and may have left.
  bool Holds(uint32_t shard, uint64_t iteration) const;

  // Of what is left behind, in memory.
  uint64_t bytes() const;

 private:
  struct Shard {
    std::optional<uint64_t> iteration;
    EncodedShard sent;
    std::vector<float> residual;
    // TOPK with momentum.
    std::vector<float> velocity;
  };

  // The shard, empty if it has been at a later iteration.
  Shard& ShardAt(uint32_t number, uint64_t iteration);
  // Adds the gradient to what is left behind.
  static void Take(const ResidualRule& rule, absl::Span<const float> gradient, Shard* shard);
  EncodedShard EncodeTopK(const ResidualRule& rule, Shard* shard);
  EncodedShard EncodeOneBit(Shard* shard);

  std::optional<uint64_t> timeline_;
  absl::flat_hash_map<uint32_t, Shard> shards_;
  TopK top_k_;
  std::vector<float> decoded_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_RESIDUALS_H_
