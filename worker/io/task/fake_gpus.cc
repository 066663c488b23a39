#include "worker/io/task/fake_gpus.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/core/device/cpu_device.h"
#include "worker/core/device/device.h"
#include "worker/core/model.h"

namespace paceline::worker {

class FakeGpus::FailingRunner final : public Runner {
 public:
  FailingRunner(std::unique_ptr<Runner> runner, absl::Status status)
      : runner_(std::move(runner)), status_(std::move(status)) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    if (++calls_ == 3) PL_RETURN_IF_ERROR(status_);
    return runner_->Gradient(batch, parameters, scale, gradients, loss, ready);
  }
  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    return runner_->Predict(batch, parameters, predictions);
  }

 private:
  const std::unique_ptr<Runner> runner_;
  const absl::Status status_;
  int calls_ = 0;
};

class FakeGpus::Gpu final : public Device {
 public:
  Gpu(FakeGpus* all, uint32_t ordinal) : all_(all), ordinal_(ordinal) {
    MutexLock lock(&all_->mu_);
    ++all_->made_;
    all_->most_ = std::max(all_->most_, ++all_->on_[ordinal_]);
  }
  ~Gpu() override {
    MutexLock lock(&all_->mu_);
    --all_->on_[ordinal_];
  }
  absl::string_view name() const override { return "cuda"; }
  std::string numeric_class() const override { return "cuda/fake"; }
  absl::StatusOr<std::unique_ptr<Runner>> CreateRunner(const v1::JobSpec& spec, const Model& model,
                                                       uint64_t features,
                                                       uint32_t classes) override {
    absl::Status gradients;
    {
      MutexLock lock(&all_->mu_);
      PL_RETURN_IF_ERROR(all_->runners_);
      gradients = all_->gradients_;
    }
    PL_ASSIGN_OR_RETURN(std::unique_ptr<Runner> runner,
                        CpuDevice().CreateRunner(spec, model, features, classes));
    return std::make_unique<FailingRunner>(std::move(runner), std::move(gradients));
  }

 private:
  FakeGpus* const all_;
  const uint32_t ordinal_;
};

DeviceFactory FakeGpus::factory() {
  return [this](const DeviceOptions& options) -> absl::StatusOr<DeviceChoice> {
    if (options.kind != v1::DEVICE_KIND_CUDA) return CreateHostDevice(options);
    return DeviceChoice{.device = std::make_unique<Gpu>(this, options.gpu),
                        .name = absl::StrCat("Fake GPU ", options.gpu),
                        .reason = options.reason.empty() ? "asked for" : options.reason,
                        .notes = {}};
  };
}

void FakeGpus::FailRunners(const absl::Status& status) {
  MutexLock lock(&mu_);
  runners_ = status;
}

void FakeGpus::FailGradients(const absl::Status& status) {
  MutexLock lock(&mu_);
  gradients_ = status;
}

std::set<uint32_t> FakeGpus::used() const {
  MutexLock lock(&mu_);
  std::set<uint32_t> ordinals;
  for (const auto& [ordinal, devices] : on_) ordinals.insert(ordinal);
  return ordinals;
}

int FakeGpus::most_on_one() const {
  MutexLock lock(&mu_);
  return most_;
}

int FakeGpus::made() const {
  MutexLock lock(&mu_);
  return made_;
}

}  // namespace paceline::worker
