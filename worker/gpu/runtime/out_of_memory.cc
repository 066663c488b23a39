#include "worker/gpu/runtime/out_of_memory.h"

#include "absl/strings/str_format.h"

namespace paceline::gpu {

absl::Status OutOfMemory(const GpuDescription& gpu, uint64_t needed, absl::string_view what,
                         const GpuMemory& memory) {
  const auto mib = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  return absl::ResourceExhaustedError(absl::StrFormat(
      "GPU %d (%s): out of memory: %.1f MiB needed for %s, %.1f MiB free of %.1f MiB", gpu.ordinal,
      gpu.name, mib(needed), what, mib(memory.free), mib(memory.total)));
}

}  // namespace paceline::gpu
