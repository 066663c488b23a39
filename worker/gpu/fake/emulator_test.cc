#include "worker/gpu/fake/emulator.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/abort_message.h"

namespace paceline::gpu {
namespace {

// What a launch of `kernel` over `block` threads dies of.
template <typename Kernel>
std::string DeathOf(Kernel kernel, unsigned block) {
  return AbortMessage([&] { (void)Launch("Deadly", kernel, 1, block, nullptr); });
}

void PositionKernel(uint32_t* out) {
  const uint64_t block =
      blockIdx.x + uint64_t{gridDim.x} * (blockIdx.y + uint64_t{gridDim.y} * blockIdx.z);
  const uint64_t thread =
      threadIdx.x + uint64_t{blockDim.x} * (threadIdx.y + uint64_t{blockDim.y} * threadIdx.z);
  out[block * blockDim.count() + thread] += static_cast<uint32_t>(block * 1000 + thread);
}

TEST_CASE("every thread of every block runs once, and knows where it stands") {
  const dim3 grid(3, 2, 2);
  const dim3 block(5, 4, 3);
  std::vector<uint32_t> out(grid.count() * block.count());
  REQUIRE(Launch("Position", PositionKernel, grid, block, nullptr, out.data()).ok());
  for (uint64_t i = 0; i < out.size(); ++i) {
    CHECK(out[i] == i / block.count() * 1000 + i % block.count());
  }
}

TEST_CASE("shapes that CUDA refuses are refused") {
  const auto launch = [](dim3 grid, dim3 block) {
    std::vector<uint32_t> out(1 << 16);
    return std::string(
        Launch("Position", PositionKernel, grid, block, nullptr, out.data()).ok() ? "ok" : "no");
  };
  CHECK(launch(1, 1024) == "ok");
  CHECK(launch(1, 1025) == "no");
  CHECK(launch(1, dim3(32, 33)) == "no");
  CHECK(launch(1, dim3(1, 1, 64)) == "ok");
  CHECK(launch(1, dim3(1, 1, 65)) == "no");
  CHECK(launch(1, 0) == "no");
  CHECK(launch(0, 1) == "no");
  CHECK(launch(dim3(1, 65535), 1) == "ok");
  CHECK(launch(dim3(1, 65536), 1) == "no");
  CHECK(launch(dim3(1, 1, 65536), 1) == "no");
  CHECK(launch(0x80000000u, 1) == "no");
  const Launched refused = Launch("Position", PositionKernel, 0, 1, nullptr, nullptr);
  CHECK(std::string(refused.call) == "Position");
  CHECK(std::string(refused.error) == "invalid configuration argument");
}

// Each thread takes the value of its neighbour, with or without the wait.
template <bool Wait>
void NeighbourKernel(uint32_t* out) {
  PL_SHARED(uint32_t, shared, 256);
  shared[threadIdx.x] = threadIdx.x;
  if (Wait) __syncthreads();
  out[threadIdx.x] = shared[(threadIdx.x + 1) % blockDim.x];
}

template <bool Wait>
std::set<std::vector<uint32_t>> NeighboursInManyOrders() {
  std::set<std::vector<uint32_t>> results;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    fake::SetThreadOrder(seed);
    std::vector<uint32_t> out(256);
    REQUIRE(Launch("Neighbour", NeighbourKernel<Wait>, 1, 256, nullptr, out.data()).ok());
    results.insert(out);
  }
  fake::SetThreadOrder(0);
  return results;
}

TEST_CASE("without a wait results differ between orders, with it they do not") {
  CHECK(NeighboursInManyOrders<true>().size() == 1);
  CHECK(NeighboursInManyOrders<false>().size() > 1);
}

// Sums of warps, twice in the same place: a warp may be many steps ahead of another.
template <bool Wait>
void TwiceKernel(uint32_t* out) {
  PL_SHARED(uint32_t, of_warp, 8);
  for (uint32_t turn = 0; turn < 2; ++turn) {
    uint32_t sum = threadIdx.x + turn;
    for (int apart = 1; apart < 32; apart *= 2) sum += __shfl_xor_sync(0xffffffff, sum, apart);
    if (Wait) __syncthreads();
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
    __syncthreads();
    out[turn * 256 + threadIdx.x] = of_warp[threadIdx.x % 8];
  }
}

template <bool Wait>
size_t ResultsOfTwice() {
  std::set<std::vector<uint32_t>> results;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    fake::SetThreadOrder(seed);
    std::vector<uint32_t> out(512);
    REQUIRE(Launch("Twice", TwiceKernel<Wait>, 1, 256, nullptr, out.data()).ok());
    results.insert(out);
  }
  fake::SetThreadOrder(0);
  return results.size();
}

TEST_CASE("a warp that is far ahead overwrites what a slow one has not read") {
  CHECK(ResultsOfTwice<true>() == 1);
  CHECK(ResultsOfTwice<false>() > 1);
}

TEST_CASE("the same order gives the same result, also of a race") {
  std::vector<std::vector<uint32_t>> results;
  for (int run = 0; run < 2; ++run) {
    fake::SetThreadOrder(7);
    std::vector<uint32_t> out(256);
    REQUIRE(Launch("Neighbour", NeighbourKernel<false>, 1, 256, nullptr, out.data()).ok());
    results.push_back(out);
  }
  fake::SetThreadOrder(0);
  CHECK(results[0] == results[1]);
}

void PoisonKernel(uint32_t* out) {
  PL_SHARED(uint32_t, shared, 32);
  out[blockIdx.x * 32 + threadIdx.x] = shared[threadIdx.x];
  shared[threadIdx.x] = 5;
}

