#include "common/metrics/scrape.h"

#include <prometheus/check_names.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "common/check.h"

namespace paceline::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

void CheckNames(const Description& what, MetricType type) {
  PL_CHECK(prometheus::CheckMetricName(what.name)) << what.name;
  PL_CHECK(absl::StartsWith(what.name, "paceline_") || absl::StartsWith(what.name, "process_"))
      << what.name;
  PL_CHECK(absl::EndsWith(what.name, "_total") == (type == MetricType::Counter))
      << what.name << ": counters, and only they, end in _total";
  PL_CHECK(!what.help.empty()) << what.name;
  for (const std::string& label : what.labels) {
    PL_CHECK(prometheus::CheckLabelName(label)) << what.name << ": label " << label;
  }
}

// Prometheus counts up to each bound, and the last one is infinite.
ClientMetric::Histogram Cumulative(const Buckets& buckets) {
  ClientMetric::Histogram histogram;
  for (size_t i = 0; i < buckets.counts.size(); ++i) {
    histogram.sample_count += buckets.counts[i];
    histogram.bucket.push_back({.cumulative_count = histogram.sample_count,
                                .upper_bound = i < buckets.bounds.size()
                                                   ? buckets.bounds[i]
                                                   : std::numeric_limits<double>::infinity()});
  }
  histogram.sample_sum = buckets.sum;
  return histogram;
}

}  // namespace

ClientMetric* Samples::Series(const std::vector<std::string>& values, bool* other) {
  std::vector<ClientMetric>& series = state_->family.metric;
  PL_CHECK_EQ(values.size(), state_->labels.size()) << state_->family.name;
  *other = series.size() >= state_->most_series;
  if (*other && scrape_->dropped_) scrape_->dropped_(state_->family.name);
  if (*other && std::exchange(state_->full, true)) return &series.back();
  ClientMetric& added = series.emplace_back();
  for (size_t i = 0; i < values.size(); ++i) {
    added.label.push_back({state_->labels[i], *other ? kOtherSeries : values[i]});
  }
  return &added;
}

void Samples::Add(const std::vector<std::string>& values, double value) {
  PL_CHECK(state_->family.type != MetricType::Histogram) << state_->family.name;
  const bool first = !state_->full;
  bool other = false;
  ClientMetric* const series = Series(values, &other);
  if (state_->family.type == MetricType::Counter) {
    series->counter.value += value;
  } else {
    series->gauge.value = other && !first ? std::max(series->gauge.value, value) : value;
  }
}

void Samples::Add(const std::vector<std::string>& values, const Buckets& buckets) {
  PL_CHECK(state_->family.type == MetricType::Histogram) << state_->family.name;
  bool other = false;
  ClientMetric* const series = Series(values, &other);
  if (other) state_->other.Merge(buckets);
  series->histogram = Cumulative(other ? state_->other : buckets);
}

Samples Scrape::Begin(Description what, MetricType type) {
  CheckNames(what, type);
  Samples::State& state = families_[what.name];
  if (state.family.name.empty()) {
    state.family.name = std::move(what.name);
    state.family.help = std::move(what.help);
    state.family.type = type;
    state.labels = std::move(what.labels);
    state.most_series = what.most_series;
  } else {
    PL_CHECK(state.family.type == type) << state.family.name << " with two types";
    PL_CHECK(state.labels == what.labels) << state.family.name << " with other labels";
  }
  return Samples(this, &state);
}

Samples Scrape::Counters(Description what) { return Begin(std::move(what), MetricType::Counter); }
Samples Scrape::Gauges(Description what) { return Begin(std::move(what), MetricType::Gauge); }
Samples Scrape::Histograms(Description what) {
  return Begin(std::move(what), MetricType::Histogram);
}

void Scrape::Counter(std::string name, std::string help, double value) {
  Counters({.name = std::move(name), .help = std::move(help)}).Add({}, value);
}

void Scrape::Gauge(std::string name, std::string help, double value) {
  Gauges({.name = std::move(name), .help = std::move(help)}).Add({}, value);
}

void Scrape::Histogram(std::string name, std::string help, const Buckets& buckets) {
  Histograms({.name = std::move(name), .help = std::move(help)}).Add({}, buckets);
}

std::vector<prometheus::MetricFamily> Scrape::Families() const {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& [name, state] : families_) families.push_back(state.family);
  return families;
}

}  // namespace paceline::metrics
