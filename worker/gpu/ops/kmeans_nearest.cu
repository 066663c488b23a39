#include <cmath>

#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/kmeans_nearest.h"

namespace paceline::gpu {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

struct Candidate {
  double distance;
  uint32_t cluster;

  __device__ Candidate Exchanged(int apart) const {
    return {gpu::Exchanged(distance, apart), __shfl_xor_sync(kAllLanes, cluster, apart)};
  }

  // NaN is nobody's nearest.
  __device__ bool Before(const Candidate& other) const {
    return distance < other.distance || (distance == other.distance && cluster < other.cluster);
  }
};

struct Nearer {
  __device__ Candidate operator()(Candidate a, Candidate b) const { return b.Before(a) ? b : a; }
};

// The values of a record, feature by feature.
struct DenseRecord {
  const float* values;

  __device__ DenseRecord(const KMeansRecords& records, uint64_t record, uint64_t features)
      : values(records.values + record * features) {}
  __device__ float At(uint64_t feature) { return values[feature]; }
};

struct EntryRecord {
  const float* values;
  const uint32_t* features;
  uint32_t next;
  uint32_t end;

  __device__ EntryRecord(const KMeansRecords& records, uint64_t record, uint64_t)
      : values(records.values),
        features(records.features),
        next(records.offsets[record]),
        end(records.offsets[record + 1]) {}
  __device__ float At(uint64_t feature) {
    return next < end && features[next] == feature ? values[next++] : 0.0f;
  }
};

template <class Record>
__device__ inline double Distance(Record record, uint32_t clusters, uint64_t features,
                                  const double* centroid) {
  double sum = 0;
  for (uint64_t f = 0; f < features; ++f) {
    const double difference = record.At(f) - centroid[f * clusters];
    sum = __dadd_rn(sum, __dmul_rn(difference, difference));
  }
  return sum;
}

// `lanes` neighbouring threads have a record; their clusters are a `lanes` apart.
template <class Record>
__global__ void __launch_bounds__(kThreads)
    KMeansNearestKernel(uint64_t n, uint32_t clusters, uint64_t features, KMeansRecords records,
                        const double* centroids, uint32_t* nearest, float* scores, float* losses,
                        uint32_t lanes) {
  const uint32_t teams = kThreads / lanes;
  const uint32_t lane = threadIdx.x % lanes;
  // All lanes of a warp go round equally often: they meet in the reduction.
  for (uint64_t first = uint64_t{blockIdx.x} * teams; first < n;
       first += uint64_t{gridDim.x} * teams) {
    const uint64_t i = first + threadIdx.x / lanes;
    Candidate best{INFINITY, kNone};
    for (uint64_t c = lane; i < n && c < clusters; c += lanes) {
      const Candidate other{
          Distance(Record(records, i, features), clusters, features, centroids + c),
          static_cast<uint32_t>(c)};
      if (other.Before(best)) best = other;
    }
    best = WarpReduce(best, lanes, Nearer());
    if (i >= n || lane != 0) continue;
    const bool none = best.cluster == kNone;
    nearest[i] = none ? 0 : best.cluster;
    scores[i] = none ? 0.0f : static_cast<float>(best.cluster);
    losses[i] = none ? NAN : static_cast<float>(best.distance);
  }
}

}  // namespace

Launched KMeansNearest(uint64_t n, uint32_t clusters, uint64_t features,
                       const KMeansRecords& records, const double* centroids, uint32_t* nearest,
                       float* scores, float* losses, StreamHandle stream) {
  if (n == 0) return {};
  const uint32_t lanes = PowerOfTwo(clusters, kWarp);
  const auto kernel = records.offsets == nullptr ? KMeansNearestKernel<DenseRecord>
                                                 : KMeansNearestKernel<EntryRecord>;
  return Launch("KMeansNearest: cudaLaunchKernel", kernel, BlocksFor(n, kThreads / lanes), kThreads,
                stream, n, clusters, features, records, centroids, nearest, scores, losses, lanes);
}

}  // namespace paceline::gpu
