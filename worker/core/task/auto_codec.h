// Chooses between float32 and bf16 for one direction of a rank's transfers, by trying both.
//
// Iterations make windows; all of a window travel by one codec. A window is judged by the
// median of what its iterations waited for transfers, so that one slow call says little.
//
//   begin      a window of float32, then one of bf16
//   decide     bf16 if it saves at least a tenth of the transfer, and a fiftieth of transfer
//              and computation together; once it is chosen, half of that is enough to stay
//   stay       with the choice for some windows, then try the other for one and decide again;
//              each time that the choice stands, twice as many windows, up to a limit
//
// So a link that becomes slow or fast is noticed, and trying costs little of the time.
// Which codec is used depends on measured time: not for runs that must end with the same
// bytes.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_CORE_TASK_AUTO_CODEC_H_
#define PACELINE_WORKER_CORE_TASK_AUTO_CODEC_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "proto/job.pb.h"

namespace paceline::worker {

struct AutoCodecOptions {
  // Iterations of a window.
  uint32_t window = 8;
  // Windows between two tries: at first, and at most.
  uint32_t stay = 8;
  uint32_t most_stay = 64;
};

class AutoCodec {
 public:
  explicit AutoCodec(const AutoCodecOptions& options = {})
      : options_(options), stay_(options.stay) {}

  // By which the next iteration travels.
  v1::Codec codec() const { return codec_; }

  // An iteration that travelled by codec() moved `bytes`, waited `transfer` for them and
  // computed for `compute`. True: a decision was made.
  bool Add(uint64_t bytes, absl::Duration transfer, absl::Duration compute);

  // Of the last decision: what was chosen, and the medians that it was made by.
  v1::Codec chosen() const { return chosen_; }
  absl::Duration float32_transfer() const { return float32_transfer_; }
  absl::Duration bf16_transfer() const { return bf16_transfer_; }
  uint64_t decisions() const { return decisions_; }
  // Bytes per second of transfer in the last window.
  double rate() const { return rate_; }

 private:
  bool EndWindow();
  void Decide();

  const AutoCodecOptions options_;
  v1::Codec codec_ = v1::CODEC_FLOAT32;
  v1::Codec chosen_ = v1::CODEC_FLOAT32;
  absl::Duration float32_transfer_;
  absl::Duration bf16_transfer_;
  absl::Duration compute_;
  double rate_ = 0;
  uint64_t decisions_ = 0;

  // The window so far.
  uint64_t bytes_ = 0;
  std::vector<absl::Duration> transfers_;
  std::vector<absl::Duration> computes_;
  // Windows until the other is tried; how many those are by now.
  uint32_t left_ = 1;
  uint32_t stay_;
  // The window tries what is not chosen.
  bool trying_ = false;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_AUTO_CODEC_H_
