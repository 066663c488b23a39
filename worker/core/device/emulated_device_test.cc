#include "worker/core/device/emulated_device.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "worker/core/models/counting/counting.h"
#include "worker/core/models/model_factory.h"

namespace paceline::worker {
namespace {

// A clock that waits by moving on at once.
class LeapingClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch() + now_; }
  absl::Duration Monotonic() const override { return now_; }
  bool WaitUntil(Mutex* /*mu*/, CondVar* /*cv*/, absl::Duration deadline) override {
    now_ = std::max(now_, deadline);
    return false;
  }

 private:
  absl::Duration now_ = absl::Hours(3);
};

v1::JobSpec Layers(std::vector<uint64_t> sizes) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LAYERS);
  for (const uint64_t size : sizes) spec.mutable_model()->add_layer_sizes(size);
  spec.mutable_train()->set_seed(7);
  spec.mutable_train()->set_emulated_step_ms(30);
  return spec;
}

struct Emulated {
  LeapingClock clock;
  EmulatedDevice device{&clock};
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  Parameters parameters;

  explicit Emulated(const v1::JobSpec& spec) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, 5, 3));
    REQUIRE_OK_AND_ASSIGN(runner, device.CreateRunner(spec, *model, 5, 3));
    for (const v1::TableSpec& table : model->tables()) {
      parameters.emplace_back();
      parameters.back().rows.resize(table.rows() * table.dim());
    }
  }

  Gradients Run(
      uint32_t rank, uint64_t iteration, const GradientReady& ready = [](int) {}) {
    Batch batch;
    batch.rank = rank;
    batch.iteration = iteration;
    Gradients gradients;
    LossSum loss{.sum = 9, .count = 9};
    REQUIRE_OK(runner->Gradient(batch, parameters, 1, &gradients, &loss, ready));
    CHECK(loss.count == 0);
    return gradients;
  }
};

TEST_CASE("the time of a step is a function of seed, rank and iteration, with its median") {
  v1::TrainSpec train;
  train.set_seed(1);
  train.set_emulated_step_ms(20);
  CHECK(EmulatedStepTime(train, 0, 0) == absl::Milliseconds(20));
  train.set_emulated_jitter(0.5);
  std::vector<double> logs;
  for (uint32_t rank = 0; rank < 4; ++rank) {
    for (uint64_t t = 0; t < 500; ++t) {
      const absl::Duration step = EmulatedStepTime(train, rank, t);
      CHECK(step == EmulatedStepTime(train, rank, t));
      logs.push_back(std::log(absl::ToDoubleMilliseconds(step) / 20));
    }
  }
  double mean = 0;
  double square = 0;
  for (const double value : logs) {
    mean += value / static_cast<double>(logs.size());
    square += value * value / static_cast<double>(logs.size());
  }
  CHECK(mean == Approx(0).margin(0.05));
  CHECK(std::sqrt(square) == Approx(0.5).epsilon(0.05));
  CHECK(EmulatedStepTime(train, 0, 1) != EmulatedStepTime(train, 1, 1));
  CHECK(EmulatedStepTime(train, 0, 1) != EmulatedStepTime(train, 0, 2));
  const absl::Duration seeded = EmulatedStepTime(train, 0, 1);
  train.set_seed(2);
  CHECK(EmulatedStepTime(train, 0, 1) != seeded);
  train.set_emulated_jitter(10);
  train.set_emulated_step_ms(3.6e6);
  for (uint64_t t = 0; t < 100; ++t) CHECK(EmulatedStepTime(train, 0, t) <= kMaxEmulatedStep);
}

TEST_CASE("tables become ready from the last to the first, each after its share of time") {
  Emulated emulated(Layers({100, 300}));
  const absl::Duration start = emulated.clock.Monotonic();
  std::vector<int> order;
  std::vector<double> ms;
  emulated.Run(0, 0, [&](int table) {
    order.push_back(table);
    ms.push_back(absl::ToDoubleMilliseconds(emulated.clock.Monotonic() - start));
  });
  CHECK(order == std::vector<int>{1, 0});
  // A third forward, then 300 and 100 parts of the other 20 ms.
  CHECK(ms[0] == Approx(25));
  CHECK(ms[1] == Approx(30));
}

