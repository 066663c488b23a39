#include "worker/gpu/gpu_device.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/log.h"
#include "common/spec/defaults.h"
#include "common/status/status_macros.h"
#include "common/tables/ctr_tables.h"
#include "worker/core/models/checks.h"
#include "worker/gpu/models/gpu_model_factory.h"
#include "worker/gpu/models/gpu_runner.h"

namespace paceline::worker {
namespace {

class GpuPinner final : public HostPinner {
 public:
  explicit GpuPinner(std::shared_ptr<gpu::Gpu> gpu) : gpu_(std::move(gpu)) {}

  bool Pin(void* memory, uint64_t bytes) override {
    const absl::Status pinned = gpu_->Pin(memory, bytes);
    if (!pinned.ok()) {
      LogWarning("tensors take a detour to the GPU", {{"bytes", bytes}, {"cause", pinned}});
    }
    return pinned.ok();
  }

  void Unpin(void* memory) override { gpu_->Unpin(memory); }

 private:
  const std::shared_ptr<gpu::Gpu> gpu_;
};

// Ampere's: Turing has no products of bfloat16.
constexpr uint32_t kLeastForBf16 = 80;

absl::Status CheckPrecision(v1::Precision precision, const gpu::GpuDescription& gpu) {
  if (precision != v1::PRECISION_BF16 || gpu.architecture >= kLeastForBf16) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "train.precision bf16: a GPU of compute capability 8.0 or more expected, got %d.%d (GPU %d, "
      "%s)",
      gpu.architecture / 10, gpu.architecture % 10, gpu.ordinal, gpu.name));
}

}  // namespace

GpuDevice::GpuDevice(std::shared_ptr<gpu::Gpu> gpu, Clock* clock, Tracer* tracer)
    : gpu_(std::move(gpu)),
      clock_(clock),
      tracer_(tracer),
      pinner_(std::make_shared<GpuPinner>(gpu_)) {
  TensorMemory::Get().PinWith(pinner_);
}

GpuDevice::~GpuDevice() { TensorMemory::Get().StopPinningWith(pinner_.get()); }

std::string GpuDevice::numeric_class() const {
  return absl::StrCat("cuda/", gpu_->description().name, "/", gpu_->math_library());
}

absl::StatusOr<std::unique_ptr<Runner>> GpuDevice::CreateRunner(const v1::JobSpec& spec,
                                                                const Model& model,
                                                                uint64_t features,
                                                                uint32_t classes) {
  const v1::JobSpec full = WithDefaults(spec);
  PL_RETURN_IF_ERROR(CheckPrecision(full.train().precision(), gpu_->description()));
  PL_RETURN_IF_ERROR(CheckTables(full, features, classes, model.tables()));
  GpuModelOptions options;
  options.gpu = gpu_.get();
  options.tables = model.tables();
  options.features = features;
  options.precision = full.train().precision();
  options.deterministic = !full.train().has_deterministic() || full.train().deterministic();
  options.seed = full.train().seed();
  options.global_batch = full.train().global_batch();
  options.consistency = full.consistency();
  if (IsCtrModel(full.model().kind())) {
    PL_ASSIGN_OR_RETURN(options.ctr, CtrShapeOf(full, features));
  }
  PL_ASSIGN_OR_RETURN(std::unique_ptr<GpuModel> on_gpu, CreateGpuModel(full.model(), options));
  return CreateGpuRunner({.gpu = gpu_,
                          .tables = model.tables(),
                          .features = features,
                          .loss_scale = LossScale(full.train()),
                          .clock = clock_,
                          .tracer = tracer_},
                         std::move(on_gpu));
}

}  // namespace paceline::worker
