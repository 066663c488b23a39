#include "worker/gpu/models/kmeans/gpu_kmeans_model.h"

#include <cstring>
#include <vector>

#include "common/status/status_macros.h"
#include "worker/core/dataset.h"
#include "worker/core/models/kmeans/kmeans_seeds.h"
#include "worker/gpu/ops/kmeans_centroids.h"
#include "worker/gpu/ops/kmeans_entry_sums.h"
#include "worker/gpu/ops/kmeans_nearest.h"
#include "worker/gpu/ops/kmeans_sums.h"

namespace paceline::worker {
namespace {

constexpr int kSums = 0;

class GpuKMeansModel final : public GpuModel {
 public:
  explicit GpuKMeansModel(const GpuModelOptions& options)
      : gpu_(options.gpu),
        // Its sums are in the order of the records also where the job does without.
        form_{.grouped = true},
        clusters_(static_cast<uint32_t>(options.tables[kSums].rows())),
        features_(options.tables[kSums].dim() - 1),
        seed_(options.seed),
        seeds_(options.gpu, "first centroids"),
        device_seeds_(options.gpu, "first centroids"),
        centroids_(options.gpu, "centroids"),
        nearest_(options.gpu, "nearest centroids") {}

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return 1; }

  absl::Status Start(Dataset* train) override {
    PL_ASSIGN_OR_RETURN(const std::vector<float> seeds,
                        KMeansSeeds(train, features_, clusters_, seed_));
    PL_RETURN_IF_ERROR(seeds_.Reserve(SeedBytes()));
    PL_RETURN_IF_ERROR(device_seeds_.Reserve(SeedBytes()));
    std::memcpy(seeds_.data(), seeds.data(), SeedBytes());
    started_ = true;
    seeds_there_ = false;
    return absl::OkStatus();
  }

  absl::Status Check(const Batch& /*batch*/, const Parameters& parameters) const override {
    bool any = started_;
    const TensorFloats& rows = parameters[kSums].rows;
    for (uint64_t count = features_; count < rows.size(); count += features_ + 1) {
      any = any || rows[count] > 0;
    }
    return any ? absl::OkStatus()
               : absl::FailedPreconditionError("kmeans: no cluster has points yet");
  }

  absl::Status Forward(const GpuStep& step) override {
    const StagedBatch& batch = *step.batch;
    const gpu::StreamHandle stream = step.stream->get();
    PL_RETURN_IF_ERROR(centroids_.Reserve(clusters_ * features_ * sizeof(double)));
    PL_RETURN_IF_ERROR(nearest_.Reserve(batch.n() * sizeof(uint32_t)));
    PL_RETURN_IF_ERROR(BringSeeds(stream));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::KMeansCentroids(
        clusters_, features_, step.tables->rows(kSums),
        started_ ? device_seeds_.as<float>() : nullptr, centroids_.as<double>(), stream)));
    const bool dense = batch.layout().dense;
    const gpu::KMeansRecords records = {.values = batch.values(),
                                        .offsets = dense ? nullptr : batch.offsets(),
                                        .features = dense ? nullptr : batch.rows()};
    return gpu::ToStatus(gpu::KMeansNearest(batch.n(), clusters_, features_, records,
                                            centroids_.as<double>(), nearest_.as<uint32_t>(),
                                            step.scores, step.losses, stream));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    if (!started_) {
      return absl::FailedPreconditionError("kmeans: learns only after it has seen the data");
    }
    const StagedBatch& batch = *step.batch;
    const gpu::StreamHandle stream = step.stream->get();
    const uint64_t values = step.tables->value_count(kSums);
    PL_ASSIGN_OR_RETURN(float* const out, gradients->Place(kSums, values));
    // Features without entries, batches without records.
    PL_RETURN_IF_ERROR(gpu_->Fill(out, 0, values * sizeof(float), stream));
    const float* x = batch.values();
    if (!batch.layout().dense) {
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::KMeansEntrySums(
          batch.layout().groups, clusters_, features_, batch.group_rows(), batch.group_offsets(),
          batch.group_records(), batch.group_values(), nearest_.as<uint32_t>(), out, stream)));
      x = nullptr;
    }
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::KMeansSums(batch.n(), clusters_, features_, x, nearest_.as<uint32_t>(), out, stream)));
    return done(kSums);
  }

 private:
  uint64_t SeedBytes() const { return clusters_ * features_ * sizeof(float); }

  absl::Status BringSeeds(gpu::StreamHandle stream) {
    if (!started_ || seeds_there_) return absl::OkStatus();
    PL_RETURN_IF_ERROR(
        gpu_->CopyToDevice(device_seeds_.data(), seeds_.data(), SeedBytes(), stream));
    seeds_there_ = true;
    return absl::OkStatus();
  }

  gpu::Gpu* const gpu_;
  const BatchForm form_;
  const uint32_t clusters_;
  const uint64_t features_;
  const uint64_t seed_;
  // [clusters, features], since Start; on the device since the first step after that.
  gpu::PinnedBuffer seeds_;
  gpu::DeviceBuffer device_seeds_;
  bool started_ = false;
  bool seeds_there_ = false;
  // [features, clusters] float64, of the step's parameters.
  gpu::DeviceBuffer centroids_;
  // [n] uint32.
  gpu::DeviceBuffer nearest_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuKMeansModel(const GpuModelOptions& options) {
  return std::make_unique<GpuKMeansModel>(options);
}

}  // namespace paceline::worker
