#include "common/daemon/host_status.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/process/process_usage.h"

namespace paceline {
namespace {

void ReadMemory(v1::HostStatus* host) {
  std::ifstream meminfo("/proc/meminfo");
  std::string name;
  std::string unit;
  uint64_t kib = 0;
  while (meminfo >> name >> kib && std::getline(meminfo, unit)) {
    if (name == "MemTotal:") host->set_memory_bytes(kib << 10);
    if (name == "MemAvailable:") {
      host->set_memory_available_bytes(kib << 10);
      return;
    }
  }
}

void ReadProcess(v1::HostStatus* host) {
  const absl::StatusOr<ProcessUsage> usage = ReadProcessUsage("/proc", "self");
  if (!usage.ok()) return;
  host->set_cpu_user_seconds(absl::ToDoubleSeconds(usage->cpu_user));
  host->set_cpu_system_seconds(absl::ToDoubleSeconds(usage->cpu_system));
  host->set_resident_bytes(usage->resident_bytes);
}

void ReadDisk(const std::string& data_dir, v1::HostStatus* host) {
  struct statvfs disk = {};
  if (statvfs(data_dir.c_str(), &disk) != 0) return;
  host->set_disk_bytes(uint64_t{disk.f_blocks} * disk.f_frsize);
  // To this process, as opposed to root.
  host->set_disk_free_bytes(uint64_t{disk.f_bavail} * disk.f_frsize);
}

}  // namespace

v1::HostStatus ReadHostStatus(const std::string& data_dir, int64_t certificate_expires_ms) {
  v1::HostStatus host;
  host.set_certificate_expires_ms(certificate_expires_ms);
  double load = 0;
  if (getloadavg(&load, 1) == 1) host.set_load(load);
  const int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (processors > 0) host.set_processors(static_cast<uint32_t>(processors));
  ReadMemory(&host);
  ReadDisk(data_dir, &host);
  ReadProcess(&host);
  return host;
}

}  // namespace paceline
