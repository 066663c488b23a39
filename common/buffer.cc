#include "common/buffer.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"

namespace paceline {

void FloatBuffer::Free::operator()(float* data) const { std::free(data); }

FloatBuffer::FloatBuffer(std::unique_ptr<float, Free> data, std::size_t size)
    : data_(std::move(data)), size_(size) {}

FloatBuffer::FloatBuffer(std::size_t size) {
  absl::StatusOr<FloatBuffer> buffer = Create(size);
  PL_CHECK(buffer.ok()) << buffer.status();
  *this = *std::move(buffer);
}

absl::StatusOr<FloatBuffer> FloatBuffer::Create(std::size_t size) {
  if (size == 0) return FloatBuffer();
  constexpr std::size_t kMax = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);
  void* memory = nullptr;
  if (size <= kMax - kAlignment) {
    const std::size_t bytes = (size * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    memory = std::aligned_alloc(kAlignment, bytes);
    if (memory != nullptr) std::memset(memory, 0, bytes);
  }
  if (memory == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("no memory for ", size, " floats"));
  }
  return FloatBuffer(std::unique_ptr<float, Free>(static_cast<float*>(memory)), size);
}

FloatBuffer::FloatBuffer(FloatBuffer&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

FloatBuffer& FloatBuffer::operator=(FloatBuffer&& other) noexcept {
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

FloatBuffer FloatBuffer::Clone() const {
  FloatBuffer copy(size_);
  if (size_ > 0) std::memcpy(copy.data(), data(), size_ * sizeof(float));
  return copy;
}

}  // namespace paceline
