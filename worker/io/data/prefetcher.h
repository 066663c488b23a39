// Reads the next batches of a rank ahead of it, on a thread of its own.
//
//   auto prefetcher = Prefetcher::Start({.dataset = train.get(), .records = records_of});
//   Batch batch;
//   for (uint64_t t = 0; t < iterations; ++t) {
//     PL_RETURN_IF_ERROR(prefetcher->Next(t, &batch));
//     ...
//   }
//
// Holds at most `depth` batches besides the one being read and the caller's; their
// memory is used again, but not what was made of them (Batch::staged). The thread is joined
// by the destructor.
//
// Next: one caller thread. Stop: any thread. While it lives, only the prefetcher
// may call dataset->Read.
#ifndef PACELINE_WORKER_IO_DATA_PREFETCHER_H_
#define PACELINE_WORKER_IO_DATA_PREFETCHER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/sync.h"
#include "worker/core/batch.h"
#include "worker/core/dataset.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

struct PrefetcherOptions {
  Dataset* dataset = nullptr;
  // The records of an iteration; nullopt while they are not known (not granted
  // yet): asked again at the next Next. Called on the prefetcher's thread.
  std::function<std::optional<std::vector<uint64_t>>(uint64_t iteration)> records;
  // May be empty: what is to be done with a batch before Next gives it, such as bringing it
  // to a device. Called on the prefetcher's thread; an error is like one of reading.
  std::function<absl::Status(Batch*)> prepare;
  uint64_t first_iteration = 0;
  // Goes into Batch::rank.
  uint32_t rank = 0;
  // At least 1.
  uint32_t depth = 2;
  // Gets what reading takes.
  Trace trace;
};

class Prefetcher {
 public:
  static std::unique_ptr<Prefetcher> Start(PrefetcherOptions options);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Swaps the batch of `iteration` into `batch`, waiting until it has been read.
  // Iterations that follow one another are read ahead; any other jumps there.
  // An error belongs to its iteration: batches before it come first, and it comes
  // again until Next jumps.
  // Errors:  FailedPrecondition  the records of the iteration are not known.
  //          Cancelled           after Stop.
  //          Those of Dataset::Read and of `prepare`.
  absl::Status Next(uint64_t iteration, Batch* batch);

  // Ends all reading; a waiting Next returns Cancelled.
  void Stop();

 private:
  struct Item {
    uint64_t iteration = 0;
    // Which jump and which Next it was read after.
    uint64_t jump = 0;
    uint64_t call = 0;
    bool known = true;
    absl::Status status;
    Batch batch;
  };

  // What was staged and is not wanted any more: its end may wait for a device, and comes
  // without the mutex.
  using Dropped = std::vector<std::shared_ptr<const void>>;

  explicit Prefetcher(PrefetcherOptions options);

  void Run();
  // Waits for something to read. False: stop.
  bool TakeWork(Item* item);
  void ReadItem(Item* item);
  void Deliver(Item item);
  void Jump(uint64_t iteration, Dropped* dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Keeps the memory of a batch.
  void Spare(Batch batch, Dropped* dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const PrefetcherOptions options_;
  Mutex mu_;
  CondVar changed_;
  // Read, in order, the first being that of wanted_; an error is the last.
  std::deque<Item> ready_ ABSL_GUARDED_BY(mu_);
  std::vector<Batch> spare_ ABSL_GUARDED_BY(mu_);
  // What Next gives next, and what is read next.
  uint64_t wanted_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t next_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t jumps_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t calls_ ABSL_GUARDED_BY(mu_) = 0;
  // The records of next_ were not known when asked after the last Next.
  bool unknown_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // Last: starts when all else is ready.
  std::thread thread_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_PREFETCHER_H_
