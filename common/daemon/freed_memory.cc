#include "common/daemon/freed_memory.h"

#include <malloc.h>

namespace paceline {
namespace {

// The largest that glibc accepts for M_MMAP_THRESHOLD on 64-bit machines.
constexpr int kMmapThreshold = 32 << 20;
constexpr int kTrimThreshold = 1 << 30;
constexpr int kTopPad = 64 << 20;

}  // namespace

void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  mallopt(M_TRIM_THRESHOLD, kTrimThreshold);
  mallopt(M_TOP_PAD, kTopPad);
}

}  // namespace paceline
