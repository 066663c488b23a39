// A float32 array aligned to 64 bytes, for vector kernels.
//
//   FloatBuffer weights(rows * dim);       // zeros
//   kernel(weights.data(), weights.size());
//
// The memory is padded with zeros to a multiple of 64 bytes, so that a kernel may
// load whole vectors past the end (never store there).
//
// Thread-compatible.
#ifndef PACELINE_COMMON_BUFFER_H_
#define PACELINE_COMMON_BUFFER_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace paceline {

class FloatBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  FloatBuffer() = default;
  // `size` zeros. Stops the process when there is no memory: for sizes that do
  // not come from outside.
  explicit FloatBuffer(std::size_t size);
  // Errors: ResourceExhausted  no memory for `size` floats.
  static absl::StatusOr<FloatBuffer> Create(std::size_t size);

  // A moved-from buffer is empty.
  FloatBuffer(FloatBuffer&& other) noexcept;
  FloatBuffer& operator=(FloatBuffer&& other) noexcept;

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  float& operator[](std::size_t i) { return data_.get()[i]; }
  float operator[](std::size_t i) const { return data_.get()[i]; }
  float* begin() { return data(); }
  float* end() { return data() + size_; }
  const float* begin() const { return data(); }
  const float* end() const { return data() + size_; }

  absl::Span<float> span() { return {data(), size_}; }
  absl::Span<const float> span() const { return {data(), size_}; }

  // An independent copy.
  FloatBuffer Clone() const;

 private:
  struct Free {
    void operator()(float* data) const;
  };

  FloatBuffer(std::unique_ptr<float, Free> data, std::size_t size);

  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_BUFFER_H_
