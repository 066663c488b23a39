#include "worker/gpu/cuda/cublas.h"

#include <dlfcn.h>

#include <array>

#include "absl/strings/str_cat.h"

namespace paceline::gpu {
namespace {

// The functions above have not changed since 11.0; compute types came with it.
constexpr std::array kNames = {"libcublas.so.13", "libcublas.so.12",
                               "/usr/local/cuda/lib64/libcublas.so.13",
                               "/usr/local/cuda/lib64/libcublas.so.12", "libcublas.so"};

template <typename Function>
absl::Status Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  if (*function != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cuBLAS: it has no ", name));
}

absl::StatusOr<std::string> VersionOf(const Cublas& cublas) {
  std::string version = "cuBLAS";
  const std::array parts = {MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL};
  for (const libraryPropertyType part : parts) {
    int value = 0;
    const absl::Status got = cublas.StatusOf(cublas.get_property(part, &value), "GetProperty");
    if (!got.ok()) return got;
    absl::StrAppend(&version, part == MAJOR_VERSION ? "-" : ".", value);
  }
  return version;
}

absl::StatusOr<Cublas> Load() {
  void* library = nullptr;
  for (const char* const name : kNames) {
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
  }
  if (library == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("cuBLAS cannot be loaded: ", kNames.front(),
                     " expected in the system's library folders, LD_LIBRARY_PATH or ",
                     "/usr/local/cuda/lib64; ", dlerror()));
  }
  Cublas cublas = {};
  for (const absl::Status& found : {
           Find(library, "cublasCreate_v2", &cublas.create),
           Find(library, "cublasDestroy_v2", &cublas.destroy),
           Find(library, "cublasSetStream_v2", &cublas.set_stream),
           Find(library, "cublasSetWorkspace_v2", &cublas.set_workspace),
           Find(library, "cublasGemmEx", &cublas.gemm_ex),
           Find(library, "cublasGemmStridedBatchedEx", &cublas.gemm_strided_batched_ex),
           Find(library, "cublasGetProperty", &cublas.get_property),
           Find(library, "cublasGetStatusString", &cublas.get_status_string),
       }) {
    if (!found.ok()) return found;
  }
  absl::StatusOr<std::string> version = VersionOf(cublas);
  if (!version.ok()) return version.status();
  cublas.version = *std::move(version);
  return cublas;
}

}  // namespace

absl::Status Cublas::StatusOf(cublasStatus_t status, absl::string_view call) const {
  if (status == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cublas", call, ": ", get_status_string(status)));
}

const absl::StatusOr<Cublas>& LoadCublas() {
  // Never unloaded: work may still use it when the process ends.
  static const auto* const cublas = new absl::StatusOr<Cublas>(Load());
  return *cublas;
}

}  // namespace paceline::gpu
