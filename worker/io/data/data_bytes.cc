#include "worker/io/data/data_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/hash.h"
#include "common/status/status_macros.h"
#include "worker/io/data/cache_file.h"
#include "worker/io/data/gunzip.h"

namespace paceline::worker {

namespace {

constexpr uint64_t kMagic = 0x4b4341504e554c50;  // "PLUNPACK"

struct Footer {
  uint64_t magic = kMagic;
  uint64_t size = 0;
  uint64_t hash = 0;
  uint64_t origin = 0;
};
static_assert(sizeof(Footer) == 32);

// Hash over a stream: XXH3 of each 1 MiB piece (the last may be short), seeded
// with the hash of the pieces before it.
class PieceHash {
 public:
  static constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

  void Add(absl::string_view bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
      const size_t taken = std::min<size_t>(bytes.size(), kPieceBytes - piece_.size());
      piece_.append(bytes.data(), taken);
      bytes.remove_prefix(taken);
      if (piece_.size() == kPieceBytes) EndPiece();
    }
  }
  uint64_t size() const { return size_; }
  uint64_t Finish() {
    if (!piece_.empty()) EndPiece();
    return hash_;
  }

 private:
  void EndPiece() {
    hash_ = HashBytes(piece_, hash_);
    piece_.clear();
  }

  std::string piece_;
  uint64_t hash_ = 0;
  uint64_t size_ = 0;
};

absl::Status WithPath(const std::string& path, const absl::Status& status) {
  if (status.ok() || absl::StrContains(status.message(), path)) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<std::string> Fingerprint(const std::string& path, const ReadableFile& file) {
  PL_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  PL_ASSIGN_OR_RETURN(const int64_t modified_ns, file.ModifiedNs());
  return absl::StrCat("path=", path, " size=", size, " modified=", modified_ns);
}

bool IsGzipName(const std::string& path) { return absl::EndsWith(path, ".gz"); }

// A gzip file under another name would otherwise show as one bad record of noise.
absl::Status CheckNotGzip(const ReadableFile& file, uint64_t size) {
  char magic[2] = {0, 0};
  if (size >= sizeof(magic)) PL_RETURN_IF_ERROR(file.ReadAt(0, absl::MakeSpan(magic)));
  if (magic[0] == '\x1f' && magic[1] == '\x8b') {
    return absl::InvalidArgumentError("gzip data; the name of a gzipped file ends in .gz");
  }
  return absl::OkStatus();
}

}  // namespace

DataBytes::DataBytes(std::string path, std::unique_ptr<ReadableFile> original,
                     std::string fingerprint)
    : path_(std::move(path)),
      original_(std::move(original)),
      fingerprint_(std::move(fingerprint)) {}

absl::StatusOr<std::unique_ptr<DataBytes>> DataBytes::Open(FileSystem* fs, const std::string& path,
                                                           const std::string& cache_dir,
                                                           uint64_t max_unpacked_memory) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, fs->OpenForRead(path));
  PL_ASSIGN_OR_RETURN(std::string fingerprint, Fingerprint(path, *file));
  PL_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::unique_ptr<DataBytes> bytes(new DataBytes(path, std::move(file), std::move(fingerprint)));
  if (size == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": the file is empty"));
  if (IsGzipName(path)) {
    PL_RETURN_IF_ERROR(WithPath(path, bytes->OpenUnpacked(fs, cache_dir, max_unpacked_memory)));
    if (bytes->size_ == 0) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": the gzipped file is empty"));
    }
  } else {
    PL_RETURN_IF_ERROR(WithPath(path, CheckNotGzip(*bytes->original_, size)));
    bytes->size_ = size;
  }
  return bytes;
}

