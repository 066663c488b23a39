// Gives others the files of replicated cuts that lie here.
#ifndef PACELINE_COMMON_RPC_CUT_FILE_SERVICE_H_
#define PACELINE_COMMON_RPC_CUT_FILE_SERVICE_H_

#include "common/cut/held_cuts.h"
#include "proto/node.grpc.pb.h"

namespace paceline {

// Thread-safe. Files are read on gRPC's threads, a piece at a time.
class CutFileService final : public v1::CutFiles::CallbackService {
 public:
  // `cuts` outlives the service.
  explicit CutFileService(const HeldCuts* cuts) : cuts_(cuts) {}

  // Errors:  InvalidArgument  a path that leads elsewhere, or more than 256 KiB.
  //          NotFound         there is no such file; and those of the file system.
  grpc::ServerUnaryReactor* ReadCutFile(grpc::CallbackServerContext* context,
                                        const v1::ReadCutFileRequest* request,
                                        v1::ReadCutFileResponse* response) override;

 private:
  absl::Status Read(const v1::ReadCutFileRequest& request, v1::ReadCutFileResponse* response) const;

  const HeldCuts* const cuts_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_CUT_FILE_SERVICE_H_
