#include "common/metrics/registry.h"

#include <prometheus/text_serializer.h>

#include "common/check.h"

namespace paceline::metrics {
namespace {

double ValueOf(const Counter& counter) { return static_cast<double>(counter.value()); }
double ValueOf(const Gauge& gauge) { return gauge.value(); }
Buckets ValueOf(const Histogram& histogram) { return histogram.Read(); }

}  // namespace

template <typename Instrument>
Instrument* Family<Instrument>::With(const std::vector<std::string>& values) {
  PL_CHECK_EQ(values.size(), what_.labels.size()) << what_.name;
  MutexLock lock(&mu_);
  if (const auto found = series_.find(values); found != series_.end()) return found->second.get();
  if (series_.size() < what_.most_series) {
    return series_.emplace(values, make_()).first->second.get();
  }
  if (dropped_) dropped_(what_.name);
  if (other_ == nullptr) other_ = make_();
  return other_.get();
}

template <typename Instrument>
void Family<Instrument>::Collect(Samples* out) const {
  MutexLock lock(&mu_);
  for (const auto& [values, instrument] : series_) out->Add(values, ValueOf(*instrument));
  if (other_ == nullptr) return;
  out->Add(std::vector<std::string>(what_.labels.size(), kOtherSeries), ValueOf(*other_));
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

Registry::Registry()
    : dropped_(std::make_unique<Family<Counter>>(
          Description{.name = "paceline_metrics_series_dropped_total",
                      .help = "Samples that a family had no room for: they are in \"other\".",
                      .labels = {"family"}},
          [] { return std::make_unique<Counter>(); }, nullptr)) {}

template <typename Instrument>
Family<Instrument>& Registry::Add(Families<Instrument>* families, Description what,
                                  typename Family<Instrument>::Make make) {
  for (const auto& family : *families) PL_CHECK(family->what().name != what.name) << what.name;
  families->push_back(std::make_unique<Family<Instrument>>(
      std::move(what), std::move(make),
      [this](const std::string& family) { dropped_->With({family})->Add(); }));
  return *families->back();
}

Family<Counter>& Registry::Counters(Description what) {
  MutexLock lock(&mu_);
  return Add(&counters_, std::move(what), [] { return std::make_unique<Counter>(); });
}

Family<Gauge>& Registry::Gauges(Description what) {
  MutexLock lock(&mu_);
  return Add(&gauges_, std::move(what), [] { return std::make_unique<Gauge>(); });
}

Family<Histogram>& Registry::Histograms(Description what, std::vector<double> bounds) {
  MutexLock lock(&mu_);
  return Add(&histograms_, std::move(what),
             [bounds = std::move(bounds)] { return std::make_unique<Histogram>(bounds); });
}

void Registry::AddCollector(Collector collector) {
  MutexLock lock(&mu_);
  collectors_.push_back(std::make_shared<const Collector>(std::move(collector)));
}

std::string Registry::Text() const {
  std::vector<std::shared_ptr<const Collector>> collectors;
  Scrape scrape([this](const std::string& family) { dropped_->With({family})->Add(); });
  const auto collect = [](const auto& family, Samples samples) { family.Collect(&samples); };
  // A family that is full has one series more: "other".
  const auto described = [](const auto& family) {
    Description what = family.what();
    ++what.most_series;
    return what;
  };
  {
    MutexLock lock(&mu_);
    collectors = collectors_;
    for (const auto& family : counters_) collect(*family, scrape.Counters(described(*family)));
    for (const auto& family : gauges_) collect(*family, scrape.Gauges(described(*family)));
    for (const auto& family : histograms_) collect(*family, scrape.Histograms(described(*family)));
  }
  // Without the lock: they ask others, who have locks of their own.
  for (const auto& collector : collectors) (*collector)(&scrape);
  // Last, since the others may add to it.
  collect(*dropped_, scrape.Counters(described(*dropped_)));
  return prometheus::TextSerializer().Serialize(scrape.Families());
}

}  // namespace paceline::metrics
