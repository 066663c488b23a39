// Bytes of a message as they were received: several spans, one after the other,
// that may begin and end anywhere, also inside a float. Owns nothing: the spans
// outlive the view.
//
//   ByteView payload({slice0, slice1});
//   ByteView rows = payload.Sub(8 * keys, 4 * keys * dim);
//   rows.ForEachFloats([&](const uint8_t* bytes, size_t count, uint64_t first) {...});
//
// Integers and floats are little-endian, as this machine's (checked at compile time).
//
// Immutable after the last Append.
#ifndef PACELINE_SERVER_CORE_ROWS_BYTE_VIEW_H_
#define PACELINE_SERVER_CORE_ROWS_BYTE_VIEW_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace paceline::server {

static_assert(std::endian::native == std::endian::little);

class ByteView {
 public:
  using Span = absl::Span<const uint8_t>;

  ByteView() = default;
  ByteView(std::initializer_list<Span> spans) {
    for (const Span& span : spans) Append(span);
  }
  // A view of floats in memory, e.g. of a fold accumulator.
  static ByteView OfFloats(absl::Span<const float> floats) {
    return {Span(reinterpret_cast<const uint8_t*>(floats.data()), floats.size() * sizeof(float))};
  }

  // Adds bytes at the end. Empty spans are dropped.
  void Append(Span span) {
    if (span.empty()) return;
    spans_.push_back(span);
    size_ += span.size();
  }

  // [bytes]
  uint64_t size() const { return size_; }
  absl::Span<const Span> spans() const { return spans_; }

  // Bytes [offset, offset + length), which lie within the view.
  ByteView Sub(uint64_t offset, uint64_t length) const;

  // Copies bytes [offset, offset + length) to `out`.
  void CopyTo(uint64_t offset, uint64_t length, void* out) const;

  // Calls fn(bytes, count, first) for runs of `count` whole floats that lie in
  // one piece at `bytes` (unaligned), in order; `first` is the index of the run's
  // first float. A float cut in two by the end of a span comes as a run of one,
  // from a copy. size() is a multiple of 4.
  template <typename Fn>
  void ForEachFloats(Fn fn) const {
    uint8_t cut[sizeof(float)];
    ForEachRows(sizeof(float), cut, fn);
  }

  // The same for rows of `row_bytes` each: size() is a multiple of it, and `cut`, for
  // copies, has room for one row.
  template <typename Fn>
  void ForEachRows(size_t row_bytes, uint8_t* cut, Fn fn) const {
    uint64_t index = 0;
    size_t have = 0;  // bytes of a cut row gathered so far
    for (Span span : spans_) {
      if (have > 0) {
        const size_t take = std::min(row_bytes - have, span.size());
        std::memcpy(cut + have, span.data(), take);
        have += take;
        span.remove_prefix(take);
        if (have < row_bytes) continue;
        fn(static_cast<const uint8_t*>(cut), size_t{1}, index++);
        have = 0;
      }
      const size_t whole = span.size() / row_bytes;
      if (whole > 0) fn(span.data(), whole, index);
      index += whole;
      have = span.size() - whole * row_bytes;
      std::memcpy(cut, span.data() + whole * row_bytes, have);
    }
  }

 private:
  absl::InlinedVector<Span, 4> spans_;
  uint64_t size_ = 0;
};

// Walks a view from its beginning to its end. Owned by one thread.
class ByteReader {
 public:
  // `view` outlives the reader.
  explicit ByteReader(const ByteView& view) : view_(view) {}

  // Copies the next `length` bytes, which exist, to `out`.
  void Read(uint64_t length, void* out);

 private:
  const ByteView& view_;
  size_t span_ = 0;
  size_t offset_ = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_BYTE_VIEW_H_
