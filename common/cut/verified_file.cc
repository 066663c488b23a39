#include "common/cut/verified_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/block_crc32c.h"
#include "common/crc32c.h"
#include "common/status/status_macros.h"
#include "common/xxh3/xxh3.h"

namespace paceline {

absl::StatusOr<std::unique_ptr<VerifiedFile>> VerifiedFile::Open(FileSystem& fs,
                                                                 const std::string& dir,
                                                                 const v1::CutFile& file) {
  if (file.name().empty() || file.name().find('/') != std::string::npos) {
    return absl::DataLossError(
        absl::StrCat("shard ", file.shard(), ": a file name expected, got \"", file.name(), "\""));
  }
  std::string path = JoinPath(dir, file.name());
  const std::uint64_t blocks = (file.bytes() + kCrcBlockBytes - 1) / kCrcBlockBytes;
  if (static_cast<std::uint64_t>(file.block_crc32c_size()) != blocks) {
    return absl::DataLossError(absl::StrCat(path, ": ", blocks, " checksums expected for ",
                                            file.bytes(), " bytes, the manifest has ",
                                            file.block_crc32c_size()));
  }
  absl::StatusOr<std::unique_ptr<ReadableFile>> readable = fs.OpenForRead(path);
  if (absl::IsNotFound(readable.status())) {
    return absl::DataLossError(
        absl::StrCat("a file of the cut is missing: ", std::string(readable.status().message())));
  }
  PL_RETURN_IF_ERROR(readable.status());
  PL_ASSIGN_OR_RETURN(const std::uint64_t size, (*readable)->Size());
  if (size != file.bytes()) {
    return absl::DataLossError(
        absl::StrCat(path, ": ", file.bytes(), " bytes expected, got ", size));
  }
  return std::unique_ptr<VerifiedFile>(
      new VerifiedFile(std::move(path), file, *std::move(readable)));
}

absl::Status VerifiedFile::ReadAt(std::uint64_t offset, absl::Span<char> out) const {
  if (offset > entry_.bytes() || out.size() > entry_.bytes() - offset) {
    return absl::OutOfRangeError(
        absl::StrCat(path_, ": bytes [", offset, ", +", out.size(), ") of ", entry_.bytes()));
  }
  std::string partial;
  for (std::uint64_t done = 0; done < out.size();) {
    const std::uint64_t block = (offset + done) / kCrcBlockBytes;
    const std::uint64_t begin = block * kCrcBlockBytes;
    const std::uint64_t bytes = std::min(kCrcBlockBytes, entry_.bytes() - begin);
    const std::uint64_t skip = offset + done - begin;
    const std::uint64_t count = std::min<std::uint64_t>(bytes - skip, out.size() - done);
    // A whole block goes straight to where it is wanted.
    absl::Span<char> target = out.subspan(done, count);
    if (count < bytes) {
      partial.resize(bytes);
      target = absl::MakeSpan(partial);
    }
    PL_RETURN_IF_ERROR(file_->ReadAt(begin, target));
    const std::uint32_t want = entry_.block_crc32c(static_cast<int>(block));
    const std::uint32_t got = Crc32c({target.data(), target.size()});
    if (got != want) {
      return absl::DataLossError(absl::StrCat(path_, ": CRC32C of the block at byte ", begin, ": ",
                                              absl::Hex(want, absl::kZeroPad8), " expected, got ",
                                              absl::Hex(got, absl::kZeroPad8)));
    }
    if (count < bytes) std::memcpy(out.data() + done, partial.data() + skip, count);
    done += count;
  }
  return absl::OkStatus();
}

absl::Status VerifiedFile::VerifyAll(const StopRequested& stop) const {
  Xxh3Stream hash;
  std::string block;
  for (std::uint64_t offset = 0; offset < entry_.bytes(); offset += block.size()) {
    if (stop && stop()) return absl::CancelledError(absl::StrCat(path_, ": given up"));
    block.resize(std::min(kCrcBlockBytes, entry_.bytes() - offset));
    PL_RETURN_IF_ERROR(ReadAt(offset, absl::MakeSpan(block)));
    hash.Update(block);
  }
  if (hash.Hex() == entry_.xxh3()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path_, ": XXH3 ", entry_.xxh3(), " expected, got ", hash.Hex()));
}

}  // namespace paceline
