#include "scheduler/io/cut_stream.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "common/cut/manifest.h"
#include "common/cut/verified_file.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"

namespace paceline::scheduler {

absl::StatusOr<std::unique_ptr<CutReader>> CutReader::Open(const HeldCuts* cuts,
                                                           const CommittedCut& cut) {
  PL_ASSIGN_OR_RETURN(std::string json,
                      cuts->ManifestBytes(cut.dir, cut.manifest_xxh3, cut.holders));
  PL_ASSIGN_OR_RETURN(v1::CutManifest manifest, ParseManifest(cut.dir, json));
  std::unique_ptr<CutReader> reader(new CutReader(std::move(json), std::move(manifest)));
  reader->folder_ = cuts->Open(cut.dir, reader->manifest_);
  return reader;
}

absl::StatusOr<bool> CutReader::Next(v1::CutChunk* chunk) {
  if (index_ > manifest_.files_size()) return false;
  const bool manifest = index_ == 0;
  if (manifest) {
    size_ = json_.size();
  } else if (file_ == nullptr) {
    PL_ASSIGN_OR_RETURN(file_, VerifiedFile::Open(*folder_, manifest_.files(index_ - 1)));
    PL_ASSIGN_OR_RETURN(size_, file_->Size());
  }
  chunk->set_file(manifest ? kManifestName : manifest_.files(index_ - 1).name());
  chunk->set_offset(offset_);
  std::string* data = chunk->mutable_data();
  data->resize(std::min(kChunkBytes, size_ - offset_));
  if (manifest) {
    json_.copy(data->data(), data->size(), offset_);
  } else {
    PL_RETURN_IF_ERROR(file_->ReadAt(offset_, absl::MakeSpan(*data)));
  }
  offset_ += data->size();
  if (offset_ == size_) {
    file_ = nullptr;
    offset_ = 0;
    ++index_;
  }
  return true;
}

CutStream* CutStream::Start(const HeldCuts* cuts, const absl::StatusOr<CommittedCut>& cut) {
  auto* stream = new CutStream();
  absl::Status status = cut.status();
  if (status.ok()) {
    auto reader = CutReader::Open(cuts, *cut);
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
