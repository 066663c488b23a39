#include "cli/top/top_view.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"

namespace paceline::cli {
namespace {

TopSample SampleAt(int second, double cpu_seconds, int nodes, int ranks) {
  TopSample sample;
  sample.at = absl::Seconds(second);
  for (int i = 1; i <= nodes; ++i) {
    v1::NodeStatus* node = sample.cluster.add_nodes();
    node->set_node_id(static_cast<uint64_t>(i));
    node->set_role(v1::NODE_ROLE_WORKER);
    node->set_live(true);
    node->mutable_host()->set_cpu_user_seconds(cpu_seconds * i);
    node->mutable_host()->set_resident_bytes(static_cast<uint64_t>(100 - i) << 20);
    node->mutable_host()->set_load(0.5 * i);
    node->mutable_host()->set_processors(4);
  }
  v1::Job* job = sample.jobs.add_jobs();
  job->set_job_id(7);
  for (int i = 0; i < ranks; ++i) {
    v1::RankStatus* rank = job->add_ranks();
    rank->set_rank(static_cast<uint32_t>(i));
    rank->set_hostname("host");
    rank->set_cpu_system_seconds(cpu_seconds);
    rank->set_samples_per_second(10 * i);
  }
  return sample;
}

ScreenStyle Rows(int rows) { return {.size = {.columns = 200, .rows = rows}, .color = false}; }

TEST_CASE("the use of processors is what was used between two samples") {
  TopView view;
  std::vector<std::string> lines = view.Lines(SampleAt(0, 0, 2, 1), TopSort::kCpu, Rows(24));
  REQUIRE(lines.size() == 6);
  CHECK_FALSE(absl::StrContains(lines[1], "%"));
  lines = view.Lines(SampleAt(2, 1, 2, 1), TopSort::kCpu, Rows(24));
  // Node 2 has used two seconds in two.
  CHECK(absl::StartsWith(lines[1], "2 "));
  CHECK(absl::StrContains(lines[1], "100%"));
  CHECK(absl::StrContains(lines[2], "50%"));
  CHECK(absl::StrContains(lines[5], "7    0     host  50%"));
  // Nothing was heard since: the share stays.
  lines = view.Lines(SampleAt(3, 1, 2, 1), TopSort::kCpu, Rows(24));
  CHECK(absl::StrContains(lines[1], "100%"));
}

TEST_CASE("the greatest come first") {
  TopView view;
  CHECK(absl::StartsWith(view.Lines(SampleAt(0, 0, 3, 0), TopSort::kMemory, Rows(24))[1], "1 "));
  CHECK(absl::StartsWith(view.Lines(SampleAt(0, 0, 3, 0), TopSort::kRate, Rows(24))[1], "3 "));
  const std::vector<std::string> lines = view.Lines(SampleAt(0, 0, 1, 3), TopSort::kRate, Rows(24));
  CHECK(absl::StartsWith(lines[4], "7    2 "));
}

TEST_CASE("both tables have their place on a small terminal") {
  for (int rows = 1; rows < 40; ++rows) {
    TopView view;
    const std::vector<std::string> lines =
        view.Lines(SampleAt(0, 0, 20, 20), TopSort::kCpu, Rows(rows));
    CHECK(lines.size() <= static_cast<size_t>(std::max(rows - 1, 1)));
    if (rows > 12) {
      CHECK(absl::StartsWith(lines.back(), "and "));
      CHECK(absl::EndsWith(lines.back(), " more ranks"));
    }
  }
}

}  // namespace
}  // namespace paceline::cli
