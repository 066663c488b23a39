// Models on a fake GPU, and what their gradients are held against.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_RUNNER_FIXTURE_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_RUNNER_FIXTURE_H_

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>

#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/reference.h"
#include "worker/core/trace/tracer.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/gpu_device.h"

namespace paceline::worker::testing {

using gpu::fake::FakeGpu;

inline const GradientReady kIgnore = [](int) {};

// A model on a GPU of its own.
struct OnGpu {
  RealClock clock;
  std::shared_ptr<FakeGpu> gpu;
  std::unique_ptr<GpuDevice> device;
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
  Gradients gradients;
  LossSum loss;

  explicit OnGpu(const ModelCase& c, const v1::JobSpec& spec, uint64_t seed = 1,
                 Tracer* tracer = nullptr)
      : gpu(std::make_shared<FakeGpu>(gpu::fake::FakeGpuOptions{.seed = seed})),
        device(std::make_unique<GpuDevice>(gpu, &clock, tracer)) {
    REQUIRE_OK_AND_ASSIGN(model, CreateModel(spec, c.features, c.classes));
    REQUIRE_OK_AND_ASSIGN(runner, device->CreateRunner(spec, *model, c.features, c.classes));
  }

  absl::Status Run(const Batch& batch, const Parameters& parameters, float scale = 1) {
    return runner->Gradient(batch, parameters, scale, &gradients, &loss, kIgnore);
  }
};

inline v1::JobSpec SpecOf(const ModelCase& c, v1::Precision precision = v1::PRECISION_UNSPECIFIED) {
  v1::JobSpec spec = c.Spec();
  spec.mutable_train()->set_precision(precision);
  return spec;
}

// ||got - scale * wanted|| / ||scale * wanted|| over all tables.
inline double RelativeError(const Gradients& got, const Values& wanted, double scale) {
  double error = 0;
  double norm = 0;
  for (size_t t = 0; t < wanted.size(); ++t) {
    if (got[t].rows.size() != wanted[t].size()) return INFINITY;
    for (size_t i = 0; i < wanted[t].size(); ++i) {
      const double want = scale * wanted[t][i];
      error += std::pow(got[t].rows[i] - want, 2);
      norm += want * want;
    }
  }
  return norm == 0 ? std::sqrt(error) : std::sqrt(error / norm);
}

inline Values GradientOf(const ModelCase& c, const Reference& reference) {
  const bool network = c.kind == v1::MODEL_KIND_SOFTMAX || c.kind == v1::MODEL_KIND_MLP;
  return network ? reference.BackpropGradient() : reference.NumericalGradient();
}

inline bool SameBytes(const Gradients& a, const Gradients& b) {
  if (a.size() != b.size()) return false;
  for (size_t t = 0; t < a.size(); ++t) {
    if (a[t].keys != b[t].keys || a[t].rows.size() != b[t].rows.size()) return false;
    if (!a[t].rows.empty() &&
        std::memcmp(a[t].rows.data(), b[t].rows.data(), a[t].rows.size() * sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_RUNNER_FIXTURE_H_
