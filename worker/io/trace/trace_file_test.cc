#include "worker/io/trace/trace_file.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/strip.h"
#include "common/fake_clock.h"
#include "common/fs_faulty.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "common/sync.h"

namespace paceline::worker {
namespace {

using nlohmann::json;
using Code = absl::StatusCode;

constexpr char kPath[] = "/t/trace.json";

TraceSpan Span(uint64_t iteration) {
  return {TraceTrack::kCompute, "forward", iteration, absl::Seconds(iteration),
          absl::Seconds(iteration + 1)};
}

// Whoever waits by it is not woken before Go.
class SleepyClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch(); }
  absl::Duration Monotonic() const override { return absl::ZeroDuration(); }
  bool WaitUntil(Mutex* mu, CondVar*, absl::Duration) override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    mu->Unlock();
    {
      MutexLock lock(&mu_);
      asleep_ = true;
      changed_.NotifyAll();
      while (!go_) changed_.Wait(&mu_);
    }
    mu->Lock();
    return true;
  }

  void AwaitSleeper() {
    MutexLock lock(&mu_);
    while (!asleep_) changed_.Wait(&mu_);
  }
  void Go() {
    MutexLock lock(&mu_);
    go_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool asleep_ ABSL_GUARDED_BY(mu_) = false;
  bool go_ ABSL_GUARDED_BY(mu_) = false;
};

struct Fixture {
  FakeClock clock;
  MemoryFileSystem fs;
  FaultyFileSystem faulty{&fs};

  Fixture() { REQUIRE_OK(fs.CreateDirs("/t")); }

  std::unique_ptr<TraceFile> Start(TraceFileLimits limits = {}) {
    auto trace = TraceFile::Start({.path = kPath,
                                   .rank = {.job_id = 1, .job_name = "j", .rank = 2},
                                   .limits = limits,
                                   .fs = &faulty,
                                   .clock = &clock});
    REQUIRE_OK(trace);
    return *std::move(trace);
  }
  std::string Text() {
    const absl::StatusOr<std::string> text = ReadFile(fs, kPath);
    REQUIRE_OK(text);
    return *text;
  }
  // Iterations of the spans in the file, which has its end.
  std::vector<uint64_t> Iterations() {
    std::vector<uint64_t> iterations;
    for (const json& event : json::parse(Text())) {
      if (event["ph"] == "X") iterations.push_back(event["args"]["iteration"]);
    }
    return iterations;
  }
  json End() { return json::parse(Text()).back()["args"]; }
};

TEST_CASE("what is added before the end is in the file, in order") {
  Fixture f;
  const auto trace = f.Start();
  for (uint64_t i = 0; i < 5; ++i) trace->Add(Span(i));
  trace->Close();
  // Forgotten.
  trace->Add(Span(5));
  trace->Close();
  CHECK(f.Iterations() == std::vector<uint64_t>{0, 1, 2, 3, 4});
  CHECK(f.End() == json({{"spans", 5}, {"dropped", 0}}));
}

TEST_CASE("the end of its owner is its end") {
  Fixture f;
  f.Start()->Add(Span(3));
  CHECK(f.Iterations() == std::vector<uint64_t>{3});
}

TEST_CASE("the file can be read while it is written") {
  Fixture f;
  const auto trace = f.Start();
  std::string text = f.Text();
  for (uint64_t i = 0; i < 3; ++i) {
    const size_t before = text.size();
    f.clock.AwaitWaiters(1);
    trace->Add(Span(i));
    f.clock.Advance(TraceFileLimits().write_every);
    while (text.size() == before) {
      std::this_thread::yield();
      text = f.Text();
    }
    const json events =
        json::parse(std::string(absl::StripSuffix(absl::StripSuffix(text, "\n"), ",")) + "]");
    CHECK(events.back()["args"]["iteration"] == i);
  }
}

