#include "common/daemon/host_status.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>

namespace paceline {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

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
  rusage used = {};
  if (getrusage(RUSAGE_SELF, &used) == 0) {
    host->set_cpu_user_seconds(Seconds(used.ru_utime));
    host->set_cpu_system_seconds(Seconds(used.ru_stime));
  }
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  if (statm >> total >> resident) {
    host->set_resident_bytes(resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  }
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
