#include "worker/io/data/prefetcher.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

// Labels are record numbers; record `bad` cannot be read.
class CountingDataset final : public Dataset {
 public:
  uint64_t records() const override { return 1'000'000; }
  uint64_t features() const override { return 1; }
  uint32_t classes() const override { return 0; }
  uint64_t bad_records() const override { return 0; }
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override {
    MutexLock lock(&mu_);
    ++reads_;
    changed_.NotifyAll();
    batch->labels.assign(records.begin(), records.end());
    batch->nominal = records.size();
    for (const uint64_t record : records) {
      if (record == bad) return absl::InvalidArgumentError(absl::StrCat("record ", record));
    }
    return absl::OkStatus();
  }

  // Blocks until that many reads have been made.
  void AwaitReads(int reads) {
    MutexLock lock(&mu_);
    while (reads_ < reads) changed_.Wait(&mu_);
  }
  int reads() {
    MutexLock lock(&mu_);
    return reads_;
  }

  std::atomic<uint64_t> bad{~uint64_t{0}};

 private:
  Mutex mu_;
  CondVar changed_;
  int reads_ ABSL_GUARDED_BY(mu_) = 0;
};

// Iteration t has the records 10t and 10t + 1.
std::optional<std::vector<uint64_t>> RecordsOf(uint64_t t) {
  return std::vector<uint64_t>{10 * t, 10 * t + 1};
}

std::vector<float> LabelsOf(uint64_t t) {
  return {static_cast<float>(10 * t), static_cast<float>(10 * t + 1)};
}

TEST_CASE("batches come in order and say whose they are") {
  CountingDataset data;
  for (const uint32_t depth : {1, 2, 5}) {
    PrefetcherOptions options;
    options.dataset = &data;
    options.records = RecordsOf;
    options.first_iteration = 7;
    options.rank = 3;
    options.depth = depth;
    const auto prefetcher = Prefetcher::Start(std::move(options));
    Batch batch;
    for (uint64_t t = 7; t < 200; ++t) {
      REQUIRE_OK(prefetcher->Next(t, &batch));
      REQUIRE(batch.labels == LabelsOf(t));
      REQUIRE(batch.iteration == t);
      REQUIRE(batch.rank == 3);
    }
  }
}

TEST_CASE("it reads ahead, but no further than its depth") {
  CountingDataset data;
  PrefetcherOptions options;
  options.dataset = &data;
  options.depth = 3;
  std::atomic<uint64_t> largest_asked{0};
  options.records = [&](uint64_t t) {
    if (t > largest_asked) largest_asked = t;
    return RecordsOf(t);
  };
  const auto prefetcher = Prefetcher::Start(std::move(options));
  data.AwaitReads(3);  // without any Next
  Batch batch;
  for (uint64_t t = 0; t < 50; ++t) {
    // Iterations t .. t + 2 may be held; nothing beyond was asked for.
    CHECK(largest_asked <= t + 2);
    REQUIRE_OK(prefetcher->Next(t, &batch));
  }
}

TEST_CASE("an error comes after the batches before it, again and again, until a jump") {
  CountingDataset data;
  data.bad = 30;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  options.depth = 4;
  const auto prefetcher = Prefetcher::Start(std::move(options));
  data.AwaitReads(4);  // the error is there before anything was taken
  Batch batch;
  for (uint64_t t = 0; t < 3; ++t) {
    REQUIRE_OK(prefetcher->Next(t, &batch));
    CHECK(batch.labels == LabelsOf(t));
  }
  CHECK_STATUS(prefetcher->Next(3, &batch), Code::kInvalidArgument, "record 30");
  CHECK_STATUS(prefetcher->Next(3, &batch), Code::kInvalidArgument, "record 30");
  CHECK(data.reads() == 4);
  REQUIRE_OK(prefetcher->Next(4, &batch));
  CHECK(batch.labels == LabelsOf(4));
  data.bad = ~uint64_t{0};
  REQUIRE_OK(prefetcher->Next(3, &batch));
  CHECK(batch.labels == LabelsOf(3));
}

TEST_CASE("jumps, as after a rollback") {
  CountingDataset data;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  const auto prefetcher = Prefetcher::Start(std::move(options));
  Batch batch;
  for (const uint64_t t : {0, 1, 2, 100, 101, 50, 0, 1, 1, 1, 2, 99999}) {
    REQUIRE_OK(prefetcher->Next(t, &batch));
    REQUIRE(batch.labels == LabelsOf(t));
    REQUIRE(batch.iteration == t);
  }
}

