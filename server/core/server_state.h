// Which jobs a server holds, and what to do about the scheduler's orders.
//
// An order is level-triggered: it says what should be, again and again, and Heed
// answers with what is missing. The caller carries the commands out and says so
// with Opened and CutDone; until then the same order asks for nothing twice.
//
//   held                            order SERVE                      command
//   nothing                         any                              open
//   OPENING, SERVING or FAILED      same timeline, same epoch        none
//   SERVING                         same timeline, newer epoch,
//                                   the same shards here             none: epoch adopted
//   OPENING, SERVING or FAILED      newer timeline                   close, open
//   any                             same timeline, other shards here close: FAILED, since
//                                                                    nothing moves rows yet
//   any                             older timeline or epoch          none: overtaken
//   SERVING                         a newer cut                      cut, in place of the
//                                                                    one before
//
//   any                             CLOSE                            close
//
// A job that failed on this server stays FAILED, with its first cause, until the
// scheduler closes it or moves its timeline on.
//
// Thread-safe. Decides; opens, frees and writes nothing itself.
#ifndef PACELINE_SERVER_CORE_SERVER_STATE_H_
#define PACELINE_SERVER_CORE_SERVER_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "server/core/server_job.h"

namespace paceline::server {

// Open the job's shards, then call Opened with the same `attempt`.
struct OpenCommand {
  v1::ServerJobOrder order;
  uint64_t attempt = 0;
};
// Call Close on the job, then drop it.
struct CloseCommand {
  std::shared_ptr<ServerJob> job;
};
// Write the cut, then call CutDone.
struct CutCommand {
  std::shared_ptr<ServerJob> job;
  v1::CutOrder cut;
};
using ServerCommand = std::variant<OpenCommand, CloseCommand, CutCommand>;

class ServerState {
 public:
  // Takes an order from the scheduler; `node_id` and `incarnation` say which shards
  // of its map are this server's.
  std::vector<ServerCommand> Heed(const v1::ServerJobOrder& order, uint64_t node_id,
                                  uint64_t incarnation);

  // The job of an OpenCommand, or why it could not be opened. Returns false if the
  // job was closed or ordered anew meanwhile: the caller drops it.
  bool Opened(uint64_t job_id, uint64_t attempt, absl::StatusOr<std::shared_ptr<ServerJob>> job);

  // Whether the attempt is still wanted.
  bool Wanted(uint64_t job_id, uint64_t attempt) const;

  // The end of a CutCommand for `job`; forgotten if the job is no longer held.
  void CutDone(const ServerJob& job, const v1::CutReport& report);

  // The job that serves, or null.
  std::shared_ptr<ServerJob> Find(uint64_t job_id) const;

  // Everything held, by job id.
  std::vector<v1::ServerJobReport> Reports() const;

  // All jobs that serve; they are no longer held. For shutting down.
  std::vector<std::shared_ptr<ServerJob>> TakeAll();

 private:
  struct Held {
    uint64_t timeline = 0;
    uint64_t epoch = 0;
    uint64_t attempt = 0;
    // Ids of the shards here.
    std::vector<uint32_t> shards;
    v1::ServerJobReport::State state = v1::ServerJobReport::OPENING;
    std::string error;
    // The error is about the cut that was to be restored.
    bool cut_damaged = false;
    std::shared_ptr<ServerJob> job;
    // The last cut ordered (0: none), and what became of it.
    uint64_t cut_id = 0;
    v1::CutReport cut;
  };

  mutable Mutex mu_;
  uint64_t next_attempt_ ABSL_GUARDED_BY(mu_) = 1;
  std::map<uint64_t, Held> jobs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_SERVER_STATE_H_
