// One job on one server: the shards that the map places here, and the door through
// which every data RPC reaches them.
//
// A call is checked in this order: job, timeline, epoch, rank, incarnation, codecs,
// shards and shapes, iteration. A refused call says what the client should do
// (common/refusal). What one frame carries is checked whole before any of it is
// applied; after that each shard takes its part or refuses it by itself, and the
// same frame may be sent again: shards that had it count a duplicate. Keys that a frame
// leaves out are looked up before that too (key_lists.h).
//
// Time lives outside: whoever calls Pull decides when a parked ticket expires.
//
// Thread-safe; no call waits for another rank. Callbacks run on the thread that
// brings them about, without a lock held, and may call back.
#ifndef PACELINE_SERVER_CORE_SERVER_JOB_H_
#define PACELINE_SERVER_CORE_SERVER_JOB_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "proto/node.pb.h"
#include "server/core/consistency_controller.h"
#include "server/core/gradient.h"
#include "server/core/key_lists.h"
#include "server/core/payload.h"
#include "server/core/rank_fence.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/shard.h"

namespace paceline::server {

// Largest reply [bytes]: a frame's limit on the wire.
inline constexpr uint64_t kMaxFrameBytes = uint64_t{64} << 20;

// A pull's answer: the header without its payload, and the payload's pieces.
struct PullReply {
  v1::PullResponse header;
  Payload payload;
};

class ServerJob {
 public:
  struct Options {
    // desired is SERVE.
    v1::ServerJobOrder order;
    // Whose shards of the map are ours.
    uint64_t node_id = 0;
    uint64_t node_incarnation = 0;
    // Rows and sums; updates that wait for their round. They outlive the job.
    MemoryBudget* memory = nullptr;
    MemoryBudget* fold = nullptr;
    // Pulls that wait for admission at most; beyond that LIMIT.
    uint32_t max_parked_pulls = 4096;
    // Asked between shards; true stops Open. May be null.
    std::function<bool()> cancelled;
    // What a shard starts from by the order's `restore`, nothing for its initial values;
    // called only if the order has one.
    std::function<absl::StatusOr<std::optional<ShardSnapshot>>(const v1::TableSpec&,
                                                               const v1::ShardSpec&)>
        load;
    // Shards have completed the round of the cut that is armed: JobCut::Next has copies.
    // On any thread, without a lock held. May be null.
    std::function<void()> cut_reached;
  };

  using PushDone = std::function<void(absl::StatusOr<v1::PushResponse>)>;
  using PullDone = std::function<void(absl::StatusOr<PullReply>)>;

  // Allocates and fills the shards: takes time.
  // Errors:  InvalidArgument    a map that is not what the tables give, no shard of
  //                             ours, no ranks, shares of another number of ranks.
  //          ResourceExhausted  the budget.
  //          Cancelled          options.cancelled said so.
  //          Those of options.load; DataLoss  the cut does not fit the order.
  static absl::StatusOr<std::shared_ptr<ServerJob>> Open(const Options& options);
  ~ServerJob();

  uint64_t job_id() const { return job_id_; }

  // Fences older incarnations: their pushes, parked pulls and pins.
  absl::StatusOr<v1::OpenRankResponse> OpenRank(const v1::RequestContext& context);

  // Applies one frame; `header` without its payload. `done` is called once, before
  // Push returns and before the pulls that it admits are.
  void Push(const v1::PushRequest& header, const Payload& payload, const PushDone& done);

  // Reads; `payload` holds the keys. `done` is called once, perhaps before Pull
  // returns. A ticket is returned while the call waits for admission.
  std::optional<uint64_t> Pull(const v1::PullRequest& header, const Payload& payload,
                               PullDone done);
  // Ends a waiting pull with NOT_YET, the reason and the slowest rank; or with
  // Cancelled. Nothing happens if it has ended.
  void Expire(uint64_t ticket);
  void Cancel(uint64_t ticket);

  // Holds the present rows readable; BSP: those that the rank reads for its iteration. What
  // the rank holds is answered again if it is asked for by the same number, and released for
  // a later one.
  // Errors:  LIMIT; INVALID  a number before the rank's last, or that one when it is released;
  //          BSP: NOT_YET    the round before is not complete; those of a pull.
  absl::StatusOr<v1::PinResponse> Pin(const v1::PinRequest& request);
  // A pin that is not held is an error only if another rank holds it (INVALID).
  absl::StatusOr<v1::UnpinResponse> Unpin(const v1::UnpinRequest& request);