TEST_CASE("records that are not known yet") {
  CountingDataset data;
  std::atomic<uint64_t> known{2};
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = [&](uint64_t t) { return t < known ? RecordsOf(t) : std::nullopt; };
  const auto prefetcher = Prefetcher::Start(std::move(options));
  Batch batch;
  REQUIRE_OK(prefetcher->Next(0, &batch));
  REQUIRE_OK(prefetcher->Next(1, &batch));
  CHECK_STATUS(prefetcher->Next(2, &batch), Code::kFailedPrecondition,
               "iteration 2: its records are not known yet");
  CHECK_STATUS(prefetcher->Next(2, &batch), Code::kFailedPrecondition, "iteration 2");
  known = 4;
  REQUIRE_OK(prefetcher->Next(2, &batch));
  CHECK(batch.labels == LabelsOf(2));
  REQUIRE_OK(prefetcher->Next(3, &batch));
  CHECK_STATUS(prefetcher->Next(4, &batch), Code::kFailedPrecondition, "iteration 4");
}

TEST_CASE("an answer from before the records were known is asked again") {
  for (int repeat = 0; repeat < 200; ++repeat) {
    CountingDataset data;
    std::atomic<bool> asked{false};
    std::atomic<bool> known{false};
    PrefetcherOptions options;
    options.dataset = &data;
    // Asked too early, it answers only after Next is about to be called.
    options.records = [&](uint64_t t) -> std::optional<std::vector<uint64_t>> {
      if (asked.exchange(true)) return RecordsOf(t);
      while (!known) std::this_thread::yield();
      return std::nullopt;
    };
    const auto prefetcher = Prefetcher::Start(std::move(options));
    Batch batch;
    while (!asked) std::this_thread::yield();
    known = true;
    REQUIRE_OK(prefetcher->Next(0, &batch));
  }
}

TEST_CASE("an iteration without records is an empty batch") {
  CountingDataset data;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = [](uint64_t) { return std::vector<uint64_t>(); };
  const auto prefetcher = Prefetcher::Start(std::move(options));
  Batch batch;
  batch.labels.push_back(1);
  REQUIRE_OK(prefetcher->Next(0, &batch));
  CHECK(batch.size() == 0);
  CHECK(batch.nominal == 0);
}

// Blocks in Read until released.
class StuckDataset final : public Dataset {
 public:
  uint64_t records() const override { return 1; }
  uint64_t features() const override { return 1; }
  uint32_t classes() const override { return 0; }
  uint64_t bad_records() const override { return 0; }
  absl::Status Read(absl::Span<const uint64_t>, Batch*) override {
    MutexLock lock(&mu_);
    reading_ = true;
    changed_.NotifyAll();
    while (!released_) changed_.Wait(&mu_);
    return absl::OkStatus();
  }
  void AwaitReading() {
    MutexLock lock(&mu_);
    while (!reading_) changed_.Wait(&mu_);
  }
  void Release() {
    MutexLock lock(&mu_);
    released_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool released_ ABSL_GUARDED_BY(mu_) = false;
};

TEST_CASE("Stop frees a waiting Next, though the read hangs") {
  StuckDataset data;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  const auto prefetcher = Prefetcher::Start(std::move(options));
  data.AwaitReading();
  absl::Status status;
  std::thread caller([&] {
    Batch batch;
    status = prefetcher->Next(0, &batch);
  });
  prefetcher->Stop();
  caller.join();
  CHECK_STATUS(status, Code::kCancelled, "reading ahead was stopped");
  Batch batch;
  CHECK_STATUS(prefetcher->Next(0, &batch), Code::kCancelled, "stopped");
  data.Release();
}

// What a device makes of batches: it says how many there are.
struct Stage {
  std::atomic<int> made{0};
  // Something else than a batch that was just read.
  std::atomic<bool> wrong{false};
  const std::shared_ptr<std::atomic<int>> alive = std::make_shared<std::atomic<int>>(0);
  // The iteration that finds no room.
  std::atomic<uint64_t> full{~uint64_t{0}};

