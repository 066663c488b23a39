#include "worker/io/data/prefetcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {

std::unique_ptr<Prefetcher> Prefetcher::Start(PrefetcherOptions options) {
  PL_CHECK(options.dataset != nullptr);
  PL_CHECK_GE(options.depth, 1u);
  std::unique_ptr<Prefetcher> prefetcher(new Prefetcher(std::move(options)));
  prefetcher->thread_ = std::thread([p = prefetcher.get()] { p->Run(); });
  return prefetcher;
}

Prefetcher::Prefetcher(PrefetcherOptions options)
    : options_(std::move(options)),
      wanted_(options_.first_iteration),
      next_(options_.first_iteration) {}

Prefetcher::~Prefetcher() {
  Stop();
  thread_.join();
}

void Prefetcher::Stop() {
  MutexLock lock(&mu_);
  stopping_ = true;
  changed_.NotifyAll();
}

absl::Status Prefetcher::Next(uint64_t iteration, Batch* batch) {
  Dropped dropped;
  MutexLock lock(&mu_);
  if (iteration != wanted_) Jump(iteration, &dropped);
  // Records may have become known since the thread asked; an answer that is under
  // way is from before, too.
  ++calls_;
  unknown_ = false;
  changed_.NotifyAll();
  while (ready_.empty() && !unknown_ && !stopping_) changed_.Wait(&mu_);
  if (stopping_) return absl::CancelledError("reading ahead was stopped");
  if (ready_.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("iteration ", iteration, ": its records are not known yet"));
  }
  Item& front = ready_.front();
  PL_CHECK_EQ(front.iteration, iteration);
  if (!front.status.ok()) return front.status;
  std::swap(*batch, front.batch);
  Spare(std::move(front.batch), &dropped);
  ready_.pop_front();
  ++wanted_;
  changed_.NotifyAll();
  return absl::OkStatus();
}

void Prefetcher::Spare(Batch batch, Dropped* dropped) {
  if (batch.staged != nullptr) dropped->push_back(std::move(batch.staged));
  spare_.push_back(std::move(batch));
}

void Prefetcher::Jump(uint64_t iteration, Dropped* dropped) {
  for (Item& item : ready_) Spare(std::move(item.batch), dropped);
  ready_.clear();
  wanted_ = iteration;
  next_ = iteration;
  ++jumps_;
}

void Prefetcher::Run() {
  Item item;
  while (TakeWork(&item)) {
    ReadItem(&item);
    Deliver(std::move(item));
    item = Item();
  }
}

bool Prefetcher::TakeWork(Item* item) {
  MutexLock lock(&mu_);
  while (!stopping_ && (unknown_ || ready_.size() >= options_.depth ||
                        (!ready_.empty() && !ready_.back().status.ok()))) {
    changed_.Wait(&mu_);
  }
  if (stopping_) return false;
  item->iteration = next_;
  item->jump = jumps_;
  item->call = calls_;
  if (!spare_.empty()) {
    item->batch = std::move(spare_.back());
    spare_.pop_back();
  }
  return true;
}

void Prefetcher::ReadItem(Item* item) {
  const std::optional<std::vector<uint64_t>> records = options_.records(item->iteration);
  item->known = records.has_value();
  if (!item->known) return;
  {
    const TraceScope scope(options_.trace, TraceTrack::kReader, "read", item->iteration);
    item->status = options_.dataset->Read(*records, &item->batch);
  }
  item->batch.rank = options_.rank;
  item->batch.iteration = item->iteration;
  if (item->status.ok() && options_.prepare != nullptr) {
    item->status = options_.prepare(&item->batch);
  }
}

void Prefetcher::Deliver(Item item) {
  Dropped dropped;
  MutexLock lock(&mu_);
  if (item.jump != jumps_ || !item.known) {
    Spare(std::move(item.batch), &dropped);
    if (item.jump == jumps_ && item.call == calls_) unknown_ = true;
  } else {
    ready_.push_back(std::move(item));
    ++next_;
  }
  changed_.NotifyAll();
}

}  // namespace paceline::worker
