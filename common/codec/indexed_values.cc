#include "common/codec/indexed_values.h"

#include <cstring>

namespace paceline {
namespace {

template <typename T>
T Get(const uint8_t* bytes, uint64_t i) {
  T value;
  std::memcpy(&value, bytes + i * sizeof value, sizeof value);
  return value;
}

}  // namespace

void WriteIndexed(absl::Span<const float> values, absl::Span<const uint32_t> indices, void* out) {
  if (indices.empty()) return;
  auto* const bytes = static_cast<uint8_t*>(out);
  std::memcpy(bytes, indices.data(), indices.size() * sizeof(uint32_t));
  uint8_t* to = bytes + indices.size() * sizeof(uint32_t);
  for (const uint32_t index : indices) {
    std::memcpy(to, &values[index], sizeof(float));
    to += sizeof(float);
  }
}

bool ReadIndexed(const void* in, uint64_t count, absl::Span<float> values) {
  const auto* const indices = static_cast<const uint8_t*>(in);
  const uint8_t* const numbers = indices + count * sizeof(uint32_t);
  uint64_t next = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const auto index = Get<uint32_t>(indices, i);
    if (index < next || index >= values.size()) return false;
    next = uint64_t{index} + 1;
  }
  for (uint64_t i = 0; i < count; ++i) {
    values[Get<uint32_t>(indices, i)] = Get<float>(numbers, i);
  }
  return true;
}

}  // namespace paceline
