// What clients send to a server's data plane: batches of calls as they lie on the wire, and
// their headers and payloads handed to a job that serves.
#include <optional>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/payload.h"
#include "server/core/job_testing.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

using server::testing::Context;
using server::testing::DenseTable;
using server::testing::OpenedJob;
using server::testing::SparseTable;

enum Kind : uint8_t { kWire, kSsp, kBsp, kKinds };

v1::ServerJobOrder Order(v1::Policy policy) {
  return server::testing::ServeOrder({.policy = policy, .staleness = 1}, 2,
                                     {DenseTable("a", 3, 2, v1::OPTIMIZER_KIND_ADAM),
                                      SparseTable("s", 2, v1::OPTIMIZER_KIND_ADAGRAD)});
}

std::string WireForm(const v1::CallBatch& batch) { return batch.SerializeAsString(); }

v1::DataCall Call(const server::testing::Frame& frame) {
  v1::DataCall call;
  call.set_id(1);
  *call.mutable_push() = frame.header();
  call.set_payload_bytes(frame.payload().size());
  return call;
}

void Serve(server::ServerJob& job, const v1::DataCall& call, absl::string_view payload) {
  const server::Payload bytes = server::Payload::Of(std::string(payload));
  switch (call.request_case()) {
    case v1::DataCall::kOpenRank:
      (void)job.OpenRank(call.open_rank().context());
      break;
    case v1::DataCall::kPush:
      job.Push(call.push(), bytes, [](const absl::StatusOr<v1::PushResponse>&) {});
      break;
    case v1::DataCall::kPull: {
      const std::optional<uint64_t> ticket =
          job.Pull(call.pull(), bytes, [](const absl::StatusOr<server::PullReply>&) {});
      if (ticket.has_value()) job.Expire(*ticket);
      break;
    }
    case v1::DataCall::kPin:
      (void)job.Pin(call.pin());
      break;
    case v1::DataCall::kUnpin:
      (void)job.Unpin(call.unpin());
      break;
    default:
      break;
  }
}

// A batch as a stream's message, in one slice and in many.
void Decode(absl::string_view message) {
  for (const size_t piece : {message.size(), size_t{7}}) {
    std::vector<grpc::Slice> slices;
    for (size_t at = 0; at < message.size(); at += piece) {
      const absl::string_view part = message.substr(at, piece);
      slices.emplace_back(part.data(), part.size());
    }
    const grpc::ByteBuffer buffer(slices.data(), slices.size());
    v1::CallBatch batch;
    paceline::Payload payload;
    if (DecodeMessage(buffer, v1::CallBatch::kPayloadFieldNumber, &batch, &payload).ok()) {
      PL_CHECK(payload.size() <= message.size());
    }
  }
}

}  // namespace

std::vector<std::string> Seeds() {
  using server::testing::Frame;
  v1::DataCall open;
  *open.mutable_open_rank()->mutable_context() = Context(0, 1, 0);
  const Frame push =
      Frame(0, 1, 0).Dense(0, 3, {1, 2, 3, 4, 5, 6}).Sparse(1, {5, 9}, {1, 2, 3, 4}).Last({0, 1});
  v1::DataCall pull;
  *pull.mutable_pull() = server::testing::DensePull(0, 1, 0, {0});
  v1::DataCall pin;
  *pin.mutable_pin()->mutable_context() = Context(0, 1, 0);
  std::vector<std::string> seeds;
  for (const uint8_t kind : {kSsp, kBsp}) {
    std::string input;
    for (const v1::DataCall& call : {open, pull, Call(push), pin}) {
      AppendFrame(kind, call.SerializeAsString(), &input);
      AppendFrame(kind, call.has_push() ? push.payload().ToString() : "", &input);
    }
    seeds.push_back(input);
  }
  v1::CallBatch batch;
  *batch.add_calls() = open;
  *batch.add_calls() = Call(push);
  batch.set_payload(push.payload().ToString());
  std::string wire;
  AppendFrame(kWire, WireForm(batch), &wire);
  seeds.push_back(wire);
  return seeds;
}

// Frames come in pairs: a call, then its payload.
void FuzzOne(absl::string_view input) {
  const std::vector<Frame> frames = SplitFrames(input);
  std::optional<OpenedJob> jobs[kKinds];
  for (size_t i = 0; i < frames.size(); ++i) {
    const uint8_t kind = frames[i].kind % kKinds;
    if (kind == kWire) {
      Decode(frames[i].bytes);
      continue;
    }
    if (!jobs[kind].has_value()) {
      jobs[kind] = server::testing::OpenJob(Order(kind == kSsp ? v1::POLICY_SSP : v1::POLICY_BSP));
    }
    v1::DataCall call;
    if (!call.ParseFromArray(frames[i].bytes.data(), static_cast<int>(frames[i].bytes.size()))) {
      continue;
    }
    const bool last = i + 1 == frames.size();
    Serve(*jobs[kind]->job, call, last ? absl::string_view() : frames[++i].bytes);
  }
}

}  // namespace paceline::fuzz
