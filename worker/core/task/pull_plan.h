// Which frames ask the servers for the rows of one iteration, and where the rows
// of each reply go.
//
// A frame asks one server for whole blocks, about 1 MiB of reply. Dense shards
// are asked for whole; the keys of a sparse table are split by bucket. Replies
// are scattered straight into the parameters, one frame after another, in any
// order. What comes by DELTA is patched into the rows that are there.
#ifndef PACELINE_WORKER_CORE_TASK_PULL_PLAN_H_
#define PACELINE_WORKER_CORE_TASK_PULL_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/data.pb.h"
#include "worker/core/model.h"
#include "worker/core/task/delta_states.h"
#include "worker/core/task/payload.h"
#include "worker/core/task/push_plan.h"
#include "worker/core/task/shard_layout.h"

namespace paceline::worker {

// What of one table has to come from the servers.
struct TableNeeds {
  // dense: indices into layout.shards(table). sparse: positions in the table's
  // keys. Ascending; read only if not `all`.
  bool all = true;
  std::vector<uint32_t> missing;
};

// Where the rows of one block of a reply go.
struct PullTarget {
  uint32_t table = 0;
  // Index in layout.shards(table).
  uint32_t index = 0;
  uint32_t shard = 0;
  // dense.
  uint64_t first_row = 0;
  // Rows that the reply must have.
  uint64_t rows = 0;
  // How they must come.
  v1::Codec codec = v1::CODEC_FLOAT32;
  // sparse: position in the table's keys of each row.
  std::vector<uint32_t> positions;
};

struct PullFrame {
  uint32_t server = 0;
  // All but the payload.
  v1::PullRequest header;
  // Keys of the sparse blocks; those of a key list are a piece of their own.
  FramePayload payload;
  uint64_t payload_bytes = 0;
  uint64_t reply_bytes = 0;
  // One per block of the header.
  std::vector<PullTarget> targets;
  // Where the reply's payload goes as it comes, piece after piece (PlacesOf): whoever can
  // put it there need not copy it. Empty: nowhere in particular. A call that is made twice
  // at the same time has no places.
  std::vector<absl::Span<float>> places;
};

// What every frame of a pull says.
struct PullHeader {
  v1::RequestContext context;
  uint32_t max_wait_ms = 0;
  // 0: what the policy admits.
  uint64_t pin = 0;
  // float32, whatever the tables' codecs are.
  bool exact = false;
  // What tables travel by whose codec is auto.
  v1::Codec auto_codec = v1::CODEC_FLOAT32;
  // What the parameters hold, to be named where the codec is delta. Null: nothing.
  const DeltaStates* states = nullptr;
};

// Gives `parameters` one entry per table with rows of the right size; values of
// dense tables that had their size already are kept (the client cache relies on
// it). `keys`: of each table, ascending and distinct; moved in.
void ShapeParameters(const ShardLayout& layout, std::vector<std::vector<uint64_t>> keys,
                     Parameters* parameters);

// The frames for `parameters` as shaped. `needs` has one entry per table, or is
// empty: everything.
// Errors:  ResourceExhausted  one block's reply exceeds limits.most.
absl::StatusOr<std::vector<PullFrame>> PlanPull(const ShardLayout& layout, const PullHeader& header,
                                                const Parameters& parameters,
                                                absl::Span<const TableNeeds> needs = {},
                                                FrameLimits limits = {});

// Where Scatter would copy the reply's payload to as it is, or nothing if some of it changes
// its form or is scattered. `parameters` are shaped; tables of the frame that lie in retired
// memory (worker/core/tensor_memory.h) move first.
std::vector<absl::Span<float>> PlacesOf(const ShardLayout& layout, const PullFrame& frame,
                                        Parameters* parameters);

// Writes the rows of a reply to their places. `response` is the reply without its
// payload, which `read` yields. `states`: those that the frame was planned with, which
// become those that are written; null if there were none.
// Errors:  InvalidArgument  the blocks are not those asked for, or the payload is
//                           too short or too long. `parameters` may be written in part.
absl::Status Scatter(const ShardLayout& layout, const PullFrame& frame,
                     const v1::PullResponse& response, uint64_t payload_bytes, PayloadRead read,
                     Parameters* parameters, DeltaStates* states = nullptr);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_PULL_PLAN_H_
