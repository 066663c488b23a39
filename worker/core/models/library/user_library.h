// A model of a user's library, over its C interface (worker/api/paceline_model_abi.h): what it
// gets to see and what is believed of what it says.
#ifndef PACELINE_WORKER_CORE_MODELS_LIBRARY_USER_LIBRARY_H_
#define PACELINE_WORKER_CORE_MODELS_LIBRARY_USER_LIBRARY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sync.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "worker/api/paceline_model_abi.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Whether this worker can call a library that returned `api`, whose file is named `file`.
// Errors:  FailedPrecondition  another major version of the interface, or a newer minor one,
//                              naming both; functions are missing.
absl::Status CheckInterface(const PacelineModel* api, const std::string& file);

// One model that a library has made.
//
// What goes wrong in the library is an InvalidArgument with the library's file and its text.
// Keys is thread-safe; all else is owned by one thread.
class UserLibrary {
 public:
  // `api` lives as long as the process and has been checked; `tables` as ModelTables made them
  // of `spec`, which has its defaults.
  // Errors:  InvalidArgument  the model cannot be made; its scores cannot be.
  static absl::StatusOr<std::unique_ptr<UserLibrary>> Create(
      const PacelineModel* api, const v1::JobSpec& spec, const std::vector<v1::TableSpec>& tables,
      uint64_t features, uint32_t classes);
  ~UserLibrary() { api_->destroy(model_); }
  UserLibrary(const UserLibrary&) = delete;
  UserLibrary& operator=(const UserLibrary&) = delete;

  const std::vector<v1::TableSpec>& tables() const { return tables_; }
  uint64_t features() const { return features_; }
  uint32_t width() const { return width_; }
  ScoreKind score_kind() const { return score_kind_; }

  // Ascending and distinct. A failure leaves none and is returned by failure() from then on.
  void Keys(const Batch& batch, uint32_t table, std::vector<uint64_t>* keys) const;
  absl::Status failure() const;

  // `gradients` has the shape of the parameters and is 0.
  // Errors:  InvalidArgument  as above.
  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, double* loss);

  // `scores` [n, width()], `losses` [n].
  // Errors:  InvalidArgument  as above; a probability below 0 or above 1, naming its record.
  absl::Status Predict(const Batch& batch, const Parameters& parameters, float* scores,
                       float* losses);

 private:
  UserLibrary(const PacelineModel* api, std::string file, std::vector<v1::TableSpec> tables,
              uint64_t features)
      : api_(api), file_(std::move(file)), tables_(std::move(tables)), features_(features) {}

  const PacelineModel* const api_;
  const std::string file_;
  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  // What api_->create returned.
  void* model_ = nullptr;
  ScoreKind score_kind_ = ScoreKind::kOfKind;
  uint32_t width_ = 1;

  mutable Mutex mu_;
  mutable absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LIBRARY_USER_LIBRARY_H_
