#include "server/core/rows/byte_view.h"

#include <algorithm>

#include "common/check.h"

namespace paceline::server {

ByteView ByteView::Sub(uint64_t offset, uint64_t length) const {
  PL_CHECK_LE(offset, size_);
  PL_CHECK_LE(length, size_ - offset);
  ByteView sub;
  for (const Span& span : spans_) {
    if (length == 0) break;
    if (offset >= span.size()) {
      offset -= span.size();
      continue;
    }
    const uint64_t take = std::min<uint64_t>(length, span.size() - offset);
    sub.Append(span.subspan(offset, take));
    length -= take;
    offset = 0;
  }
  return sub;
}

void ByteView::CopyTo(uint64_t offset, uint64_t length, void* out) const {
  const ByteView sub = Sub(offset, length);
  ByteReader(sub).Read(length, out);
}

void ByteReader::Read(uint64_t length, void* out) {
  auto* to = static_cast<uint8_t*>(out);
  while (length > 0) {
    PL_CHECK_LT(span_, view_.spans().size()) << length << " bytes missing";
    const ByteView::Span span = view_.spans()[span_];
    const uint64_t take = std::min<uint64_t>(length, span.size() - offset_);
    std::memcpy(to, span.data() + offset_, take);
    to += take;
    length -= take;
    offset_ += take;
    if (offset_ == span.size()) {
      ++span_;
      offset_ = 0;
    }
  }
}

}  // namespace paceline::server
