#include "worker/gpu/models/gpu_runner.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/gpu/models/batch_stager.h"
#include "worker/gpu/models/device_gradients.h"
#include "worker/gpu/models/device_tables.h"
#include "worker/gpu/models/step_trace.h"
#include "worker/gpu/ops/flag_non_finite.h"
#include "worker/gpu/ops/sum_losses.h"

namespace paceline::worker {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

class GpuRunner final : public Runner {
 public:
  // What has to be had of the GPU first.
  struct Parts {
    std::shared_ptr<BatchStager> stager;
    gpu::Stream compute;
    DeviceTables tables;
    DeviceGradients gradients;
    CopyIn outcome_in;
    CopyOut outcome_out;
    CopyOut scores_out;
    CopyOut losses_out;
    gpu::Stream results;
    gpu::Event forward_begun;
    gpu::Event forward_done;
    gpu::Event backward_done;
    StepTrace trace;
  };

  GpuRunner(GpuRunnerOptions options, std::unique_ptr<GpuModel> model, Parts parts)
      : options_(std::move(options)),
        gpu_(options_.gpu.get()),
        model_(std::move(model)),
        parts_(std::move(parts)),
        scores_(gpu_, "scores"),
        losses_(gpu_, "losses"),
        outcome_(gpu_, "the outcome of a step") {}

  // Nothing may be under way when what it uses goes.
  ~GpuRunner() override { Drain(); }

  absl::Status Start(Dataset* train) override { return model_->Start(train); }

  absl::Status Stage(Batch* batch) override {
    if (batch->size() == 0) return absl::OkStatus();
    PL_RETURN_IF_ERROR(model_->CheckForm(*batch, options_.features));
    PL_ASSIGN_OR_RETURN(batch->staged, parts_.stager->Stage(*batch));
    return absl::OkStatus();
  }

  bool wants_uploads() const override { return true; }

  absl::Status Upload(int table, absl::Span<const float> rows, uint64_t version) override {
    PL_RETURN_IF_ERROR(parts_.tables.Upload(table, rows, version));
    return parts_.tables.Wait();
  }

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    const absl::Status status = TryGradient(batch, parameters, scale, gradients, loss, ready);
    // The caller's memory is its own again.
    if (!status.ok()) Drain();
    return status;
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    const absl::Status status = TryPredict(batch, parameters, predictions);
    if (!status.ok()) Drain();
    return status;
  }

 private:
  absl::Status TryGradient(const Batch& batch, const Parameters& parameters, float scale,
                           Gradients* gradients, LossSum* loss, const GradientReady& ready) {
    std::shared_ptr<const StagedBatch> staged;
    PL_ASSIGN_OR_RETURN(GpuStep step, Begin(batch, parameters, &staged));
    step.scale = scale;
    step.training = true;
    ShapeGradients(parameters, gradients);
    std::optional<float> loss_scale = options_.loss_scale.first();
    std::vector<int> order;
    GpuOutcome outcome;
    while (true) {
      step.loss_scale = *loss_scale;
      PL_RETURN_IF_ERROR(Forward(step));
      if (options_.loss_scale.can_overflow()) {
        PL_RETURN_IF_ERROR(BackwardAll(step, &order));
        PL_ASSIGN_OR_RETURN(outcome, ReadOutcome(*staged));
        loss_scale =
            outcome.not_finite == 0 ? std::nullopt : options_.loss_scale.After(*loss_scale);
        // Smaller ones have not helped: the gradient is what it is.
        if (!loss_scale.has_value()) break;
        continue;
      }
      PL_RETURN_IF_ERROR(StartOutcome());
      PL_RETURN_IF_ERROR(BackwardLeaving(step, gradients, &order));
      PL_ASSIGN_OR_RETURN(outcome, FinishOutcome(*staged));
      break;
    }
    *loss = {outcome.loss_sum, batch.size()};
    if (options_.loss_scale.can_overflow()) {
      for (const int table : order) PL_RETURN_IF_ERROR(Leave(table, gradients));
    }
    for (const int table : order) {
      PL_RETURN_IF_ERROR(parts_.gradients.Arrive(table));
      ready(table);
    }
    return TraceStep(batch.iteration, *staged, order);
  }

  absl::Status TryPredict(const Batch& batch, const Parameters& parameters,
                          Predictions* predictions) {
    std::shared_ptr<const StagedBatch> staged;
    PL_ASSIGN_OR_RETURN(const GpuStep step, Begin(batch, parameters, &staged));
    PL_RETURN_IF_ERROR(Forward(step));
    predictions->width = model_->width();
    predictions->scores.resize(batch.size() * model_->width());
    predictions->losses.resize(batch.size());
    PL_RETURN_IF_ERROR(
        parts_.scores_out.Start(step.scores, predictions->scores.size() * sizeof(float),
                                predictions->scores.data(), parts_.compute, parts_.results));
    PL_RETURN_IF_ERROR(
        parts_.losses_out.Start(step.losses, predictions->losses.size() * sizeof(float),
                                predictions->losses.data(), parts_.compute, parts_.results));
    PL_RETURN_IF_ERROR(parts_.scores_out.Finish());
    PL_RETURN_IF_ERROR(parts_.losses_out.Finish());
    return ReadOutcome(*staged).status();
  }

