#include "worker/core/models/counting/counting_runner.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/counting/counting.h"

namespace paceline::worker {
namespace {

class CountingRunner final : public Runner {
 public:
  CountingRunner(const v1::TableSpec& table, uint64_t rows, const Trace& trace)
      : tables_({table}), rows_(rows), trace_(trace) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float /*scale*/,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    scope.Next("backward");
    *loss = LossSum();
    gradients->resize(1);
    TableRows& gradient = gradients->front();
    gradient.keys = parameters.front().keys;
    const std::vector<uint64_t> touched = CountingRows(rows_, batch.rank, batch.iteration);
    if (tables_.front().kind() == v1::TABLE_KIND_SPARSE) {
      if (gradient.keys != touched) {
        return absl::InvalidArgumentError(
            absl::StrFormat("table %s: keys %s of rank %d, iteration %d expected, got %s",
                            tables_.front().name(), absl::StrJoin(touched, " "), batch.rank,
                            batch.iteration, absl::StrJoin(gradient.keys, " ")));
      }
      gradient.rows.assign(parameters.front().rows.size(), 1.0f);
    } else {
      gradient.rows.assign(parameters.front().rows.size(), 0.0f);
      const uint64_t dim = tables_.front().dim();
      for (const uint64_t row : touched) {
        std::fill_n(gradient.rows.begin() + static_cast<int64_t>(row * dim), dim, 1.0f);
      }
    }
    ready(0);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& /*batch*/, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    *predictions = Predictions{.width = 0, .scores = {}, .losses = {}};
    return absl::OkStatus();
  }

 private:
  const std::vector<v1::TableSpec> tables_;
  const uint64_t rows_;
  const Trace trace_;
};

}  // namespace

std::unique_ptr<Runner> CreateCountingRunner(const v1::TableSpec& table, uint64_t rows,
                                             const Trace& trace) {
  return std::make_unique<CountingRunner>(table, rows, trace);
}

}  // namespace paceline::worker
