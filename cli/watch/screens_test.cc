// What a terminal shows, line by line.
#include "cli/watch/screens.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "cli/sparkline.h"
#include "cli/text_width.h"
#include "cli/watch/live_screen.h"
#include "common/fake_clock.h"

namespace paceline::cli {
namespace {

v1::Job JobOf(int ranks, int events) {
  v1::Job job;
  job.set_job_id(7);
  job.mutable_spec()->set_name("digits");
  job.mutable_spec()->mutable_consistency()->set_policy(v1::POLICY_SSP);
  job.mutable_spec()->mutable_consistency()->set_staleness(4);
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_iterations_done(3700);
  job.set_iterations_total(10000);
  job.set_samples_per_second(301);
  job.set_recent_loss(0.41);
  job.set_eta_seconds(21);
  job.mutable_summary()->set_wall_seconds(12);
  job.mutable_summary()->set_staleness_mean(0.5);
  job.mutable_summary()->set_staleness_max(3);
  for (int i = 0; i < ranks; ++i) {
    v1::RankStatus* rank = job.add_ranks();
    rank->set_rank(static_cast<uint32_t>(i));
    rank->set_hostname("host-" + std::to_string(i));
    rank->set_iteration(100);
    rank->set_samples_per_second(12.5);
    rank->set_straggler_score(1.25);
    rank->set_wait_reason("rank 1 is at iteration 3");
  }
  for (int i = 0; i < events; ++i) {
    v1::JobEvent* event = job.add_events();
    event->set_kind("E" + std::to_string(i));
    event->set_message("what happened");
  }
  return job;
}

ScreenStyle Plain(int columns, int rows) {
  return {.size = {.columns = columns, .rows = rows}, .color = false, .utf8 = true};
}

TEST_CASE("a job's screen has its state, ranks and newest events") {
  v1::Job job = JobOf(2, 5);
  for (const double loss : {4.0, 2.0, 1.0}) job.add_history()->set_loss(loss);
  const std::vector<std::string> lines = JobScreen(job, Plain(100, 12));
  REQUIRE(lines.size() == 11);
  CHECK(lines[0] == "job 7  digits  running  ssp(4)  staleness 0.5 mean 3 max");
  CHECK(lines[1] == " 37% |███▋      | 3700/10000 [00:12<00:21, 301 samples/s, loss=0.41]  █▃▁");
  CHECK(lines[2].empty());
  CHECK(lines[3] == "RANK  HOST    ITERATION  SAMPLES/S  STRAGGLER  STATE");
  CHECK(lines[4] ==
        "0     host-0  100        12.5       1.25       waits: rank 1 is at iteration 3");
  CHECK(lines[6].empty());
  CHECK(absl::EndsWith(lines[7], "  E4  what happened"));
  CHECK(absl::EndsWith(lines[10], "  E1  what happened"));
}

TEST_CASE("many ranks leave room for the newest events, and say how many there are") {
  const std::vector<std::string> lines = JobScreen(JobOf(100, 5), Plain(80, 15));
  REQUIRE(lines.size() == 14);
  CHECK(lines[9] == "and 95 more ranks");
  CHECK(absl::EndsWith(lines[11], "  E4  what happened"));
  CHECK(absl::EndsWith(lines[13], "  E2  what happened"));
}

TEST_CASE("a screen never exceeds its terminal, whatever its size") {
  for (int rows = 1; rows < 30; ++rows) {
    for (const int columns : {1, 2, 10, 40, 200}) {
      for (const int ranks : {0, 1, 5, 64}) {
        ScreenStyle style = Plain(columns, rows);
        style.color = rows % 2 == 0;
        const std::vector<std::string> lines = JobScreen(JobOf(ranks, ranks), style);
        INFO(columns << " x " << rows << ", " << ranks << " ranks");
        CHECK(lines.size() <= static_cast<size_t>(std::max(rows - 1, 1)));
        for (const std::string& line : lines) {
          CHECK(TextWidth(line) <= static_cast<size_t>(std::max(columns - 1, 1)));
        }
      }
    }
  }
}

TEST_CASE("control characters of a job never reach the terminal") {
  v1::Job job = JobOf(1, 1);
  job.mutable_ranks(0)->set_wait_reason("\x1b[2Jgone\r\n");
  job.mutable_events(0)->set_message("\a\x7f");
  job.set_state(v1::JOB_STATE_PENDING);
  job.set_reason("\x1b]0;title\a");
  const std::string text = absl::StrJoin(JobScreen(job, Plain(200, 20)), "\n");
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\a') == std::string::npos);
  CHECK(absl::StrContains(text, "waits: ?[2Jgone??"));
}

TEST_CASE("jobs that go on come first, then the newest") {
  v1::ListJobsResponse jobs;
  for (uint64_t id = 1; id <= 4; ++id) {
    v1::Job* job = jobs.add_jobs();
    job->set_job_id(id);
    job->mutable_spec()->set_name("job");
    job->set_state(id == 2 ? v1::JOB_STATE_RUNNING : v1::JOB_STATE_SUCCEEDED);
  }
  const std::vector<std::string> all = JobListScreen(jobs, 0, Plain(80, 24));
  REQUIRE(all.size() == 5);
  CHECK(absl::StartsWith(all[1], "2 "));
  CHECK(absl::StartsWith(all[2], "4 "));
  const std::vector<std::string> few = JobListScreen(jobs, 0, Plain(80, 4));
  REQUIRE(few.size() == 3);
  CHECK(few[2] == "and 3 more jobs");
  CHECK(JobListScreen({}, 0, Plain(80, 24)) == std::vector<std::string>{"no jobs"});
}

TEST_CASE("frames are drawn over one another, at most five times a second") {
  FakeClock clock;
  std::ostringstream out;
  const TerminalSize size = {.columns = 80, .rows = 24};
  {
    LiveScreen screen(out, clock);
    screen.Show({"a", "b"}, size);
    CHECK(out.str() == "\ra\x1b[K\n\rb\x1b[K\n\x1b[J");
    out.str("");
    screen.Show({"held back"}, size);
    clock.Advance(LiveScreen::kFramePeriod - absl::Milliseconds(1));
    screen.Show({"also held back"}, size);
    CHECK(out.str().empty());
    clock.Advance(absl::Milliseconds(1));
    screen.Show({"c"}, size);
    CHECK(out.str() == "\x1b[2A\rc\x1b[K\n\x1b[J");
    out.str("");
    screen.Show({"last"}, size);
  }
  // The last frame is never lost.
  CHECK(out.str() == "\x1b[1A\rlast\x1b[K\n\x1b[J");
}

TEST_CASE("a resized terminal is cleared once") {
  FakeClock clock;
  std::ostringstream out;
  LiveScreen screen(out, clock);
  screen.Show({"a"}, {.columns = 80, .rows = 24});
  clock.Advance(absl::Seconds(1));
  out.str("");
  screen.Show({"b"}, {.columns = 40, .rows = 24});
  CHECK(out.str() == "\x1b[2J\x1b[H\rb\x1b[K\n\x1b[J");
  clock.Advance(absl::Seconds(1));
  out.str("");
  screen.Show({"c"}, {.columns = 40, .rows = 24});
  CHECK(out.str() == "\x1b[1A\rc\x1b[K\n\x1b[J");
}

TEST_CASE("a curve is drawn from its lowest to its highest value") {
  CHECK(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8, true) == "▁▂▃▄▅▆▇█");
  CHECK(Sparkline({0, 0, 7, 7}, 2, true) == "▁█");
  CHECK(Sparkline({0, NAN, 7}, 8, true) == "▁ █");
  CHECK(Sparkline({3, 3}, 8, true) == "▁▁");
  CHECK(Sparkline({0, 7}, 8, false).empty());
  CHECK(Sparkline({3}, 8, true).empty());
  CHECK(Sparkline({NAN, INFINITY, 1}, 8, true).empty());
  CHECK(Sparkline({}, 8, true).empty());
}

TEST_CASE("text is measured and cut without its colours") {
  CHECK(TextWidth("\x1b[31mgröße\x1b[0m") == 5);
  CHECK(CutText("\x1b[31mgröße\x1b[0m", 3) == "\x1b[31mgrö\x1b[0m");
  CHECK(CutText("\x1b[31mgr\x1b[0möße", 3) == "\x1b[31mgr\x1b[0mö");
  CHECK(CutText("abc", 3) == "abc");
  CHECK(CutText("abc", 0).empty());
  CHECK(TextWidth("\x1b[31") == 4);
}

}  // namespace
}  // namespace paceline::cli
