#include "worker/core/device/emulated_device.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "common/hash.h"
#include "common/random.h"
#include "common/spec/defaults.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/runner_factory.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {
namespace {

// Streams of random numbers that belong to this device alone.
constexpr uint64_t kStepStream = 0x656d756c617465;  // "emulate"
constexpr uint64_t kNoiseStream = kStepStream + 1;
// Noise is copied from one block of this many values, so that a step costs little
// more than writing its gradients.
constexpr uint64_t kNoiseBlock = 1 << 16;

std::vector<float> NoiseBlock(uint64_t seed) {
  std::vector<float> block(kNoiseBlock);
  for (uint64_t i = 0; i < kNoiseBlock; ++i) {
    block[i] = kEmulatedNoise * (2 * RandomUniform(seed, kNoiseStream, i) - 1);
  }
  return block;
}

class EmulatedRunner final : public Runner {
 public:
  // `exact` computes the gradients instead of noise, if given.
  EmulatedRunner(v1::TrainSpec train, std::vector<v1::TableSpec> tables,
                 std::unique_ptr<Runner> exact, const Trace& trace)
      : train_(std::move(train)),
        tables_(std::move(tables)),
        exact_(std::move(exact)),
        clock_(trace.clock),
        trace_(trace),
        noise_(exact_ == nullptr ? NoiseBlock(train_.seed()) : std::vector<float>()) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    const absl::Duration start = clock_->Monotonic();
    const absl::Duration step = EmulatedStepTime(train_, batch.rank, batch.iteration);
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    if (exact_ != nullptr) {
      SleepUntil(start + step / 3);
      scope.Next("backward");
      SleepUntil(start + step);
      return exact_->Gradient(batch, parameters, scale, gradients, loss, ready);
    }
    *loss = LossSum();
    gradients->resize(tables_.size());
    double values = 0;
    for (const TableRows& table : parameters) values += static_cast<double>(table.rows.size());
    SleepUntil(start + step / 3);
    scope.Next("backward");
    double done = 0;
    for (int t = static_cast<int>(tables_.size()) - 1; t >= 0; --t) {
      Fill(batch, t, parameters[t], &(*gradients)[t]);
      done += static_cast<double>(parameters[t].rows.size());
      SleepUntil(t == 0 ? start + step : start + step / 3 + step * (2 * done / (3 * values)));
      ready(t);
    }
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& /*batch*/, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    *predictions = Predictions{.width = 0, .scores = {}, .losses = {}};
    return absl::OkStatus();
  }

 private:
  void Fill(const Batch& batch, int table, const TableRows& parameters, TableRows* gradient) {
    gradient->keys = parameters.keys;
    gradient->rows.resize(parameters.rows.size());
    const uint64_t push = MixBits(MixBits(train_.seed(), batch.rank), batch.iteration);
    uint64_t from = MixBits(push, static_cast<uint64_t>(table)) % kNoiseBlock;
    for (uint64_t at = 0; at < gradient->rows.size();) {
      const uint64_t count = std::min(kNoiseBlock - from, gradient->rows.size() - at);
      std::copy_n(noise_.begin() + from, count, gradient->rows.begin() + at);
      at += count;
      from = 0;
    }
  }

  void SleepUntil(absl::Duration deadline) {
    // Nobody else knows the mutex: only time ends the wait.
    Mutex mu;
    CondVar never;
    MutexLock lock(&mu);
    clock_->Await(&mu, &never, deadline, [] { return false; });
  }

  const v1::TrainSpec train_;
  const std::vector<v1::TableSpec> tables_;
  const std::unique_ptr<Runner> exact_;
  Clock* const clock_;
  const Trace trace_;
  const std::vector<float> noise_;
};

}  // namespace

absl::Duration EmulatedStepTime(const v1::TrainSpec& train, uint32_t rank, uint64_t iteration) {
  double factor = 1;
  if (train.emulated_jitter() > 0) {
    const float normal = RandomNormal(train.seed(), MixBits(kStepStream, rank), iteration);
    factor = std::exp(train.emulated_jitter() * double{normal});
  }
  return std::min(absl::Milliseconds(train.emulated_step_ms() * factor), kMaxEmulatedStep);
}

absl::StatusOr<std::unique_ptr<Runner>> EmulatedDevice::CreateRunner(const v1::JobSpec& spec,
                                                                     const Model& model,
                                                                     uint64_t features,
                                                                     uint32_t classes) {
  std::unique_ptr<Runner> exact;
  if (spec.model().kind() == v1::MODEL_KIND_COUNTING) {
    PL_ASSIGN_OR_RETURN(exact, CreateCpuRunner(spec, model, features, classes));
  }
  return std::make_unique<EmulatedRunner>(WithDefaults(spec).train(), model.tables(),
                                          std::move(exact), Trace{tracer_, clock_});
}

}  // namespace paceline::worker
