#include "common/rpc/cut_file_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/peer_files.h"
#include "common/status/status_macros.h"

namespace paceline {

absl::StatusOr<v1::ReadCutFileResponse> ReadCutFile(const HeldCuts& cuts,
                                                    const v1::ReadCutFileRequest& request) {
  PL_RETURN_IF_ERROR(CheckHeldPath(request.dir(), request.name()));
  if (request.bytes() > kPeerPieceBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kPeerPieceBytes, " bytes expected, got ", request.bytes()));
  }
  const std::string path = JoinPath(cuts.PathOf(request.dir()), request.name());
  PL_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file,
                      cuts.options().fs->OpenForRead(path));
  PL_ASSIGN_OR_RETURN(const std::uint64_t size, file->Size());
  v1::ReadCutFileResponse response;
  response.set_file_bytes(size);
  const std::uint64_t offset = std::min(request.offset(), size);
  std::string* data = response.mutable_data();
  data->resize(std::min<std::uint64_t>(request.bytes(), size - offset));
  PL_RETURN_IF_ERROR(file->ReadAt(offset, absl::MakeSpan(*data)));
  return response;
}

grpc::ServerUnaryReactor* CutFileService::ReadCutFile(grpc::CallbackServerContext* context,
                                                      const v1::ReadCutFileRequest* request,
                                                      v1::ReadCutFileResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<v1::ReadCutFileResponse> read = paceline::ReadCutFile(*cuts_, *request);
  if (read.ok()) *response = *std::move(read);
  reactor->Finish(ToGrpcStatus(read.status()));
  return reactor;
}

}  // namespace paceline