TEST_CASE("shared memory is poisoned before every block") {
  std::vector<uint32_t> out(96);
  REQUIRE(Launch("Poison", PoisonKernel, 3, 32, nullptr, out.data()).ok());
  CHECK(out == std::vector<uint32_t>(96, 0xffffffff));
}

void ShuffleKernel(double* out) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  const double own = threadIdx.x;
  out[threadIdx.x] = __shfl_xor_sync(0xffffffff, own, 5);
  // Two halves of a warp, each by itself and a different number of times.
  const unsigned half = lane < 16 ? 0x0000ffff : 0xffff0000;
  double sum = own;
  for (int i = 0; i < (lane < 16 ? 3 : 1); ++i) {
    sum += __shfl_sync(half, own, lane < 16 ? i : 31);
  }
  __syncwarp();
  out[64 + threadIdx.x] = sum;
  out[128 + threadIdx.x] = __ballot_sync(0xffffffff, lane % 3 == 0);
}

TEST_CASE("lanes exchange values, in any order and in parts of a warp") {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    fake::SetThreadOrder(seed);
    std::vector<double> out(192);
    REQUIRE(Launch("Shuffle", ShuffleKernel, 1, 64, nullptr, out.data()).ok());
    for (int i = 0; i < 64; ++i) {
      const int first = i / 32 * 32;
      CHECK(out[i] == (i ^ 5));
      CHECK(out[64 + i] == (i % 32 < 16 ? i + 3 * first + 3 : i + first + 31));
      CHECK(out[128 + i] == 0x49249249);
    }
  }
  fake::SetThreadOrder(0);
}

void AnyKernel(int* out) {
  out[threadIdx.x] = __syncthreads_or(threadIdx.x == 40);
  out[64 + threadIdx.x] = __syncthreads_or(0);
}

TEST_CASE("a vote of a block is known to all, and does not stay") {
  std::vector<int> out(128);
  REQUIRE(Launch("Any", AnyKernel, 1, 64, nullptr, out.data()).ok());
  for (int i = 0; i < 64; ++i) {
    CHECK(out[i] == 1);
    CHECK(out[64 + i] == 0);
  }
}

void AtomicKernel(float* sum, uint32_t* smallest, uint32_t* bits) {
  atomicAdd(sum, 0.5f);
  atomicMin(smallest, 100 - threadIdx.x);
  atomicOr(bits, 1u << threadIdx.x % 32);
}

TEST_CASE("atomic operations count every thread") {
  float sum = 1;
  uint32_t smallest = UINT32_MAX;
  uint32_t bits = 0;
  REQUIRE(Launch("Atomic", AtomicKernel, 10, 64, nullptr, &sum, &smallest, &bits).ok());
  CHECK(sum == 321);
  CHECK(smallest == 37);
  CHECK(bits == 0xffffffff);
}

void SomeLeaveKernel() {
  if (threadIdx.x < 60) __syncthreads();
}
void TwoPlacesKernel() {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
void LaneLeavesKernel() {
  if (threadIdx.x != 33) __syncwarp();
}
void NotInMaskKernel() { __syncwarp(1); }
void ReadsOutsideKernel() {
  if (threadIdx.x < 16) (void)__shfl_sync(0xffff, 1.0f, 20);
}
void PartialWarpKernel() { (void)__shfl_xor_sync(0xffffffff, 1.0f, 1); }
void StuckKernel() {
  if (threadIdx.x == 0) {
    __syncwarp();
  } else {
    __syncthreads();
  }
}
void TooMuchSharedKernel() {
  PL_SHARED(double, most, 6 * 1024);
  PL_SHARED(char, more, 1);
  most[0] = more[0];
}

TEST_CASE("waits that not all come to end the process, with the kernel's name") {
  using Catch::Matchers::Contains;
  CHECK_THAT(DeathOf(SomeLeaveKernel, 64), Contains("Deadly") && Contains("block (0, 0, 0)") &&
                                               Contains("waits for its block") &&
                                               Contains("have ended"));
  CHECK_THAT(DeathOf(TwoPlacesKernel, 64), Contains("and another thread at"));
  CHECK_THAT(DeathOf(LaneLeavesKernel, 64), Contains("lane 1 of its mask has ended"));
  CHECK_THAT(DeathOf(NotInMaskKernel, 32), Contains("is not in its own mask"));
  CHECK_THAT(DeathOf(ReadsOutsideKernel, 32), Contains("reads lane 20"));
  CHECK_THAT(DeathOf(PartialWarpKernel, 48), Contains("has ended or never was"));
  CHECK_THAT(DeathOf(StuckKernel, 32), Contains("no thread of the block can run"));
  CHECK_THAT(DeathOf(TooMuchSharedKernel, 32), Contains("49153 bytes of shared memory"));
}

class Later : public fake::WorkQueue {
 public:
  void Add(std::function<void()> work) override { work_.push_back(std::move(work)); }
  void Run() {
    for (const std::function<void()>& work : work_) work();
  }

 private:
  std::vector<std::function<void()>> work_;
};

void StoreKernel(uint32_t* at, uint32_t value) { at[threadIdx.x] = value; }

TEST_CASE("a stream runs kernels later, with the arguments of the launch") {
  Later later;
  fake::WorkQueue* stream = &later;
  std::vector<uint32_t> out(2);
  uint32_t value = 3;
  REQUIRE(Launch("Store", StoreKernel, 1, 2, stream, out.data(), value).ok());
  value = 4;
  CHECK(out == std::vector<uint32_t>{0, 0});
  later.Run();
  CHECK(out == std::vector<uint32_t>{3, 3});
}

}  // namespace
}  // namespace paceline::gpu