  // Everything that a forward pass needs is on its way.
  absl::StatusOr<GpuStep> Begin(const Batch& batch, const Parameters& parameters,
                                std::shared_ptr<const StagedBatch>* staged) {
    PL_RETURN_IF_ERROR(model_->CheckForm(batch, options_.features));
    PL_RETURN_IF_ERROR(CheckParameters(options_.tables, parameters));
    PL_RETURN_IF_ERROR(model_->Check(batch, parameters));
    *staged = std::static_pointer_cast<const StagedBatch>(batch.staged);
    if (*staged == nullptr) {
      PL_ASSIGN_OR_RETURN(*staged, parts_.stager->Stage(batch));
    }
    const uint64_t n = batch.size();
    PL_RETURN_IF_ERROR(scores_.Reserve(n * model_->width() * sizeof(float)));
    PL_RETURN_IF_ERROR(losses_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(outcome_.Reserve(sizeof(GpuOutcome)));
    PL_RETURN_IF_ERROR(parts_.tables.Bring(parameters, parts_.compute));
    PL_RETURN_IF_ERROR((*staged)->copied.HoldBack(parts_.compute));
    GpuStep step;
    step.stream = &parts_.compute;
    step.batch = staged->get();
    step.tables = &parts_.tables;
    step.outcome = outcome_.as<GpuOutcome>();
    step.scores = scores_.as<float>();
    step.losses = losses_.as<float>();
    step.rank = batch.rank;
    step.iteration = batch.iteration;
    step.nominal = batch.nominal;
    return step;
  }

  absl::Status Forward(const GpuStep& step) {
    const GpuOutcome fresh = {.loss_sum = 0,
                              .first_missing = kNone,
                              .first_missing_group = kNone,
                              .first_missing_second = kNone,
                              .not_finite = 0};
    PL_RETURN_IF_ERROR(
        parts_.outcome_in.Start(&fresh, sizeof(fresh), outcome_.data(), parts_.compute));
    PL_RETURN_IF_ERROR(parts_.forward_begun.Record(parts_.compute));
    PL_RETURN_IF_ERROR(model_->Forward(step));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::SumLosses(
        step.batch->n(), step.losses, &step.outcome->loss_sum, parts_.compute.get())));
    return parts_.forward_done.Record(parts_.compute);
  }

  // Each table's gradient leaves as soon as it is there.
  absl::Status BackwardLeaving(const GpuStep& step, Gradients* gradients, std::vector<int>* order) {
    PL_RETURN_IF_ERROR(model_->Backward(step, &parts_.gradients, [&](int table) {
      order->push_back(table);
      return Leave(table, gradients);
    }));
    return parts_.backward_done.Record(parts_.compute);
  }

  // All of them, looking for what is not finite.
  absl::Status BackwardAll(const GpuStep& step, std::vector<int>* order) {
    order->clear();
    PL_RETURN_IF_ERROR(model_->Backward(step, &parts_.gradients, [&](int table) {
      order->push_back(table);
      return gpu::ToStatus(gpu::FlagNonFinite(parts_.gradients.value_count(table),
                                              parts_.gradients.values(table),
                                              &step.outcome->not_finite, parts_.compute.get()));
    }));
    return parts_.backward_done.Record(parts_.compute);
  }

  absl::Status Leave(int table, Gradients* gradients) {
    return parts_.gradients.Leave(table, (*gradients)[table].rows.data(), parts_.compute);
  }

  // As the parameters that they are of.
  static void ShapeGradients(const Parameters& parameters, Gradients* gradients) {
    gradients->resize(parameters.size());
    for (size_t t = 0; t < parameters.size(); ++t) {
      (*gradients)[t].keys = parameters[t].keys;
      (*gradients)[t].rows.resize(parameters[t].rows.size());
    }
  }

  absl::Status StartOutcome() {
    return parts_.outcome_out.Start(outcome_.data(), sizeof(GpuOutcome), &read_, parts_.compute,
                                    parts_.results);
  }

  // Errors:  InvalidArgument  a feature of the batch is not among the keys.
  absl::StatusOr<GpuOutcome> FinishOutcome(const StagedBatch& staged) {
    PL_RETURN_IF_ERROR(parts_.outcome_out.Finish());
    const bool second = read_.first_missing == kNone;
    const uint32_t at = second ? read_.first_missing_second : read_.first_missing;
    if (at == kNone) return read_;
    if (model_->form().fields > 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("batch record %d: key %d of field %d is not among the keys pulled", at,
                          staged.FeatureOf(second ? staged.n() + at : at), second ? 1 : 0));
    }
    return absl::InvalidArgumentError(absl::StrFormat(
        "feature %d of the batch is not among the keys pulled", staged.FeatureOf(at)));
  }

  absl::StatusOr<GpuOutcome> ReadOutcome(const StagedBatch& staged) {
    PL_RETURN_IF_ERROR(StartOutcome());
    return FinishOutcome(staged);
  }

  absl::Status TraceStep(uint64_t iteration, const StagedBatch& staged,
                         const std::vector<int>& order) {
    StepTrace& trace = parts_.trace;
    if (!trace.on()) return absl::OkStatus();
    trace.Add(TraceTrack::kCopyIn, "H2D", iteration, staged.begun, staged.copied,
              staged.layout().bytes);
    parts_.tables.Trace(&trace, iteration);
    trace.Add(TraceTrack::kCompute, "forward", iteration, parts_.forward_begun, parts_.forward_done,
              0);
    PL_RETURN_IF_ERROR(parts_.backward_done.Synchronize());
    trace.Add(TraceTrack::kCompute, "backward", iteration, parts_.forward_done,
              parts_.backward_done, 0);
    for (const int table : order) parts_.gradients.Trace(table, &trace, iteration);
    return trace.Meet(parts_.compute);
  }

  // Waits for all work, whatever becomes of it.
  void Drain() {
    parts_.tables.Wait().IgnoreError();
    parts_.backward_done.Record(parts_.compute).IgnoreError();
    parts_.backward_done.Synchronize().IgnoreError();
    parts_.gradients.Drain();
    for (const CopyOut* const copy :
         {&parts_.outcome_out, &parts_.scores_out, &parts_.losses_out}) {
      copy->copied().Synchronize().IgnoreError();
    }
    parts_.tables.Forget();
  }

  const GpuRunnerOptions options_;
  gpu::Gpu* const gpu_;
  const std::unique_ptr<GpuModel> model_;
  Parts parts_;
  gpu::DeviceBuffer scores_;
  gpu::DeviceBuffer losses_;
  gpu::DeviceBuffer outcome_;
  GpuOutcome read_ = {};
};

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> CreateGpuRunner(GpuRunnerOptions options,
                                                        std::unique_ptr<GpuModel> model) {
  gpu::Gpu* const gpu = options.gpu.get();
  PL_ASSIGN_OR_RETURN(std::shared_ptr<BatchStager> stager,
                      BatchStager::Create(options.gpu, model->form()));
  PL_ASSIGN_OR_RETURN(gpu::Stream compute, gpu::Stream::Create(gpu));
  PL_ASSIGN_OR_RETURN(DeviceTables tables, DeviceTables::Create(gpu, options.tables));
  PL_ASSIGN_OR_RETURN(DeviceGradients gradients, DeviceGradients::Create(gpu, options.tables));
  PL_ASSIGN_OR_RETURN(CopyIn outcome_in, CopyIn::Create(gpu, "the outcome of a step"));
  PL_ASSIGN_OR_RETURN(CopyOut outcome_out, CopyOut::Create(gpu, "the outcome of a step"));
  PL_ASSIGN_OR_RETURN(CopyOut scores_out, CopyOut::Create(gpu, "scores"));
  PL_ASSIGN_OR_RETURN(CopyOut losses_out, CopyOut::Create(gpu, "losses"));
  PL_ASSIGN_OR_RETURN(gpu::Stream results, gpu::Stream::Create(gpu));
  PL_ASSIGN_OR_RETURN(gpu::Event forward_begun, gpu::Event::Create(gpu));
  PL_ASSIGN_OR_RETURN(gpu::Event forward_done, gpu::Event::Create(gpu));
  PL_ASSIGN_OR_RETURN(gpu::Event backward_done, gpu::Event::Create(gpu));
  PL_ASSIGN_OR_RETURN(StepTrace trace, StepTrace::Create(gpu, options.clock, options.tracer));
  PL_RETURN_IF_ERROR(trace.Meet(compute));
  return std::make_unique<GpuRunner>(
      std::move(options), std::move(model),
      GpuRunner::Parts{std::move(stager), std::move(compute), std::move(tables),
                       std::move(gradients), std::move(outcome_in), std::move(outcome_out),
                       std::move(scores_out), std::move(losses_out), std::move(results),
                       std::move(forward_begun), std::move(forward_done), std::move(backward_done),
                       std::move(trace)});
}

}  // namespace paceline::worker
