#include "common/rpc/peer_files.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "proto/node.grpc.pb.h"

namespace paceline {
namespace {

class PeerFile final : public ReadableFile {
 public:
  PeerFile(std::shared_ptr<v1::CutFiles::Stub> stub, std::string address, const std::string& dir,
           const std::string& name)
      : stub_(std::move(stub)), address_(std::move(address)) {
    file_.set_dir(dir);
    file_.set_name(name);
  }

  absl::Status Open() {
    PL_ASSIGN_OR_RETURN(const v1::ReadCutFileResponse response, Read(0, 0));
    bytes_ = response.file_bytes();
    return absl::OkStatus();
  }

  absl::Status ReadAt(std::uint64_t offset, absl::Span<char> out) const override {
    while (!out.empty()) {
      const auto bytes = static_cast<uint32_t>(std::min<size_t>(out.size(), kPeerPieceBytes));
      PL_ASSIGN_OR_RETURN(const v1::ReadCutFileResponse response, Read(offset, bytes));
      if (response.data().size() != bytes) {
        return absl::OutOfRangeError(absl::StrCat(file_.dir(), "/", file_.name(), " at ", address_,
                                                  ": ends before byte ", offset + bytes));
      }
      std::memcpy(out.data(), response.data().data(), bytes);
      out.remove_prefix(bytes);
      offset += bytes;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::uint64_t> Size() const override { return bytes_; }
  // Files of a cut do not change.
  absl::StatusOr<std::int64_t> ModifiedNs() const override { return 0; }

 private:
  absl::StatusOr<v1::ReadCutFileResponse> Read(uint64_t offset, uint32_t bytes) const {
    v1::ReadCutFileRequest request = file_;
    request.set_offset(offset);
    request.set_bytes(bytes);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kPeerTimeout));
    v1::ReadCutFileResponse response;
    const absl::Status status = FromGrpcStatus(stub_->ReadCutFile(&context, request, &response));
    if (status.ok()) return response;
    return absl::Status(status.code(), absl::StrCat(file_.dir(), "/", file_.name(), " at ",
                                                    address_, ": ", std::string(status.message())));
  }

  const std::shared_ptr<v1::CutFiles::Stub> stub_;
  const std::string address_;
  v1::ReadCutFileRequest file_;
  uint64_t bytes_ = 0;
};

class PeerFiles {
 public:
  PeerFiles(std::shared_ptr<RpcSecurity> security, std::string scheduler)
      : security_(std::move(security)), scheduler_(std::move(scheduler)) {}

  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& address,
                                                     const std::string& dir,
                                                     const std::string& name) {
    std::shared_ptr<v1::CutFiles::Stub> stub;
    {
      MutexLock lock(&mu_);
      std::shared_ptr<v1::CutFiles::Stub>& known = stubs_[address];
      if (known == nullptr) {
        const Role role = address == scheduler_ ? Role::kScheduler : Role::kServer;
        known = v1::CutFiles::NewStub(MakeChannel(address, security_->ChannelCredentials(role)));
      }
      stub = known;
    }
    auto file = std::make_unique<PeerFile>(std::move(stub), address, dir, name);
    PL_RETURN_IF_ERROR(file->Open());
    return file;
  }

 private:
  const std::shared_ptr<RpcSecurity> security_;
  const std::string scheduler_;
  Mutex mu_;
  // By address.
  std::map<std::string, std::shared_ptr<v1::CutFiles::Stub>> stubs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

OpenPeerFile MakePeerFiles(std::shared_ptr<RpcSecurity> security, std::string scheduler) {
  auto files = std::make_shared<PeerFiles>(std::move(security), std::move(scheduler));
  return [files = std::move(files)](const std::string& address, const std::string& dir,
                                    const std::string& name) {
    return files->Open(address, dir, name);
  };
}

}  // namespace paceline
