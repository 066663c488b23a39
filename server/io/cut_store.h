// What this server keeps of replicated cuts, under its --data-dir.
//
// A server writes the files of its own shards there (cut_writer.h). When all servers of
// the job have, the scheduler orders every holder to keep what the manifest gives it:
// what is here is verified by reading it back, what is not is copied from a server that
// has it, and then the manifest is written. Cuts that the scheduler keeps no more are
// removed when it says so, also those found on the disk after a restart.
//
// Orders are level-triggered, like those of server_state.h.
//
// Thread-safe; Heed is called by one thread at a time.
#ifndef PACELINE_SERVER_IO_CUT_STORE_H_
#define PACELINE_SERVER_IO_CUT_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cut/held_cuts.h"
#include "common/sync.h"
#include "proto/node.pb.h"
#include "server/io/work_queue.h"

namespace paceline::server {

class CutStore {
 public:
  struct Options {
    // With a data_dir. Outlives the store.
    const HeldCuts* cuts = nullptr;
    // "host:port" of this server, as manifests name it.
    std::function<std::string()> address;
    // The reports have changed. Any thread.
    std::function<void()> changed;
  };

  explicit CutStore(Options options);
  // Stops.
  ~CutStore();

  // The scheduler's orders.
  void Heed(const v1::HeartbeatResponse& response);

  // What is held, by job and cut.
  std::vector<v1::HeldCut> Reports() const;

  // Gives up what is being copied, and joins.
  void Stop();

 private:
  using Key = std::pair<uint64_t, uint64_t>;

  // Takes up what an earlier process left in the cluster's folder.
  void FindCuts(const std::string& cluster_id);
  // A cut whose files this server is about to write.
  void Expect(const v1::ServerJobOrder& order);
  void Hold(const v1::HoldOrder& order);
  void Drop(const v1::DropOrder& order);
  absl::Status Keep(const v1::HoldOrder& order);
  absl::Status KeepFile(const CutFolder& folder, const std::string& path,
                        const v1::CutFile& file) const;
  void Queue(const Key& key, std::function<absl::Status()> work);

  const Options options_;
  std::atomic<bool> stop_{false};
  // Whose cuts were looked for.
  std::string cluster_id_;  // Heed's alone
  mutable Mutex mu_;
  std::map<Key, v1::HeldCut> held_ ABSL_GUARDED_BY(mu_);
  WorkQueue work_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CUT_STORE_H_