  std::function<absl::Status(Batch*)> Prepare() {
    return [this](Batch* batch) -> absl::Status {
      if (batch->staged != nullptr || batch->rank != 3 ||
          batch->labels != LabelsOf(batch->iteration)) {
        wrong = true;
      }
      if (batch->iteration == full) return absl::ResourceExhaustedError("no room");
      ++made;
      ++*alive;
      batch->staged = std::shared_ptr<const void>(new uint64_t(batch->iteration),
                                                  [alive = alive](const void* staged) {
                                                    --*alive;
                                                    delete static_cast<const uint64_t*>(staged);
                                                  });
      return absl::OkStatus();
    };
  }
};

uint64_t StagedOf(const Batch& batch) { return *static_cast<const uint64_t*>(batch.staged.get()); }

TEST_CASE("what is prepared comes with its batch, and goes before the memory is used again") {
  CountingDataset data;
  Stage stage;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  options.rank = 3;
  options.depth = 2;
  options.prepare = stage.Prepare();
  auto prefetcher = Prefetcher::Start(std::move(options));
  Batch batch;
  for (uint64_t t = 0; t < 100; ++t) {
    REQUIRE_OK(prefetcher->Next(t, &batch));
    REQUIRE(batch.staged != nullptr);
    CHECK(StagedOf(batch) == t);
    // The caller's, and as many as are read ahead.
    CHECK(*stage.alive <= 3);
  }
  REQUIRE_OK(prefetcher->Next(500, &batch));
  CHECK(StagedOf(batch) == 500);
  prefetcher.reset();
  CHECK(*stage.alive == 1);
  batch = Batch();
  CHECK(*stage.alive == 0);
  CHECK(stage.made >= 101);
  CHECK_FALSE(stage.wrong);
}

TEST_CASE("a batch that cannot be prepared is like one that cannot be read") {
  CountingDataset data;
  Stage stage;
  stage.full = 2;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  options.rank = 3;
  options.depth = 4;
  options.prepare = stage.Prepare();
  const auto prefetcher = Prefetcher::Start(std::move(options));
  data.AwaitReads(3);
  Batch batch;
  for (uint64_t t = 0; t < 2; ++t) REQUIRE_OK(prefetcher->Next(t, &batch));
  CHECK_STATUS(prefetcher->Next(2, &batch), Code::kResourceExhausted, "no room");
  CHECK_STATUS(prefetcher->Next(2, &batch), Code::kResourceExhausted, "no room");
  REQUIRE_OK(prefetcher->Next(3, &batch));
  CHECK(StagedOf(batch) == 3);
}

TEST_CASE("what cannot be read is not prepared") {
  CountingDataset data;
  data.bad = 0;
  Stage stage;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  options.rank = 3;
  options.prepare = stage.Prepare();
  const auto prefetcher = Prefetcher::Start(std::move(options));
  Batch batch;
  CHECK_STATUS(prefetcher->Next(0, &batch), Code::kInvalidArgument, "record 0");
  CHECK(stage.made == 0);
}

class KeptSpans final : public Tracer {
 public:
  void Add(const TraceSpan& span) override {
    MutexLock lock(&mu_);
    spans_.push_back(span);
  }
  std::vector<TraceSpan> spans() {
    MutexLock lock(&mu_);
    return spans_;
  }

 private:
  Mutex mu_;
  std::vector<TraceSpan> spans_ ABSL_GUARDED_BY(mu_);
};

TEST_CASE("every read is a span of its iteration") {
  CountingDataset data;
  RealClock clock;
  KeptSpans kept;
  PrefetcherOptions options;
  options.dataset = &data;
  options.records = RecordsOf;
  options.first_iteration = 7;
  options.trace = {&kept, &clock};
  const auto prefetcher = Prefetcher::Start(std::move(options));
  Batch batch;
  for (uint64_t t = 7; t < 20; ++t) REQUIRE_OK(prefetcher->Next(t, &batch));
  const std::vector<TraceSpan> spans = kept.spans();
  REQUIRE(spans.size() >= 13);
  for (size_t i = 0; i < spans.size(); ++i) {
    CHECK(spans[i].track == TraceTrack::kReader);
    CHECK(spans[i].name == "read");
    CHECK(spans[i].iteration == 7 + i);
    CHECK(spans[i].begin <= spans[i].end);
    if (i > 0) CHECK(spans[i - 1].end <= spans[i].begin);
  }
}

}  // namespace
}  // namespace paceline::worker
