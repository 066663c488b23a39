#include "worker/gpu/models/batch_stager.h"

#include <utility>

#include "common/status/status_macros.h"

namespace paceline::worker {

StagedBatch::StagedBatch(gpu::Gpu* gpu, gpu::Event begun, gpu::Event copied)
    : begun(std::move(begun)),
      copied(std::move(copied)),
      host_(gpu, "a batch"),
      device_(gpu, "a batch") {}

absl::StatusOr<std::shared_ptr<BatchStager>> BatchStager::Create(std::shared_ptr<gpu::Gpu> gpu,
                                                                 const BatchForm& form) {
  PL_ASSIGN_OR_RETURN(gpu::Stream stream, gpu::Stream::Create(gpu.get()));
  return std::shared_ptr<BatchStager>(new BatchStager(std::move(gpu), form, std::move(stream)));
}

BatchStager::BatchStager(std::shared_ptr<gpu::Gpu> gpu, const BatchForm& form, gpu::Stream stream)
    : gpu_(std::move(gpu)), form_(form), stream_(std::move(stream)) {}

absl::StatusOr<std::shared_ptr<const StagedBatch>> BatchStager::Stage(const Batch& batch) {
  PL_ASSIGN_OR_RETURN(const PackedBatch packed, PackedBatch::Create(batch, form_));
  PL_ASSIGN_OR_RETURN(std::unique_ptr<StagedBatch> staged, Take());
  const uint64_t bytes = packed.layout().bytes;
  staged->layout_ = packed.layout();
  PL_RETURN_IF_ERROR(staged->host_.Reserve(bytes));
  PL_RETURN_IF_ERROR(staged->device_.Reserve(bytes));
  packed.CopyTo(staged->host_.as<uint8_t>());
  PL_RETURN_IF_ERROR(staged->begun.Record(stream_));
  if (bytes > 0) {
    PL_RETURN_IF_ERROR(
        gpu_->CopyToDevice(staged->device_.data(), staged->host_.data(), bytes, stream_.get()));
  }
  PL_RETURN_IF_ERROR(staged->copied.Record(stream_));
  return std::shared_ptr<const StagedBatch>(
      staged.release(), [self = shared_from_this()](const StagedBatch* done) {
        self->Return(std::unique_ptr<StagedBatch>(const_cast<StagedBatch*>(done)));
      });
}

absl::StatusOr<std::unique_ptr<StagedBatch>> BatchStager::Take() {
  std::unique_ptr<StagedBatch> batch;
  {
    MutexLock lock(&mu_);
    if (!spare_.empty()) {
      batch = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (batch != nullptr) {
    // It may have been dropped before it was copied.
    PL_RETURN_IF_ERROR(batch->copied.Synchronize());
    return batch;
  }
  PL_ASSIGN_OR_RETURN(gpu::Event begun, gpu::Event::Create(gpu_.get()));
  PL_ASSIGN_OR_RETURN(gpu::Event copied, gpu::Event::Create(gpu_.get()));
  return std::unique_ptr<StagedBatch>(
      new StagedBatch(gpu_.get(), std::move(begun), std::move(copied)));
}

void BatchStager::Return(std::unique_ptr<StagedBatch> batch) {
  MutexLock lock(&mu_);
  spare_.push_back(std::move(batch));
}

}  // namespace paceline::worker
