#include "scheduler/io/cut_stream.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "common/cut/manifest.h"
#include "common/cut/verified_file.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {

absl::StatusOr<std::unique_ptr<CutReader>> CutReader::Open(FileSystem* fs,
                                                           const CommittedCut& cut) {
  PL_ASSIGN_OR_RETURN(const v1::CutManifest manifest,
                      ReadManifest(*fs, cut.dir, cut.manifest_xxh3));
  std::unique_ptr<CutReader> reader(new CutReader(fs, cut.dir));
  for (const v1::CutFile& file : manifest.files()) reader->files_.push_back(file);
  return reader;
}

absl::StatusOr<bool> CutReader::Next(v1::CutChunk* chunk) {
  if (index_ > files_.size()) return false;
  if (file_ == nullptr) {
    if (index_ == 0) {
      PL_ASSIGN_OR_RETURN(file_, fs_->OpenForRead(JoinPath(dir_, kManifestName)));
    } else {
      PL_ASSIGN_OR_RETURN(file_, VerifiedFile::Open(*fs_, dir_, files_[index_ - 1]));
    }
    PL_ASSIGN_OR_RETURN(size_, file_->Size());
    offset_ = 0;
  }
  chunk->set_file(index_ == 0 ? kManifestName : files_[index_ - 1].name());
  chunk->set_offset(offset_);
  std::string* data = chunk->mutable_data();
  data->resize(std::min(kChunkBytes, size_ - offset_));
  PL_RETURN_IF_ERROR(file_->ReadAt(offset_, absl::MakeSpan(*data)));
  offset_ += data->size();
  if (offset_ == size_) {
    file_ = nullptr;
    ++index_;
  }
  return true;
}

CutStream* CutStream::Start(FileSystem* fs, const absl::StatusOr<CommittedCut>& cut) {
  auto* stream = new CutStream();
  absl::Status status = cut.status();
  if (status.ok()) {
    auto reader = CutReader::Open(fs, *cut);
    status = reader.status();
    if (status.ok()) stream->reader_ = *std::move(reader);
  }
  if (status.ok()) {
    stream->SendNext();
  } else {
    stream->Finish(ToGrpcStatus(status));
  }
  return stream;
}

void CutStream::OnWriteDone(bool ok) {
  if (ok) {
    SendNext();
  } else {
    Finish(ToGrpcStatus(absl::CancelledError("the reader has gone")));
  }
}

void CutStream::SendNext() {
  const absl::StatusOr<bool> more = reader_->Next(&chunk_);
  if (!more.ok() || !*more) {
    Finish(ToGrpcStatus(more.status()));
    return;
  }
  StartWrite(&chunk_);
}

}  // namespace paceline::scheduler
