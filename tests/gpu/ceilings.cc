#include "tests/gpu/ceilings.h"

#include <cstdio>
#include <string>

#include "tests/gpu/device_memory.h"

namespace paceline::gpu::testing {
namespace {

std::string Mebibytes(size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

// Device memory of some size, zeros.
class Zeros {
 public:
  explicit Zeros(size_t bytes) {
    Require(cudaMalloc(&data_, bytes), "cudaMalloc");
    Require(cudaMemset(data_, 0, bytes), "cudaMemset");
  }
  Zeros(const Zeros&) = delete;
  Zeros& operator=(const Zeros&) = delete;
  ~Zeros() { (void)cudaFree(data_); }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

class Pinned {
 public:
  explicit Pinned(size_t bytes) {
    Require(cudaHostAlloc(&data_, bytes, cudaHostAllocDefault), "cudaHostAlloc");
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned() { (void)cudaFreeHost(data_); }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

void MeasureProduct(Timer& timer, Gemm& gemm, const Product& p, double ceiling, Report* report) {
  const size_t bytes = BytesOf(p.precision);
  const Zeros a(p.m * p.k * bytes);
  const Zeros b(p.k * p.n * bytes);
  const Zeros c(p.m * p.n * sizeof(float));
  Launched launched;
  const auto multiply = [&] {
    const Launched one = gemm.Multiply(p, a.data(), b.data(), static_cast<float*>(c.data()));
    if (!one.ok()) launched = one;
  };
  const Times times = timer.Time(multiply, /*cold=*/false);
  if (!launched.ok()) {
    std::printf("Gemm %s: %s: %s\n", p.Text().c_str(), launched.call, launched.error);
    return;
  }
  const std::string name = std::string("Gemm ") + PrecisionName(p.precision);
  const double operations =
      2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  report->Add({name, p.Text(), times, operations, true, ceiling, "the best square product"});
}

}  // namespace

void MeasureCopies(Timer& timer, cudaStream_t stream, Report* report) {
  for (const size_t bytes : {size_t{64} << 20, size_t{512} << 20}) {
    const Zeros from(bytes);
    const Zeros to(bytes);
    const Times times = timer.Time(
        [&] {
          Require(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, stream),
                  "cudaMemcpyAsync");
        },
        /*cold=*/true);
    report->Add(
        {kDeviceCopy, Mebibytes(bytes), times, 2.0 * static_cast<double>(bytes), false, 0, ""});
  }

  cudaStream_t other = nullptr;
  cudaEvent_t fork = nullptr;
  cudaEvent_t join = nullptr;
  Require(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), "cudaStreamCreate");
  Require(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming), "cudaEventCreate");
  Require(cudaEventCreateWithFlags(&join, cudaEventDisableTiming), "cudaEventCreate");
  for (const size_t bytes : {size_t{1} << 20, size_t{64} << 20}) {
    const Zeros up(bytes);
    const Zeros down(bytes);
    const Pinned host_up(bytes);
    const Pinned host_down(bytes);
    const auto to_device = [&] {
      Require(cudaMemcpyAsync(up.data(), host_up.data(), bytes, cudaMemcpyHostToDevice, stream),
              "cudaMemcpyAsync");
    };
    const auto to_host = [&](cudaStream_t on) {
      Require(cudaMemcpyAsync(host_down.data(), down.data(), bytes, cudaMemcpyDeviceToHost, on),
              "cudaMemcpyAsync");
    };
    const double amount = static_cast<double>(bytes);
    report->Add({"host to device", Mebibytes(bytes) + " pinned", timer.Time(to_device, true),
                 amount, false, 0, ""});
    report->Add({"device to host", Mebibytes(bytes) + " pinned",
                 timer.Time([&] { to_host(stream); }, true), amount, false, 0, ""});
    const Times both = timer.Time(
        [&] {
          Require(cudaEventRecord(fork, stream), "cudaEventRecord");
          Require(cudaStreamWaitEvent(other, fork, 0), "cudaStreamWaitEvent");
          to_device();
          to_host(other);
          Require(cudaEventRecord(join, other), "cudaEventRecord");
          Require(cudaStreamWaitEvent(stream, join, 0), "cudaStreamWaitEvent");
        },
        true);
    report->Add(
        {"both ways at once", Mebibytes(bytes) + " pinned each", both, 2 * amount, false, 0, ""});
  }
  (void)cudaEventDestroy(fork);
  (void)cudaEventDestroy(join);
  (void)cudaStreamDestroy(other);
}

void MeasureProducts(Timer& timer, Gemm& gemm, bool quick, Report* report) {
  for (const Precision precision :
       {Precision::kFloat32, Precision::kTf32, Precision::kBf16, Precision::kFp16}) {
    for (const uint64_t size : {512, 1024, 2048, 4096, 8192}) {
      if (quick && size > 4096) continue;
      MeasureProduct(timer, gemm, {size, size, size, false, false, precision}, 0, report);
    }
    const double best = report->Best(std::string("Gemm ") + PrecisionName(precision));
    for (const uint64_t batch : {1024, 8192}) {
      const Product layers[] = {{batch, 4096, 784, false, false, precision},
                                {batch, 4096, 4096, false, false, precision},
                                {batch, 10, 4096, false, false, precision},
                                {4096, 4096, batch, true, false, precision},
                                {batch, 4096, 4096, false, true, precision}};
      for (const Product& product : layers) MeasureProduct(timer, gemm, product, best, report);
    }
  }
}

}  // namespace paceline::gpu::testing
