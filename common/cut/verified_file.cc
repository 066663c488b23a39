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

namespace {

absl::Status CheckEntry(const std::string& path, const v1::CutFile& file) {
  if (file.name().empty() || file.name().find('/') != std::string::npos) {
    return absl::DataLossError(
        absl::StrCat("shard ", file.shard(), ": a file name expected, got \"", file.name(), "\""));
  }
  const std::uint64_t blocks = (file.bytes() + kCrcBlockBytes - 1) / kCrcBlockBytes;
  if (static_cast<std::uint64_t>(file.block_crc32c_size()) == blocks) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": ", blocks, " checksums expected for ",
                                          file.bytes(), " bytes, the manifest has ",
                                          file.block_crc32c_size()));
}

// A file that a manifest names is not missing by chance.
absl::Status Lost(const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return absl::DataLossError(
      absl::StrCat("a file of the cut is missing: ", std::string(status.message())));
}

}  // namespace

VerifiedFile::VerifiedFile(const CutFolder& folder, v1::CutFile entry)
    : folder_(folder), entry_(std::move(entry)), path_(folder.PathOf(entry_.name())) {}

absl::StatusOr<std::unique_ptr<VerifiedFile>> VerifiedFile::Open(const CutFolder& folder,
                                                                 const v1::CutFile& file) {
  std::unique_ptr<VerifiedFile> verified(new VerifiedFile(folder, file));
  PL_RETURN_IF_ERROR(CheckEntry(verified->path_, file));
  PL_RETURN_IF_ERROR(verified->NextCopy(nullptr, absl::OkStatus()));
  return verified;
}

std::shared_ptr<const ReadableFile> VerifiedFile::Current() const {
  MutexLock lock(&mu_);
  return copy_;
}

absl::Status VerifiedFile::NextCopy(const ReadableFile* copy, const absl::Status& why) const {
  MutexLock lock(&mu_);
  if (copy != copy_.get()) return absl::OkStatus();
  const auto left = [this](const absl::Status& cause) {
    mu_.AssertHeld();
    if (why_.ok() || (absl::IsDataLoss(why_) && !absl::IsDataLoss(cause))) why_ = cause;
  };
  if (!why.ok()) left(why);
  while (next_ < folder_.Copies(entry_)) {
    absl::StatusOr<std::unique_ptr<ReadableFile>> file = folder_.OpenCopy(entry_, next_++);
    if (!file.ok()) {
      left(Lost(file.status()));
      continue;
    }
    const absl::StatusOr<std::uint64_t> size = (*file)->Size();
    if (!size.ok()) {
      left(size.status());
    } else if (*size != entry_.bytes()) {
      left(absl::DataLossError(
          absl::StrCat(path_, ": ", entry_.bytes(), " bytes expected, got ", *size)));
    } else {
      copy_ = *std::move(file);
      return absl::OkStatus();
    }
  }
  return why_;
}

absl::StatusOr<std::int64_t> VerifiedFile::ModifiedNs() const { return Current()->ModifiedNs(); }

absl::Status VerifiedFile::ReadAt(std::uint64_t offset, absl::Span<char> out) const {
  if (offset > entry_.bytes() || out.size() > entry_.bytes() - offset) {
    return absl::OutOfRangeError(
        absl::StrCat(path_, ": bytes [", offset, ", +", out.size(), ") of ", entry_.bytes()));
  }
  while (true) {
    const std::shared_ptr<const ReadableFile> copy = Current();
    const absl::Status read = ReadBlocks(*copy, offset, out);
    if (read.ok()) return read;
    PL_RETURN_IF_ERROR(NextCopy(copy.get(), read));
  }
}

absl::Status VerifiedFile::ReadBlocks(const ReadableFile& file, std::uint64_t offset,
                                      absl::Span<char> out) const {
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
    PL_RETURN_IF_ERROR(file.ReadAt(begin, target));
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
