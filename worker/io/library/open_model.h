// From a job to its model, which may be a library of a user's.
#ifndef PACELINE_WORKER_IO_LIBRARY_OPEN_MODEL_H_
#define PACELINE_WORKER_IO_LIBRARY_OPEN_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

struct OpenedModel {
  std::unique_ptr<Model> model;
  // A library's file and the hash of its bytes: "poisson.so-0123456789abcdef". Else empty.
  std::string library;
};

// `spec` has its defaults; `model_dir`, the folder of users' libraries, is empty where there
// is none.
// Errors:  those of CreateModel, LoadLibrary and UserLibrary::Create.
absl::StatusOr<OpenedModel> OpenModel(const v1::JobSpec& spec, uint64_t features, uint32_t classes,
                                      const std::string& model_dir);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_LIBRARY_OPEN_MODEL_H_
