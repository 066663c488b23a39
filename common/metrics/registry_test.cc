#include "common/metrics/registry.h"

#include <catch2/catch.hpp>

#include "absl/strings/str_cat.h"

namespace paceline::metrics {
namespace {

using Catch::Contains;

TEST_CASE("instruments and collectors come out as one text, in the order of names") {
  Registry registry;
  Family<Counter>& handled = registry.Counters({.name = "paceline_rpc_handled_total",
                                                .help = "Calls answered.",
                                                .labels = {"method", "code"}});
  Counter* const pushed = handled.With({"Push", "OK"});
  pushed->Add();
  pushed->Add(2);
  CHECK(handled.With({"Push", "OK"}) == pushed);
  CHECK(handled.With({"Push", "UNAVAILABLE"}) != pushed);
  registry.Gauges({.name = "paceline_open", .help = "Open."}).With({})->Set(8589934592);
  registry.Histograms({.name = "paceline_b_seconds", .help = "Time."}, {0.1, 1})
      .With({})
      ->Observe(0.5);
  registry.AddCollector([](Scrape* out) { out->Gauge("paceline_a", "Jobs.", 3); });
  CHECK(registry.Text() ==
        "# HELP paceline_a Jobs.\n"
        "# TYPE paceline_a gauge\n"
        "paceline_a 3\n"
        "# HELP paceline_b_seconds Time.\n"
        "# TYPE paceline_b_seconds histogram\n"
        "paceline_b_seconds_count 1\n"
        "paceline_b_seconds_sum 0.5\n"
        "paceline_b_seconds_bucket{le=\"0.1\"} 0\n"
        "paceline_b_seconds_bucket{le=\"1\"} 1\n"
        "paceline_b_seconds_bucket{le=\"+Inf\"} 1\n"
        "# HELP paceline_metrics_series_dropped_total Samples that a family had no room for: "
        "they are in \"other\".\n"
        "# TYPE paceline_metrics_series_dropped_total counter\n"
        "# HELP paceline_open Open.\n"
        "# TYPE paceline_open gauge\n"
        "paceline_open 8589934592\n"
        "# HELP paceline_rpc_handled_total Calls answered.\n"
        "# TYPE paceline_rpc_handled_total counter\n"
        "paceline_rpc_handled_total{method=\"Push\",code=\"OK\"} 3\n"
        "paceline_rpc_handled_total{method=\"Push\",code=\"UNAVAILABLE\"} 0\n");
}

TEST_CASE("label values are escaped") {
  Registry registry;
  registry.AddCollector([](Scrape* out) {
    out->Gauges({.name = "paceline_gpu", .help = "GPUs.", .labels = {"name"}})
        .Add({"a \"b\" \\ \n"}, 1);
  });
  CHECK_THAT(registry.Text(), Contains("paceline_gpu{name=\"a \\\"b\\\" \\\\ \\n\"} 1\n"));
}

TEST_CASE("a family of instruments that is full counts the rest as one series") {
  Registry registry;
  Family<Counter>& family = registry.Counters(
      {.name = "paceline_x_total", .help = "X.", .labels = {"job", "code"}, .most_series = 2});
  for (int job = 1; job <= 5; ++job) family.With({absl::StrCat(job), "OK"})->Add(job);
  CHECK(family.With({"4", "OK"}) == family.With({"5", "OK"}));
  for (int scrape = 0; scrape < 2; ++scrape) {
    const std::string text = registry.Text();
    CHECK_THAT(text, Contains("paceline_x_total{job=\"1\",code=\"OK\"} 1\n"));
    CHECK_THAT(text, Contains("paceline_x_total{job=\"2\",code=\"OK\"} 2\n"));
    CHECK_THAT(text, !Contains("job=\"3\""));
    CHECK_THAT(text, Contains("paceline_x_total{job=\"other\",code=\"other\"} 12\n"));
    CHECK_THAT(text,
               Contains("paceline_metrics_series_dropped_total{family=\"paceline_x_total\"} 5\n"));
  }
}

TEST_CASE("a family of a collector that is full: sums, and the largest gauge") {
  Registry registry;
  registry.AddCollector([](Scrape* out) {
    Samples counters = out->Counters(
        {.name = "paceline_c_total", .help = "C.", .labels = {"job"}, .most_series = 1});
    Samples gauges =
        out->Gauges({.name = "paceline_g", .help = "G.", .labels = {"job"}, .most_series = 1});
    Samples histograms =
        out->Histograms({.name = "paceline_h", .help = "H.", .labels = {"job"}, .most_series = 1});
    for (const double value : {1, -5, -3, -4}) {
      counters.Add({absl::StrCat(value)}, value + 10);
      gauges.Add({absl::StrCat(value)}, value);
      Histogram histogram({0});
      histogram.Observe(value);
      histograms.Add({absl::StrCat(value)}, histogram.Read());
    }
  });
  const std::string text = registry.Text();
  CHECK_THAT(text, Contains("paceline_c_total{job=\"1\"} 11\n"));
  CHECK_THAT(text, Contains("paceline_c_total{job=\"other\"} 18\n"));
  CHECK_THAT(text, Contains("paceline_g{job=\"1\"} 1\n"));
  CHECK_THAT(text, Contains("paceline_g{job=\"other\"} -3\n"));
  CHECK_THAT(text, Contains("paceline_h_bucket{job=\"other\",le=\"0\"} 3\n"));
  CHECK_THAT(text, Contains("paceline_h_sum{job=\"other\"} -12\n"));
  CHECK_THAT(text, Contains("paceline_metrics_series_dropped_total{family=\"paceline_g\"} 3\n"));
}

TEST_CASE("two collectors may fill one family") {
  Registry registry;
  for (const char* job : {"1", "2"}) {
    registry.AddCollector([job](Scrape* out) {
      out->Gauges({.name = "paceline_g", .help = "G.", .labels = {"job"}}).Add({job}, 4);
    });
  }
  CHECK_THAT(registry.Text(), Contains("# TYPE paceline_g gauge\n"
                                       "paceline_g{job=\"1\"} 4\npaceline_g{job=\"2\"} 4\n"));
}

}  // namespace
}  // namespace paceline::metrics
