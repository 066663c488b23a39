// Packs bytes for tests of gzipped data.
#ifndef PACELINE_WORKER_IO_DATA_GZIP_FIXTURE_H_
#define PACELINE_WORKER_IO_DATA_GZIP_FIXTURE_H_

#include <zlib.h>

#include <string>

#include "common/check.h"

namespace paceline::worker::testing {

// One gzip member.
inline std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  PL_CHECK_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  PL_CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_IO_DATA_GZIP_FIXTURE_H_
