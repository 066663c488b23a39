// Memory for big tables. From 2 MiB on it lies in huge pages where the kernel has
// them (madvise), so that random rows of a table of gigabytes cost no page walks.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_TABLE_MEMORY_H_
#define PACELINE_SERVER_CORE_ROWS_TABLE_MEMORY_H_

#include <cstdint>
#include <utility>

namespace paceline::server {

inline constexpr uint64_t kHugePageBytes = uint64_t{2} << 20;

class TableMemory {
 public:
  TableMemory() = default;
  // `bytes` zeros, aligned to 64 bytes, from kHugePageBytes on to a huge page. Stops
  // the process when there is no memory.
  explicit TableMemory(uint64_t bytes);
  TableMemory(TableMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  TableMemory& operator=(TableMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~TableMemory();

  void* data() const { return data_; }
  // What is taken for `bytes`: from kHugePageBytes on whole pages, the last ones small.
  static uint64_t BytesFor(uint64_t bytes);

 private:
  void* data_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_TABLE_MEMORY_H_
