// Poisson regression: counts, such as visits of a day, whose rate grows by a factor with each
// feature.
//
//   rate(x) = exposure * exp(bias + <weight, x>)
//   loss    = rate - y log(rate) + log(y!)           d loss / d log(rate) = rate - y
//
// Tables:   weight [features, 1], dense or sparse; bias [1, 1].
// Options:  exposure: index of the feature that multiplies the rate (over how many hours was
//           counted?) instead of having a weight. Default: none, that is 1.
#include <cmath>
#include <limits>
#include <string>

#include "paceline_model.h"

namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

class Poisson final : public paceline::UserModel {
 public:
  explicit Poisson(const paceline::Job& job)
      : weight_(job.Find("weight")), bias_(job.Find("bias")) {
    for (const size_t table : {weight_, bias_}) {
      if (job.tables[table].dim != 1) {
        throw std::invalid_argument("model.library.tables: dim 1 expected of " +
                                    job.tables[table].name);
      }
    }
    const double exposure = job.Number("exposure", -1);
    if (exposure >= static_cast<double>(job.features)) {
      throw std::invalid_argument("model.library.options: exposure: a feature below " +
                                  std::to_string(job.features) + " expected");
    }
    if (exposure >= 0) exposure_ = static_cast<uint64_t>(exposure);
  }

  paceline::Scores scores() const override { return {paceline::ScoreKind::kValue, 1}; }

  double Gradient(const paceline::Batch& batch, const paceline::Parameters& parameters, float scale,
                  paceline::Gradients& gradients) override {
    double losses = 0;
    double bias_gradient = 0;
    for (uint64_t record = 0; record < batch.size(); ++record) {
      const double log_rate = LogRate(batch, record, parameters);
      losses += Loss(log_rate, batch.label(record));
      const double error = scale * (std::exp(log_rate) - batch.label(record));
      bias_gradient += error;
      batch.ForEach(record, [&](uint64_t index, float value) {
        if (index == exposure_) return;
        *gradients[weight_][parameters[weight_].Find(index)] += static_cast<float>(error * value);
      });
    }
    *gradients[bias_][0] = static_cast<float>(bias_gradient);
    return losses;
  }

  void Predict(const paceline::Batch& batch, const paceline::Parameters& parameters, float* scores,
               float* losses) override {
    for (uint64_t record = 0; record < batch.size(); ++record) {
      const double log_rate = LogRate(batch, record, parameters);
      scores[record] = static_cast<float>(std::exp(log_rate));
      losses[record] = static_cast<float>(Loss(log_rate, batch.label(record)));
    }
  }

 private:
  double LogRate(const paceline::Batch& batch, uint64_t record,
                 const paceline::Parameters& parameters) const {
    double log_rate = *parameters[bias_][0];
    double exposure = exposure_ == kNone ? 1 : 0;
    batch.ForEach(record, [&](uint64_t index, float value) {
      if (index == exposure_) {
        exposure = value;
      } else {
        log_rate += double{*parameters[weight_][parameters[weight_].Find(index)]} * value;
      }
    });
    if (exposure <= 0) {
      throw std::invalid_argument("batch record " + std::to_string(record) +
                                  ": an exposure above 0 expected, got " +
                                  std::to_string(exposure));
    }
    return log_rate + std::log(exposure);
  }

  static double Loss(double log_rate, float label) {
    if (!(label >= 0) || label != std::floor(label)) {
      throw std::invalid_argument("a label that counts (0, 1, 2, ...) expected, got " +
                                  std::to_string(label));
    }
    return std::exp(log_rate) - label * log_rate + std::lgamma(label + 1.0);
  }

  const size_t weight_;
  const size_t bias_;
  uint64_t exposure_ = kNone;
};

}  // namespace

PACELINE_MODEL(Poisson)
