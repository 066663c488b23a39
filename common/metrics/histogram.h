// Counts observations by upper bounds.
//
//   Histogram seconds(ExponentialBounds(0.001, 10, 6));   // 1 ms .. 100 s
//   seconds.Observe(0.02);
//
// An observation costs two atomic additions and a walk over the bounds: prometheus-cpp's
// own histogram takes a lock instead, which all threads of a data plane would share.
#ifndef PACELINE_COMMON_METRICS_HISTOGRAM_H_
#define PACELINE_COMMON_METRICS_HISTOGRAM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace paceline::metrics {

// What a histogram holds. `counts` has one entry more than `bounds`: what lies above all
// of them. A value that equals a bound counts below it.
struct Buckets {
  std::vector<double> bounds;
  std::vector<uint64_t> counts;
  double sum = 0;

  uint64_t count() const;
  // Adds `other`, which has the same bounds, or none of either.
  void Merge(const Buckets& other);
};

// first, first * factor, ..: `count` bounds, each with at most six digits.
std::vector<double> ExponentialBounds(double first, double factor, size_t count);

// Thread-safe. A Read beside an Observe may see it in `counts` and not yet in `sum`.
class Histogram {
 public:
  // `bounds` ascend; at most kMostBounds.
  static constexpr size_t kMostBounds = 64;
  explicit Histogram(std::vector<double> bounds);

  // Not a number: not counted.
  void Observe(double value);

  Buckets Read() const;

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

}  // namespace paceline::metrics

#endif  // PACELINE_COMMON_METRICS_HISTOGRAM_H_
