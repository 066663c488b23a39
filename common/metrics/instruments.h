// A counter and a gauge that any thread may change at the price of one atomic addition.
//
// Thread-safe.
#ifndef PACELINE_COMMON_METRICS_INSTRUMENTS_H_
#define PACELINE_COMMON_METRICS_INSTRUMENTS_H_

#include <atomic>
#include <cstdint>

namespace paceline::metrics {

// Only grows.
class Counter {
 public:
  void Add(uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double more) { value_.fetch_add(more, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

}  // namespace paceline::metrics

#endif  // PACELINE_COMMON_METRICS_INSTRUMENTS_H_
