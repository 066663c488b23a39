// A model of a user's library as a Model and a Runner.
#ifndef PACELINE_WORKER_CORE_MODELS_LIBRARY_LIBRARY_MODEL_H_
#define PACELINE_WORKER_CORE_MODELS_LIBRARY_LIBRARY_MODEL_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/core/model.h"
#include "worker/core/models/library/user_library.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// Thread-safe.
class LibraryModel final : public Model {
 public:
  explicit LibraryModel(std::unique_ptr<UserLibrary> library) : library_(std::move(library)) {}

  const std::vector<v1::TableSpec>& tables() const override { return library_->tables(); }
  // What fails here is an error of the runner's next call.
  void Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const override;

  const std::shared_ptr<UserLibrary>& library() const { return library_; }

 private:
  const std::shared_ptr<UserLibrary> library_;
};

// The runner of `model`, which has to be a LibraryModel; it shares the library with it. All
// tables are ready at once, when the library returns.
// Errors:  InvalidArgument  another model.
absl::StatusOr<std::unique_ptr<Runner>> CreateLibraryRunner(const Model& model,
                                                            const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LIBRARY_LIBRARY_MODEL_H_
