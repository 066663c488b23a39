#include "common/shared_memory/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

absl::Status NoMemory(uint64_t size, int error) {
  // Whatever the call's word for it, the bytes are not to be had.
  return absl::ResourceExhaustedError(absl::StrCat(
      "shared memory of ", size, " bytes: ", absl::ErrnoToStatus(error, "").message()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<SharedMemory>> SharedMemory::Create(uint64_t size) {
  UniqueFd fd(memfd_create("paceline", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) {
    if (errno == ENOSYS || errno == EINVAL) return absl::UnimplementedError("memfd_create");
    return NoMemory(size, errno);
  }
  // Not ftruncate alone: a page that is missing later would be a SIGBUS.
  const int reserved = posix_fallocate(fd.get(), 0, static_cast<off_t>(size));
  if (reserved != 0) return NoMemory(size, reserved);
  if (fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return absl::UnimplementedError("F_ADD_SEALS");
  const int made = fd.get();
  return Map(made, std::move(fd), size);
}

absl::StatusOr<std::shared_ptr<SharedMemory>> SharedMemory::Adopt(UniqueFd fd, uint64_t most) {
  const int seals = fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) {
    return absl::InvalidArgumentError(
        absl::StrCat("shared memory: seals ", kSeals, " expected, got ", seals));
  }
  struct stat facts = {};
  if (fstat(fd.get(), &facts) != 0) return absl::ErrnoToStatus(errno, "shared memory: fstat");
  const auto size = static_cast<uint64_t>(facts.st_size);
  if (size == 0 || size > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("shared memory: 1 to ", most, " bytes expected, got ", size));
  }
  // A hole would be filled at the first touch, or not.
  if (static_cast<uint64_t>(facts.st_blocks) * 512 < size) {
    return absl::InvalidArgumentError(absl::StrCat("shared memory: ", size,
                                                   " bytes of pages expected, got ",
                                                   static_cast<uint64_t>(facts.st_blocks) * 512));
  }
  return Map(fd.get(), UniqueFd(), size);
}

absl::StatusOr<std::shared_ptr<SharedMemory>> SharedMemory::Map(int fd, UniqueFd kept,
                                                                uint64_t size) {
  void* const data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return NoMemory(size, errno);
  return std::shared_ptr<SharedMemory>(
      new SharedMemory(std::move(kept), static_cast<uint8_t*>(data), size));
}

SharedMemory::~SharedMemory() { munmap(data_, size_); }

}  // namespace paceline
