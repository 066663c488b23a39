#include "server/io/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace paceline::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void Begin(const std::string& name, const std::string& help, MetricType type) {
    MetricFamily family;
    family.name = absl::StrCat("paceline_server_", name);
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
  }

  void Value(double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }

  void Gauge(const std::string& name, const std::string& help, double value) {
    Begin(name, help, MetricType::Gauge);
    Value(value);
  }
  void Counter(const std::string& name, const std::string& help, double value) {
    Begin(name, help, MetricType::Counter);
    Value(value);
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

double Number(uint64_t value) { return static_cast<double>(value); }

}  // namespace

std::string MetricsText(const MetricsInput& input, const DataPlaneStats& stats) {
  Families out;
  out.Gauge("uptime_seconds", "Seconds since the daemon started.",
            absl::ToDoubleSeconds(input.uptime));
  out.Gauge("resident_bytes", "Resident memory of the process.", Number(input.resident_bytes));
  out.Gauge("jobs", "Jobs held, in any state.", Number(input.jobs.size()));
  out.Begin("table_bytes", "Bytes of tables, slots and sums.", MetricType::Gauge);
  for (const v1::ServerJobReport& job : input.jobs) {
    out.Value(Number(job.table_bytes()), {{"job", absl::StrCat(job.job_id())}});
  }
  out.Begin("staleness_iterations_max", "Largest staleness of an applied push.", MetricType::Gauge);
  for (const v1::ServerJobReport& job : input.jobs) {
    out.Value(Number(job.staleness_max()), {{"job", absl::StrCat(job.job_id())}});
  }
  out.Gauge("fold_bytes", "Bytes of updates that wait for their round.", Number(input.fold_bytes));
  out.Gauge("reply_bytes", "Bytes of replies that wait for their clients to take them.",
            Number(input.reply_bytes));
  out.Gauge("shared_memory_arenas",
            "Pieces of memory that clients on this host have handed over for payloads.",
            Number(input.shared_memory_arenas));
  out.Gauge("parked_pulls", "Pulls that wait for admission.", Number(input.parked_pulls));
  out.Counter("pushes_total", "Push calls answered.", Number(stats.pushes));
  out.Counter("pulls_total", "Pull calls answered or waiting.", Number(stats.pulls));
  out.Counter("duplicates_total", "Shard updates that had been applied before.",
              Number(stats.duplicates));
  out.Counter("received_bytes_total", "Payload bytes received.", Number(stats.bytes_in));
  out.Counter("sent_bytes_total", "Payload bytes sent.", Number(stats.bytes_out));
  out.Counter("shared_memory_bytes_total",
              "Payload bytes, of both, exchanged through memory with clients on this host.",
              Number(stats.bytes_shared));
  out.Begin("key_list_hits_total",
            "Sparse blocks whose keys were not sent because the server held them.",
            MetricType::Counter);
  for (const auto& [job, hits] : input.key_list_hits) {
    out.Value(Number(hits), {{"job", absl::StrCat(job)}});
  }
  out.Begin("refused_total", "Calls refused, by reason.", MetricType::Counter);
  for (size_t kind = 0; kind < stats.refused.size(); ++kind) {
    const std::string& name =
        kind == 0 ? "OTHER" : v1::Refusal::Kind_Name(static_cast<v1::Refusal::Kind>(kind));
    out.Value(Number(stats.refused[kind]), {{"reason", absl::AsciiStrToLower(name)}});
  }
  return out.Text();
}

}  // namespace paceline::server
