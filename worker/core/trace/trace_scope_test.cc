#include "worker/core/trace/trace_scope.h"

#include <catch2/catch.hpp>
#include <vector>

#include "common/fake_clock.h"

namespace paceline::worker {
namespace {

class KeptSpans final : public Tracer {
 public:
  void Add(const TraceSpan& span) override { spans.push_back(span); }
  std::vector<TraceSpan> spans;
};

TEST_CASE("spans of a scope follow one another without a gap") {
  FakeClock clock;
  KeptSpans kept;
  clock.Advance(absl::Milliseconds(5));
  {
    TraceScope scope({&kept, &clock}, TraceTrack::kCompute, "forward", 7);
    clock.Advance(absl::Milliseconds(2));
    scope.Next("backward");
    CHECK(kept.spans.size() == 1);
    clock.Advance(absl::Milliseconds(4));
  }
  REQUIRE(kept.spans.size() == 2);
  CHECK(kept.spans[0].name == "forward");
  CHECK(kept.spans[0].begin == absl::Milliseconds(5));
  CHECK(kept.spans[0].end == absl::Milliseconds(7));
  CHECK(kept.spans[1].name == "backward");
  CHECK(kept.spans[1].begin == absl::Milliseconds(7));
  CHECK(kept.spans[1].end == absl::Milliseconds(11));
  for (const TraceSpan& span : kept.spans) {
    CHECK(span.track == TraceTrack::kCompute);
    CHECK(span.iteration == 7);
    CHECK(span.bytes == 0);
  }
}

// Counts how often it is read.
class CountingClock final : public Clock {
 public:
  absl::Time Now() const override {
    ++reads;
    return absl::UnixEpoch();
  }
  absl::Duration Monotonic() const override {
    ++reads;
    return absl::ZeroDuration();
  }
  bool WaitUntil(Mutex*, CondVar*, absl::Duration) override { return false; }
  mutable int reads = 0;
};

TEST_CASE("without a tracer no time is asked for") {
  CountingClock clock;
  for (const Trace& trace : {Trace{nullptr, &clock}, Trace{}}) {
    TraceScope scope(trace, TraceTrack::kReader, "read", 1);
    scope.Next("read on");
  }
  CHECK(clock.reads == 0);
}

}  // namespace
}  // namespace paceline::worker
