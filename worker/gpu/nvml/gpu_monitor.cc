#include "worker/gpu/nvml/gpu_monitor.h"

#include <pthread.h>

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "common/sync.h"
#include "worker/gpu/nvml/nvml.h"

namespace paceline::gpu {
namespace {

v1::GpuStatus Describe(const GpuDescription& gpu) {
  v1::GpuStatus status;
  status.set_ordinal(gpu.ordinal);
  status.set_uuid(gpu.uuid);
  status.set_name(gpu.name);
  status.set_memory_bytes(gpu.memory_bytes);
  return status;
}

v1::GpuStatus Describe(const GpuDescription& gpu, const GpuFacts& facts,
                       const std::string& driver) {
  v1::GpuStatus status = Describe(gpu);
  status.set_driver_version(driver);
  if (!facts.error.empty()) return status;
  status.set_monitored(true);
  if (facts.memory_used_bytes) status.set_memory_used_bytes(*facts.memory_used_bytes);
  if (facts.utilization_percent) status.set_utilization_percent(*facts.utilization_percent);
  if (facts.temperature_celsius) status.set_temperature_celsius(*facts.temperature_celsius);
  if (facts.ecc_errors) status.set_ecc_errors(*facts.ecc_errors);
  return status;
}

}  // namespace

struct GpuMonitor::Shared {
  explicit Shared(Options given) : options(std::move(given)) {}

  const Options options;
  Mutex mu;
  CondVar changed;
  // Facts are to be read anew.
  bool wanted ABSL_GUARDED_BY(mu) = true;
  bool stopping ABSL_GUARDED_BY(mu) = false;
  // The thread is through.
  bool ended ABSL_GUARDED_BY(mu) = false;
  std::vector<v1::GpuStatus> read ABSL_GUARDED_BY(mu);
  // Clock::Monotonic() before they were read.
  absl::Duration read_at ABSL_GUARDED_BY(mu);
};

GpuMonitor::GpuMonitor(Options options) : shared_(std::make_shared<Shared>(std::move(options))) {
  if (shared_->options.gpus.empty()) return;
  thread_ = std::thread([shared = shared_] { Run(shared); });
  pthread_setname_np(thread_.native_handle(), "gpu_monitor");
}

GpuMonitor::~GpuMonitor() {
  if (!thread_.joinable()) return;
  bool ended = false;
  {
    Shared& shared = *shared_;
    MutexLock lock(&shared.mu);
    shared.stopping = true;
    shared.changed.NotifyAll();
    Clock* const clock = shared.options.clock;
    ended = clock->Await(&shared.mu, &shared.changed, clock->Monotonic() + shared.options.patience,
                         [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(shared.mu) { return shared.ended; });
  }
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::vector<v1::GpuStatus> GpuMonitor::Status() const {
  Shared& shared = *shared_;
  const Options& options = shared.options;
  MutexLock lock(&shared.mu);
  const absl::Duration age = options.clock->Monotonic() - shared.read_at;
  if (!shared.wanted && age >= options.read_every) {
    shared.wanted = true;
    shared.changed.NotifyAll();
  }
  if (!shared.read.empty() && age <= options.stale_after) return shared.read;
  std::vector<v1::GpuStatus> known;
  for (const GpuDescription& gpu : options.gpus) known.push_back(Describe(gpu));
  return known;
}

void GpuMonitor::Run(const std::shared_ptr<Shared>& shared) {
  const Options& options = shared->options;
  absl::StatusOr<std::unique_ptr<Nvml>> nvml = Nvml::Load(options.library);
  const std::string driver = nvml.ok() ? (*nvml)->DriverVersion() : "";
  if (nvml.ok()) {
    LogInfo("GPUs are monitored", {{"driver", driver}});
  } else {
    LogWarning("GPUs are not monitored", {{"cause", nvml.status()}});
  }
  // What each said last; said once.
  std::vector<std::string> errors(options.gpus.size());
  const auto read = [&] {
    std::vector<v1::GpuStatus> all;
    for (size_t i = 0; i < options.gpus.size(); ++i) {
      const GpuFacts facts = (*nvml)->Read(options.gpus[i].uuid);
      if (!facts.error.empty() && facts.error != errors[i]) {
        LogWarning("GPU not monitored", {{"gpu", options.gpus[i].ordinal}, {"cause", facts.error}});
      }
      errors[i] = facts.error;
      all.push_back(Describe(options.gpus[i], facts, driver));
    }
    return all;
  };
  MutexLock lock(&shared->mu);
  while (nvml.ok() && !shared->stopping) {
    if (!shared->wanted) {
      shared->changed.Wait(&shared->mu);
      continue;
    }
    shared->mu.Unlock();
    const absl::Duration began = options.clock->Monotonic();
    std::vector<v1::GpuStatus> all = read();
    shared->mu.Lock();
    shared->read = std::move(all);
    shared->read_at = began;
    shared->wanted = false;
  }
  shared->ended = true;
  shared->changed.NotifyAll();
}

}  // namespace paceline::gpu
