#include "server/io/process_memory.h"

#include <unistd.h>

#include <fstream>

namespace paceline::server {
namespace {

uint64_t PageBytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  return statm >> total >> resident ? resident * PageBytes() : 0;
}

uint64_t MachineBytes() { return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * PageBytes(); }

}  // namespace paceline::server
