// Gives others the files of replicated cuts that lie here, on threads of gRPC: for servers
// whose calls may wait for a disk. (server/io/cut_file_calls.h: where they may not.)
#ifndef PACELINE_COMMON_RPC_CUT_FILE_SERVICE_H_
#define PACELINE_COMMON_RPC_CUT_FILE_SERVICE_H_

#include "absl/status/statusor.h"
#include "common/cut/held_cuts.h"
#include "proto/node.grpc.pb.h"

namespace paceline {

// A piece of a file.
// Errors:  InvalidArgument  a path that leads elsewhere, or more than 256 KiB.
//          NotFound         there is no such file; and those of the file system.
absl::StatusOr<v1::ReadCutFileResponse> ReadCutFile(const HeldCuts& cuts,
                                                    const v1::ReadCutFileRequest& request);

// Thread-safe. Files are read on gRPC's threads, a piece at a time.
class CutFileService final : public v1::CutFiles::CallbackService {
 public:
  // `cuts` outlives the service.
  explicit CutFileService(const HeldCuts* cuts) : cuts_(cuts) {}

  grpc::ServerUnaryReactor* ReadCutFile(grpc::CallbackServerContext* context,
                                        const v1::ReadCutFileRequest* request,
                                        v1::ReadCutFileResponse* response) override;

 private:
  const HeldCuts* const cuts_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_CUT_FILE_SERVICE_H_
