#include "server/core/rows/table_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "common/check.h"

namespace paceline::server {
namespace {

constexpr uint64_t kLineBytes = 64;
constexpr uint64_t kPageBytes = 4096;

uint64_t RoundUp(uint64_t bytes, uint64_t to) { return (bytes + to - 1) / to * to; }

// Malloc would give no alignment to huge pages, and would clear what is clear already.
void* MapHuge(uint64_t bytes) {
  const uint64_t room = bytes + kHugePageBytes;
  void* const mapped =
      mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  PL_CHECK(mapped != MAP_FAILED) << "no memory for " << bytes << " bytes of a table";
  auto* const begin = static_cast<char*>(mapped);
  auto* const from =
      reinterpret_cast<char*>(RoundUp(reinterpret_cast<uintptr_t>(begin), kHugePageBytes));
  if (from > begin) munmap(begin, static_cast<size_t>(from - begin));
  char* const end = begin + room;
  if (end > from + bytes) munmap(from + bytes, static_cast<size_t>(end - from) - bytes);
  // A kernel without huge pages refuses; small ones do too.
  madvise(from, bytes, MADV_HUGEPAGE);
  return from;
}

}  // namespace

uint64_t TableMemory::BytesFor(uint64_t bytes) {
  return RoundUp(bytes, bytes >= kHugePageBytes ? kPageBytes : kLineBytes);
}

TableMemory::TableMemory(uint64_t bytes) : bytes_(BytesFor(bytes)) {
  if (bytes_ == 0) return;
  if (bytes_ >= kHugePageBytes) {
    data_ = MapHuge(bytes_);
    return;
  }
  data_ = std::aligned_alloc(kLineBytes, bytes_);
  PL_CHECK(data_ != nullptr) << "no memory for " << bytes_ << " bytes of a table";
  std::memset(data_, 0, bytes_);
}

TableMemory::~TableMemory() {
  if (bytes_ >= kHugePageBytes) {
    munmap(data_, bytes_);
  } else {
    std::free(data_);
  }
}

}  // namespace paceline::server
