#include "worker/core/models/library/library_model.h"

#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"

namespace paceline::worker {
namespace {

absl::Status CheckFields(const Batch& batch) {
  if (batch.indices.size() == batch.fields * batch.size() &&
      batch.dense_values.size() == batch.features * batch.size()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("batch: %d keys and %d numbers expected for %d records, got %d and %d",
                      batch.fields * batch.size(), batch.features * batch.size(), batch.size(),
                      batch.indices.size(), batch.dense_values.size()));
}

class LibraryRunner final : public Runner {
 public:
  LibraryRunner(std::shared_ptr<UserLibrary> library, const Trace& trace)
      : library_(std::move(library)), trace_(trace) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    const TraceScope scope(trace_, TraceTrack::kCompute, "library", batch.iteration);
    PL_RETURN_IF_ERROR(Check(batch, parameters));
    gradients->resize(parameters.size());
    for (size_t t = 0; t < parameters.size(); ++t) {
      (*gradients)[t].keys = parameters[t].keys;
      (*gradients)[t].rows.assign(parameters[t].rows.size(), 0.0f);
    }
    double sum = 0;
    PL_RETURN_IF_ERROR(library_->Gradient(batch, parameters, scale, gradients, &sum));
    *loss = {.sum = sum, .count = batch.size()};
    for (size_t t = 0; t < parameters.size(); ++t) ready(static_cast<int>(t));
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(Check(batch, parameters));
    predictions->width = library_->width();
    predictions->score_kind = library_->score_kind();
    predictions->scores.assign(batch.size() * library_->width(), 0.0f);
    predictions->losses.assign(batch.size(), 0.0f);
    return library_->Predict(batch, parameters, predictions->scores.data(),
                             predictions->losses.data());
  }

 private:
  absl::Status Check(const Batch& batch, const Parameters& parameters) const {
    PL_RETURN_IF_ERROR(library_->failure());
    PL_RETURN_IF_ERROR(batch.fields != 0 ? CheckFields(batch)
                                         : CheckBatch(batch, library_->features()));
    return CheckParameters(library_->tables(), parameters);
  }

  const std::shared_ptr<UserLibrary> library_;
  const Trace trace_;
};

}  // namespace

void LibraryModel::Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const {
  keys->resize(tables().size());
  for (size_t t = 0; t < tables().size(); ++t) {
    (*keys)[t].clear();
    if (tables()[t].kind() == v1::TABLE_KIND_SPARSE) {
      library_->Keys(batch, static_cast<uint32_t>(t), &(*keys)[t]);
    }
  }
}

absl::StatusOr<std::unique_ptr<Runner>> CreateLibraryRunner(const Model& model,
                                                            const Trace& trace) {
  const auto* const library = dynamic_cast<const LibraryModel*>(&model);
  if (library == nullptr) {
    return absl::InvalidArgumentError("model.kind library: a model of a library expected");
  }
  return std::make_unique<LibraryRunner>(library->library(), trace);
}

}  // namespace paceline::worker