  // The same shards under a newer map of the same timeline.
  void SetEpoch(uint64_t epoch);

  // Refuses everything from now on with UNKNOWN_JOB, and ends waiting pulls so.
  void Close();

  // Whether copies of the shards as they are would be one state.
  // Errors:  FailedPrecondition  BSP: ranks have not finished; shards may be in
  //                              different rounds.
  absl::Status CheckAtRest() const;
  // In the order of their ids.
  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }
  const v1::ShardMap& map() const { return map_; }
  const ConsistencyPolicy& policy() const { return policy_; }

  // Fills timeline, epoch, error, progress and the counters.
  void FillReport(v1::ServerJobReport* report) const;
  uint64_t parked_pulls() const;
  // Blocks whose keys the client did not send, because they were remembered.
  uint64_t key_list_hits() const { return key_lists_.hits(); }

 private:
  struct Ticket;
  using TicketRef = std::shared_ptr<Ticket>;
  // Of a rank's present incarnation.
  struct RankPin {
    // 0: it holds none.
    uint64_t pin = 0;
    // Its own number for the last that it held.
    uint64_t number = 0;
  };
  struct Counters {
    std::atomic<uint64_t> duplicates{0};
    std::atomic<uint64_t> bytes_pushed{0};
    std::atomic<uint64_t> bytes_pulled{0};
    // By Refusal::Kind; the first for errors of another kind.
    std::array<std::atomic<uint64_t>, v1::Refusal::Kind_ARRAYSIZE> pushes_refused{};
  };

  // A shard's part of a frame.
  struct Part {
    Shard* shard = nullptr;
    Gradient gradient;
  };

  ServerJob(const Options& options, ConsistencyPolicy policy,
            std::vector<std::unique_ptr<Shard>> shards);

  // The checks before codec and shape.
  absl::Status Check(const v1::RequestContext& context) const;
  absl::Status CheckOpen(const v1::RequestContext& context) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Shard*> FindShard(uint32_t id) const;

  absl::StatusOr<std::vector<Part>> ParsePush(const v1::PushRequest& header,
                                              const Payload& payload);
  absl::StatusOr<v1::PushResponse> PushFrame(const v1::PushRequest& header, const Payload& payload,
                                             std::vector<uint64_t>* released, bool* cut_reached);
  // Remembers it if it is the first.
  absl::Status NonFiniteFailure(const Shard& shard, const Shard::Pushed::NonFiniteValue& value);

  absl::StatusOr<TicketRef> NewTicket(const v1::PullRequest& header, const Payload& payload);
  void Advance(const TicketRef& ticket);
  absl::StatusOr<PullReply> ReadAll(const Ticket& ticket);
  void Resume(const std::vector<uint64_t>& tickets);
  // Takes the ticket out, so that one caller alone ends it; null if it has ended.
  TicketRef TakeTicket(uint64_t id);
  void EndTickets(const std::vector<TicketRef>& tickets, const absl::Status& status);
  absl::Status PinShards(uint64_t pin, const v1::RequestContext& context);
  void DropPin(uint64_t pin);

  const uint64_t job_id_;
  const uint32_t ranks_;
  const v1::ShardMap map_;
  const ConsistencyPolicy policy_;
  const uint32_t max_parked_pulls_;
  const std::function<void()> cut_reached_;
  const std::vector<std::unique_ptr<Shard>> shards_;
  absl::flat_hash_map<uint32_t, Shard*> by_id_;
  Counters counters_;
  KeyLists key_lists_;

  // Held while one pin is made; before mu_ and those of shards.
  Mutex pin_mu_;
  mutable Mutex mu_;
  RankFence fence_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t next_ticket_ ABSL_GUARDED_BY(mu_) = 1;
  absl::flat_hash_map<uint64_t, TicketRef> tickets_ ABSL_GUARDED_BY(mu_);
  uint64_t next_pin_ ABSL_GUARDED_BY(mu_) = 1;
  // By rank.
  std::vector<RankPin> pins_ ABSL_GUARDED_BY(mu_);
  std::string failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_SERVER_JOB_H_
