// `--device`: a kind of device, and for cuda which GPU.
//
// Pure functions.
#ifndef PACELINE_WORKER_CORE_NODE_DEVICE_FLAG_H_
#define PACELINE_WORKER_CORE_NODE_DEVICE_FLAG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/job.pb.h"

namespace paceline::worker {

struct DeviceFlag {
  v1::DeviceKind kind = v1::DEVICE_KIND_AUTO;
  // With cuda only: this one alone, as CUDA counts.
  std::optional<uint32_t> gpu;

  friend bool operator==(const DeviceFlag&, const DeviceFlag&) = default;
};

// Of "auto", "cpu", "cuda", "cuda:1" or "emulated".
// Errors:  InvalidArgument  anything else.
absl::StatusOr<DeviceFlag> ParseDeviceFlag(absl::string_view text);

// What ParseDeviceFlag reads.
std::string DeviceFlagText(const DeviceFlag& flag);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_NODE_DEVICE_FLAG_H_
