// The metrics of a process, as Prometheus reads them. What changes often has an
// instrument, to which its owner keeps a pointer; what can be computed when somebody asks
// is added by a collector.
//
//   metrics::Registry registry;
//   auto& handled = registry.Counters({.name = "paceline_rpc_handled_total",
//                                      .help = "Calls answered.", .labels = {"method", "code"}});
//   metrics::Counter* const pushed = handled.With({"Push", "OK"});   // once
//   pushed->Add();                                                   // on the hot path
//   registry.AddCollector([&](metrics::Scrape* out) {
//     out->Gauge("paceline_server_jobs", "Jobs held, in any state.", state.jobs());
//   });
//   http.metrics = [&] { return registry.Text(); };
//
// Rules of names and limits: scrape.h. How often a limit was hit, it counts itself:
// paceline_metrics_series_dropped_total{family}.
//
// Thread-safe.
#ifndef PACELINE_COMMON_METRICS_REGISTRY_H_
#define PACELINE_COMMON_METRICS_REGISTRY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/metrics/histogram.h"
#include "common/metrics/instruments.h"
#include "common/metrics/scrape.h"
#include "common/sync.h"

namespace paceline::metrics {

// Of what Registry::Text returns: text format 0.0.4.
inline constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// Instruments that differ in their labels' values. Thread-safe.
template <typename Instrument>
class Family {
 public:
  using Make = std::function<std::unique_ptr<Instrument>()>;
  Family(Description what, Make make, std::function<void(const std::string&)> dropped)
      : what_(std::move(what)), make_(std::move(make)), dropped_(std::move(dropped)) {}

  // The instrument with these values, one for each label; made when first asked for.
  // Once there are most_series others: one that all further values share. It lives as
  // long as the registry. Takes a lock: for set-up, not for hot paths.
  Instrument* With(const std::vector<std::string>& values);

  // For the registry.
  const Description& what() const { return what_; }
  void Collect(Samples* out) const;

 private:
  const Description what_;
  const Make make_;
  const std::function<void(const std::string&)> dropped_;
  mutable Mutex mu_;
  std::map<std::vector<std::string>, std::unique_ptr<Instrument>> series_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Instrument> other_ ABSL_GUARDED_BY(mu_);
};

class Registry {
 public:
  using Collector = std::function<void(Scrape*)>;

  Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // References are valid as long as the registry. A name is added once.
  Family<Counter>& Counters(Description what);
  Family<Gauge>& Gauges(Description what);
  Family<Histogram>& Histograms(Description what, std::vector<double> bounds);

  // Called by each Text, on its thread; several at once if pages are asked for at once.
  // What it uses outlives the last Text.
  void AddCollector(Collector collector);

  // All families, ordered by name.
  std::string Text() const;

 private:
  template <typename Instrument>
  using Families = std::vector<std::unique_ptr<Family<Instrument>>>;
  template <typename Instrument>
  Family<Instrument>& Add(Families<Instrument>* families, Description what,
                          typename Family<Instrument>::Make make);

  mutable Mutex mu_;
  Families<Counter> counters_ ABSL_GUARDED_BY(mu_);
  Families<Gauge> gauges_ ABSL_GUARDED_BY(mu_);
  Families<Histogram> histograms_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<const Collector>> collectors_ ABSL_GUARDED_BY(mu_);
  // By family.
  std::unique_ptr<Family<Counter>> dropped_;
};

}  // namespace paceline::metrics

#endif  // PACELINE_COMMON_METRICS_REGISTRY_H_
