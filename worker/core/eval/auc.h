// Area under the ROC curve, exact with ties.
#ifndef PACELINE_WORKER_CORE_EVAL_AUC_H_
#define PACELINE_WORKER_CORE_EVAL_AUC_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace paceline::worker {

// The probability that a random positive scores above a random negative, ties
// counting half. Keeps every score: 8 bytes per record, and as much again in Finish,
// so its memory is bounded by the number of records evaluated.
//
// Thread-compatible.
class AucAccumulator {
 public:
  void Add(float score, bool positive) { scores_.push_back({score, positive}); }

  // Empty unless there are both positives and negatives, and no score is NaN.
  // Cost: a sort of the scores.
  std::optional<double> Finish() const;

 private:
  struct Scored {
    float score;
    bool positive;
  };
  std::vector<Scored> scores_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_EVAL_AUC_H_
