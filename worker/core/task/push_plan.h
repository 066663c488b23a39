// Cuts the gradients of one iteration into frames for the servers.
//
// A frame carries whole shards. Shards are packed in the order in which their
// tables are added until a frame holds about 1 MiB; a shard larger than that has
// a frame of its own, of at most 64 MiB. Each server's last frame, which may be
// empty, lists the shards that its frames carried, so that it knows that all
// other shards advance with an empty update.
//
//   PushPlan plan(&layout, context, limits);
//   on ready(table):  plan.Add(table, gradient, &frames)   // send what came out
//   at the end:       plan.Finish(&frames)                 // one last frame per server
//
// A table that is not added (an empty batch) is not touched. Dense gradients are
// referenced, not copied, unless the table's codec encodes them; sparse ones are gathered
// by bucket into the frame's own storage. Blocks of many keys name their key list
// (common/key_lists), and those keys are a piece of their own, so that they can be left
// out. What a codec leaves behind goes to the rank's Residuals.
#ifndef PACELINE_WORKER_CORE_TASK_PUSH_PLAN_H_
#define PACELINE_WORKER_CORE_TASK_PUSH_PLAN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "proto/data.pb.h"
#include "worker/core/model.h"
#include "worker/core/task/payload.h"
#include "worker/core/task/residuals.h"
#include "worker/core/task/shard_layout.h"

namespace paceline::worker {

// Sizes of payloads, in bytes.
struct FrameLimits {
  // A frame is closed before it would grow beyond this.
  uint64_t target = uint64_t{1} << 20;
  // No frame is larger.
  uint64_t most = uint64_t{64} << 20;
};

// What the values of a push become on their way.
struct PushCoding {
  // Outlives the plan; may be null if no table's codec leaves something behind.
  Residuals* residuals = nullptr;
  // What tables travel by whose codec is auto.
  v1::Codec auto_codec = v1::CODEC_FLOAT32;
  // The push carries all that was left behind.
  bool flush = false;
};

struct PushFrame {
  uint32_t server = 0;
  // All but the payload.
  v1::PushRequest header;
  FramePayload payload;
  uint64_t payload_bytes = 0;
};

// One push. Thread-compatible.
class PushPlan {
 public:
  // `layout` outlives the plan.
  PushPlan(const ShardLayout* layout, const v1::RequestContext& context, FrameLimits limits = {},
           PushCoding coding = {});

  // Adds the gradient of one table and appends the frames that are full by now.
  // Each table at most once.
  // Errors:  InvalidArgument    the gradient's shape is not the table's, or its
  //                             keys are not ascending and distinct.
  //          ResourceExhausted  a shard's part of it exceeds limits.most; names
  //                             the table and both sizes.
  absl::Status Add(uint32_t table, std::shared_ptr<const TableRows> gradient,
                   std::vector<PushFrame>* frames);

  // The same for a table without a gradient in this iteration: what was left behind of it, if
  // the push is a flush.
  absl::Status AddRemains(uint32_t table, std::vector<PushFrame>* frames);

  // Appends the last frame of every server. Nothing may be added after it.
  void Finish(std::vector<PushFrame>* frames);

  // The frames that say that the rank has no iteration `context.iteration`: one
  // per server.
  static std::vector<PushFrame> FinishRank(uint32_t servers, const v1::RequestContext& context);

 private:
  struct PerServer {
    PushFrame open;
    std::vector<uint32_t> touched;
  };

  absl::Status AddDense(uint32_t table, const std::shared_ptr<const TableRows>& gradient,
                        std::vector<PushFrame>* frames);
  absl::Status AddSparse(uint32_t table, const TableRows& gradient, std::vector<PushFrame>* frames);
  // The part of `gradient`, or of none, that the table's codec lets go.
  absl::Status AddPart(uint32_t table, const LayoutShard& shard, absl::Span<const float> gradient,
                       std::vector<PushFrame>* frames);
  // `block` lacks the shard.
  absl::Status AddBlock(uint32_t table, const LayoutShard& shard, v1::PushBlock block,
                        FramePayload payload, std::vector<PushFrame>* frames);
  PushFrame NewFrame(uint32_t server) const;
  v1::Codec CodecOf(uint32_t table) const;

  const ShardLayout* const layout_;
  const v1::RequestContext context_;
  const FrameLimits limits_;
  const PushCoding coding_;
  std::vector<PerServer> servers_;
  bool finished_ = false;
  // Rows of a sparse table by bucket, before they are encoded.
  std::vector<float> gathered_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_PUSH_PLAN_H_
