#include "server/io/process_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace paceline::server {
namespace {

// The largest that glibc accepts for M_MMAP_THRESHOLD on 64-bit machines.
constexpr int kMmapThreshold = 32 << 20;
constexpr int kTrimThreshold = 1 << 30;
constexpr int kTopPad = 64 << 20;

uint64_t PageBytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  return statm >> total >> resident ? resident * PageBytes() : 0;
}

uint64_t MachineBytes() { return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * PageBytes(); }

void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  mallopt(M_TRIM_THRESHOLD, kTrimThreshold);
  mallopt(M_TOP_PAD, kTopPad);
}

}  // namespace paceline::server