TEST_CASE("gradients are small noise, the same for the same push and no other") {
  Emulated emulated(Layers({200000, 31, 1}));
  const Gradients first = emulated.Run(1, 5);
  double sum = 0;
  for (const TableRows& table : first) {
    for (const float value : table.rows) {
      REQUIRE(std::abs(value) <= kEmulatedNoise);
      sum += value;
    }
  }
  CHECK(first[0].rows.size() == 200000);
  CHECK(std::abs(sum / 200000) < kEmulatedNoise / 50);
  CHECK(first[0].rows[0] != first[0].rows[1]);
  CHECK(emulated.Run(1, 5)[0].rows == first[0].rows);
  CHECK(emulated.Run(1, 6)[0].rows != first[0].rows);
  CHECK(emulated.Run(2, 5)[0].rows != first[0].rows);
  v1::JobSpec other = Layers({200000, 31, 1});
  other.mutable_train()->set_seed(8);
  CHECK(Emulated(other).Run(1, 5)[0].rows != first[0].rows);
}

TEST_CASE("any model can be emulated, with the keys it pulled") {
  v1::JobSpec spec = Layers({});
  spec.mutable_model()->set_kind(v1::MODEL_KIND_FM);
  Emulated emulated(spec);
  for (size_t t : {1, 2}) {
    emulated.parameters[t].keys = {1, 4};
    emulated.parameters[t].rows.resize(2 * emulated.model->tables()[t].dim());
  }
  const Gradients gradients = emulated.Run(0, 0);
  CHECK(gradients[1].keys == std::vector<uint64_t>{1, 4});
  CHECK(gradients[1].rows.size() == 16);
  // A batch without keys takes its time all the same.
  for (size_t t : {1, 2}) emulated.parameters[t] = TableRows();
  const absl::Duration start = emulated.clock.Monotonic();
  emulated.Run(0, 1);
  CHECK(emulated.clock.Monotonic() - start == absl::Milliseconds(30));
}

TEST_CASE("emulated counting counts exactly") {
  v1::JobSpec spec = Layers({});
  spec.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  Emulated emulated(spec);
  const absl::Duration start = emulated.clock.Monotonic();
  std::vector<uint64_t> sums(64, 0);
  for (uint64_t t = 0; t < 20; ++t) {
    const Gradients gradients = emulated.Run(3, t);
    for (size_t row = 0; row < 64; ++row) {
      for (size_t i = 0; i < 4; ++i) {
        REQUIRE(gradients[0].rows[row * 4 + i] == gradients[0].rows[row * 4]);
      }
      sums[row] += static_cast<uint64_t>(gradients[0].rows[row * 4]);
    }
  }
  spec.mutable_model()->set_rows(64);
  CHECK(sums == ExpectedCounting(spec, 3, 20));
  CHECK(emulated.clock.Monotonic() - start == 20 * absl::Milliseconds(30));
}

TEST_CASE("nothing is predicted, and wrong shapes are refused") {
  Emulated emulated(Layers({10, 20}));
  Predictions predictions;
  REQUIRE_OK(emulated.runner->Predict(Batch(), emulated.parameters, &predictions));
  CHECK(predictions.width == 0);
  CHECK(predictions.losses.empty());
  emulated.parameters[1].rows.pop_back();
  Gradients gradients;
  LossSum loss;
  CHECK_STATUS(
      emulated.runner->Gradient(Batch(), emulated.parameters, 1, &gradients, &loss, [](int) {}),
      absl::StatusCode::kInvalidArgument, "layer1/values");
  CHECK_STATUS(emulated.runner->Predict(Batch(), emulated.parameters, &predictions),
               absl::StatusCode::kInvalidArgument, "layer1/values");
}

TEST_CASE("the device says what it is") {
  LeapingClock clock;
  EmulatedDevice device(&clock);
  CHECK(device.name() == "emulated");
  CHECK(device.numeric_class() == "emulated");
}

}  // namespace
}  // namespace paceline::worker
