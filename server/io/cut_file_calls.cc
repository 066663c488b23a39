#include "server/io/cut_file_calls.h"

#include <utility>

#include "absl/status/status.h"

namespace paceline::server {

CutFileCalls::CutFileCalls(Reader reader, size_t most_waiting)
    : reader_(std::move(reader)), reads_(most_waiting) {}

void CutFileCalls::Register(grpc::ServerBuilder* builder) { builder->RegisterService(&service_); }

void CutFileCalls::Start(ServedQueue* queue) {
  ServeUnary<v1::ReadCutFileRequest, v1::ReadCutFileResponse>(
      queue, [this](auto*... call) { service_.RequestReadCutFile(call...); },
      [this](const v1::ReadCutFileRequest& request, const Answer& answer) {
        Read(request, answer);
      });
}

void CutFileCalls::Read(const v1::ReadCutFileRequest& request, const Answer& answer) {
  const absl::Status stopped = absl::UnavailableError("the server shuts down");
  const bool queued = reads_.Add([this, &request, answer, stopped] {
    if (stopping_) return answer(stopped);
    answer(reader_(request));
  });
  if (queued) return;
  answer(stopping_ ? stopped
                   : absl::ResourceExhaustedError("too many reads of cut files wait for the disk"));
}

void CutFileCalls::Shutdown() {
  stopping_ = true;
  reads_.Shutdown();
}

}  // namespace paceline::server
