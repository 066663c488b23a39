// How well labels can be told at best: the quality of their true probabilities.
#ifndef PACELINE_CLI_DATAGEN_CTR_QUALITY_H_
#define PACELINE_CLI_DATAGEN_CTR_QUALITY_H_

#include <cstdint>
#include <vector>

namespace paceline::cli {

// Memory: 16 MiB, however many labels. Owned by one thread.
class CtrQuality {
 public:
  CtrQuality();

  // A label and the probability, in (0, 1), with which it was drawn as 1.
  void Add(double probability, bool label);

  uint64_t count() const { return positives_ + negatives_; }
  double positive_rate() const;
  // Mean of -log(probability of what came).
  double log_loss() const;
  // That a positive has the greater probability than a negative. Probabilities that differ
  // by less than 2^-20 count as equal, which halves a pair. 0.5 with labels of one kind.
  double auc() const;

 private:
  uint64_t positives_ = 0;
  uint64_t negatives_ = 0;
  double loss_ = 0;
  // By probability: negatives and positives in turn.
  std::vector<uint64_t> bins_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_DATAGEN_CTR_QUALITY_H_