absl::Status DataBytes::ReadAt(uint64_t offset, absl::Span<char> out) const {
  // The cache file has a footer behind the bytes, so the check is made here.
  if (offset > size_ || out.size() > size_ - offset) {
    return absl::OutOfRangeError(absl::StrCat(path_, ": ", out.size(), " bytes at ", offset,
                                              " expected, there are ", size_));
  }
  if (in_memory_) {
    if (!out.empty()) std::memcpy(out.data(), memory_.data() + offset, out.size());
    return absl::OkStatus();
  }
  return (unpacked_ != nullptr ? unpacked_ : original_)->ReadAt(offset, out);
}

absl::Status DataBytes::CheckUnchanged() const {
  PL_ASSIGN_OR_RETURN(const std::string now, Fingerprint(path_, *original_));
  if (now == fingerprint_) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path_, ": the file changed while in use: ", fingerprint_,
                                          " expected, got ", now));
}

absl::Status DataBytes::OpenUnpacked(FileSystem* fs, const std::string& cache_dir,
                                     uint64_t max_memory) {
  if (cache_dir.empty()) return UnpackToMemory(max_memory);
  const std::string unpacked = CacheFilePath(cache_dir, fingerprint_, "unpacked");
  if (OpenCacheFile(fs, unpacked).ok()) return absl::OkStatus();
  // Not there, stale or damaged: the original decides.
  PL_RETURN_IF_ERROR(UnpackToFile(fs, unpacked));
  return OpenCacheFile(fs, unpacked);
}

absl::Status DataBytes::UnpackToMemory(uint64_t max_bytes) {
  const absl::Status status = Gunzip(*original_, [&](absl::string_view piece) {
    if (piece.size() > max_bytes - memory_.size()) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "more than ", max_bytes, " bytes unpacked, too many for memory without an index folder"));
    }
    memory_.append(piece.data(), piece.size());
    return absl::OkStatus();
  });
  PL_RETURN_IF_ERROR(status);
  in_memory_ = true;
  size_ = memory_.size();
  return absl::OkStatus();
}

absl::Status DataBytes::UnpackToFile(FileSystem* fs, const std::string& unpacked) {
  return WriteCacheFile(fs, unpacked, [&](WritableFile* out) {
    PieceHash hash;
    PL_RETURN_IF_ERROR(Gunzip(*original_, [&](absl::string_view piece) {
      hash.Add(piece);
      return out->Append(piece);
    }));
    Footer footer;
    footer.size = hash.size();
    footer.hash = hash.Finish();
    footer.origin = HashBytes(fingerprint_);
    return out->Append(absl::string_view(reinterpret_cast<const char*>(&footer), sizeof(footer)));
  });
}

absl::Status DataBytes::OpenCacheFile(FileSystem* fs, const std::string& unpacked) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, fs->OpenForRead(unpacked));
  PL_ASSIGN_OR_RETURN(const uint64_t file_size, file->Size());
  Footer footer;
  if (file_size < sizeof(footer)) {
    return absl::DataLossError(absl::StrCat(unpacked, ": cut off at ", file_size, " bytes"));
  }
  const uint64_t size = file_size - sizeof(footer);
  PL_RETURN_IF_ERROR(
      file->ReadAt(size, absl::MakeSpan(reinterpret_cast<char*>(&footer), sizeof(footer))));
  PieceHash hash;
  std::vector<char> piece(std::min(size, PieceHash::kPieceBytes));
  for (uint64_t at = 0; at < size; at += piece.size()) {
    const absl::Span<char> part(piece.data(), std::min<uint64_t>(piece.size(), size - at));
    PL_RETURN_IF_ERROR(file->ReadAt(at, part));
    hash.Add(absl::string_view(part.data(), part.size()));
  }
  if (footer.magic != kMagic || footer.size != size || footer.hash != hash.Finish() ||
      footer.origin != HashBytes(fingerprint_)) {
    return absl::DataLossError(absl::StrCat(unpacked, ": damaged"));
  }
  unpacked_ = std::move(file);
  size_ = size;
  return absl::OkStatus();
}

}  // namespace paceline::worker
