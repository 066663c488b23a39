// What a rank computes on.
#ifndef PACELINE_WORKER_CORE_DEVICE_DEVICE_H_
#define PACELINE_WORKER_CORE_DEVICE_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Thread-compatible; outlives its runners.
class Device {
 public:
  virtual ~Device() = default;

  // "cpu", "cuda" or "emulated".
  virtual absl::string_view name() const = 0;

  // Everything that decides the bits of a result beside the job spec and the number
  // of ranks: the device, and on a cpu the SIMD level and the BLAS kernels. Ranks of
  // a job have the same one: "cpu/AVX3/OpenBLAS-0.3.21-SkylakeX".
  virtual std::string numeric_class() const = 0;

  // A runner of `model`, which CreateModel made from the same spec, features and
  // classes. It keeps no pointer to the model.
  // Errors:  InvalidArgument  the device cannot run the model, saying why.
  virtual absl::StatusOr<std::unique_ptr<Runner>> CreateRunner(const v1::JobSpec& spec,
                                                               const Model& model,
                                                               uint64_t features,
                                                               uint32_t classes) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DEVICE_DEVICE_H_
