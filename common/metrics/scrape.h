// One answer to GET /metrics while it is put together: families of samples, bounded.
//
//   out->Gauge("paceline_server_jobs", "Jobs held, in any state.", jobs.size());
//   Samples bytes = out->Gauges("paceline_server_table_bytes", "Bytes of tables.", {"job"});
//   for (const Job& job : jobs) bytes.Add({job.id}, job.bytes);
//
// Names start with paceline_ (or process_), units are base units, and counters, only
// they, end in _total: anything else stops the process, as does a family that is added
// with two types. A family that two collectors add is one family.
//
// Limit: so many series a family. What comes beyond goes into one series whose labels all
// are "other": counters and histograms are added up, of gauges the largest is kept.
#ifndef PACELINE_COMMON_METRICS_SCRAPE_H_
#define PACELINE_COMMON_METRICS_SCRAPE_H_

#include <prometheus/metric_family.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/metrics/histogram.h"

namespace paceline::metrics {

// Series of a family unless it says otherwise.
inline constexpr size_t kMostSeries = 100;
inline constexpr char kOtherSeries[] = "other";

// What a family is, whoever fills it.
struct Description {
  std::string name;
  // A sentence.
  std::string help;
  // Names of the labels.
  std::vector<std::string> labels = {};
  size_t most_series = kMostSeries;
};

class Scrape;

// A family that takes samples. Valid as long as the scrape.
class Samples {
 public:
  // One value for each label. Label values that come twice are two series: for
  // Prometheus an error, so callers see to it.
  void Add(const std::vector<std::string>& values, double value);
  void Add(const std::vector<std::string>& values, const Buckets& buckets);

 private:
  friend class Scrape;
  struct State {
    prometheus::MetricFamily family;
    std::vector<std::string> labels;
    size_t most_series = 0;
    bool full = false;
    Buckets other;
  };
  Samples(Scrape* scrape, State* state) : scrape_(scrape), state_(state) {}

  // The series to fill; sets `other` if it is the one for what comes beyond the limit.
  prometheus::ClientMetric* Series(const std::vector<std::string>& values, bool* other);

  Scrape* scrape_;
  State* state_;
};

// Thread-compatible.
class Scrape {
 public:
  // `dropped` is told the family of each sample beyond its limit. May be null.
  explicit Scrape(std::function<void(const std::string& family)> dropped = nullptr)
      : dropped_(std::move(dropped)) {}

  Samples Counters(Description what);
  Samples Gauges(Description what);
  Samples Histograms(Description what);

  // Families of one series without labels.
  void Counter(std::string name, std::string help, double value);
  void Gauge(std::string name, std::string help, double value);
  void Histogram(std::string name, std::string help, const Buckets& buckets);

  // In the order of names; empty families too.
  std::vector<prometheus::MetricFamily> Families() const;

 private:
  friend class Samples;
  Samples Begin(Description what, prometheus::MetricType type);

  const std::function<void(const std::string& family)> dropped_;
  std::map<std::string, Samples::State> families_;
};

}  // namespace paceline::metrics

#endif  // PACELINE_COMMON_METRICS_SCRAPE_H_
