#include "worker/io/data/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline::worker {

namespace {

constexpr uint64_t kPieceBytes = uint64_t{1} << 20;
// zlib: the largest window, and a gzip header rather than a zlib one.
constexpr int kGzipWindowBits = 15 + 16;

// Owns zlib's state.
class Inflater {
 public:
  Inflater() { PL_CHECK_EQ(inflateInit2(&stream, kGzipWindowBits), Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
};

absl::Status CheckMagic(const ReadableFile& file, uint64_t size) {
  char magic[2] = {0, 0};
  if (size >= sizeof(magic)) PL_RETURN_IF_ERROR(file.ReadAt(0, absl::MakeSpan(magic)));
  if (magic[0] != '\x1f' || magic[1] != '\x8b') {
    return absl::InvalidArgumentError("not a gzip file, though its name ends in .gz");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Gunzip(const ReadableFile& file,
                    absl::FunctionRef<absl::Status(absl::string_view)> sink) {
  PL_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  PL_RETURN_IF_ERROR(CheckMagic(file, size));
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::vector<char> in(std::min(size, kPieceBytes));
  std::vector<char> out(kPieceBytes);
  bool inside_member = false;
  bool more_output = false;  // the last call filled `out`: there may be more inside zlib
  uint64_t at = 0;
  while (at < size || stream.avail_in > 0 || more_output) {
    if (stream.avail_in == 0 && at < size) {
      const uint64_t length = std::min<uint64_t>(in.size(), size - at);
      PL_RETURN_IF_ERROR(file.ReadAt(at, absl::MakeSpan(in.data(), length)));
      at += length;
      stream.next_in = reinterpret_cast<Bytef*>(in.data());
      stream.avail_in = static_cast<uInt>(length);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    inside_member = true;
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return absl::DataLossError(
          absl::StrCat("damaged gzip data before byte ", at - stream.avail_in, " of ", size, ": ",
                       stream.msg != nullptr ? stream.msg : "unknown format"));
    }
    PL_RETURN_IF_ERROR(sink(absl::string_view(out.data(), out.size() - stream.avail_out)));
    more_output = stream.avail_out == 0;
    if (result == Z_STREAM_END) {
      more_output = false;
      inside_member = false;
      PL_CHECK_EQ(inflateReset(&stream), Z_OK);
    }
  }
  if (inside_member) {
    return absl::DataLossError(absl::StrCat("gzip data cut off after ", size, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker
