// A model that is never made.
#include "paceline_model.h"

namespace {

class Throwing final : public paceline::UserModel {
 public:
  explicit Throwing(const paceline::Job& job) { job.Find("a table that there is not"); }
  paceline::Scores scores() const override { return {}; }
  double Gradient(const paceline::Batch&, const paceline::Parameters&, float,
                  paceline::Gradients&) override {
    return 0;
  }
  void Predict(const paceline::Batch&, const paceline::Parameters&, float*, float*) override {}
};

}  // namespace

PACELINE_MODEL(Throwing)