TEST_CASE("many threads at once") {
  Fixture f;
  const auto trace = f.Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < 500; ++i) trace->Add(Span(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  trace->Close();
  CHECK(f.Iterations().size() == 2000);
  CHECK(f.End()["dropped"] == 0);
}

TEST_CASE("what comes too fast is dropped and counted") {
  Fixture f;
  SleepyClock clock;
  const auto trace =
      TraceFile::Start(
          {.path = kPath, .rank = {}, .limits = {.most_waiting = 4}, .fs = &f.fs, .clock = &clock})
          .value();
  clock.AwaitSleeper();
  for (uint64_t i = 0; i < 10; ++i) trace->Add(Span(i));
  clock.Go();
  trace->Close();
  CHECK(f.Iterations() == std::vector<uint64_t>{0, 1, 2, 3});
  CHECK(f.End() == json({{"spans", 4}, {"dropped", 6}}));
}

TEST_CASE("many that wait are written before their time") {
  Fixture f;
  const auto trace = f.Start({.most_waiting = 8, .write_every = absl::InfiniteDuration()});
  f.clock.AwaitWaiters(1);
  const size_t before = f.Text().size();
  for (uint64_t i = 0; i < 4; ++i) trace->Add(Span(i));
  while (f.Text().size() == before) std::this_thread::yield();
}

TEST_CASE("beyond its size it takes nothing more, and says so") {
  Fixture f;
  const auto begin = ChromeTraceBegin({.job_id = 1, .job_name = "j", .rank = 2}).size();
  const auto line = ChromeTraceSpan(2, Span(1)).size();
  const auto trace = f.Start({.most_bytes = begin + 3 * line});
  for (uint64_t i = 1; i <= 9; ++i) trace->Add(Span(i));
  trace->Close();
  CHECK(f.Iterations() == std::vector<uint64_t>{1, 2, 3});
  CHECK(f.End() == json({{"spans", 3}, {"dropped", 6}}));
}

TEST_CASE("a full disk ends the trace, and nothing else") {
  Fixture f;
  const auto begin = ChromeTraceBegin({.job_id = 1, .job_name = "j", .rank = 2}).size();
  const auto trace = f.Start();
  // Some disk has room again later.
  const uint64_t next = f.faulty.steps().size();
  f.faulty.Inject({.error = ENOSPC, .first = next, .last = next, .written_bytes = 10});
  for (uint64_t i = 1; i <= 9; ++i) trace->Add(Span(i));
  trace->Close();
  // Nothing comes behind the part that was written.
  CHECK(f.Text().size() == begin + 10);
}

TEST_CASE("a file that can be written may be looked at by two processes at once") {
  Fixture f;
  // It is opened, and before it is removed the other one has removed it.
  f.faulty.Inject({.error = ENOENT, .first = f.faulty.steps().size() + 1, .path_suffix = ".probe"});
  CHECK_OK(CheckTraceFile(f.faulty, kPath));
  CHECK(f.faulty.steps().back() ==
        FaultyFileSystem::Step{FaultyFileSystem::Operation::kRemove, "/t/trace.json.probe"});
  f.faulty.Heal();
  f.faulty.Inject({.error = EIO, .first = f.faulty.steps().size() + 1, .path_suffix = ".probe"});
  CHECK_STATUS(CheckTraceFile(f.faulty, kPath), Code::kInvalidArgument, ".probe");
}

TEST_CASE("what cannot be written is said at the start") {
  Fixture f;
  const auto start = [&](const std::string& path) {
    return TraceFile::Start({.path = path, .rank = {}, .fs = &f.faulty, .clock = &f.clock})
        .status();
  };
  CHECK_STATUS(start("/no/such/folder/t.json"), Code::kInvalidArgument, "/no/such/folder/t.json");
  CHECK_STATUS(CheckTraceFile(f.faulty, "/no/such/folder/t.json"), Code::kInvalidArgument,
               "--trace: a file that can be written expected, got: ");
  CHECK_OK(CheckTraceFile(f.faulty, "/t/other.json"));
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> left, f.fs.List("/t"));
  CHECK(left.empty());
  f.faulty.Inject({.error = ENOSPC, .path_suffix = "trace.json"});
  CHECK_STATUS(start(kPath), Code::kInvalidArgument, "trace.json");
}

}  // namespace
}  // namespace paceline::worker
