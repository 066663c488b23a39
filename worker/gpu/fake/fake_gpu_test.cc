#include "worker/gpu/fake/fake_gpu.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/gpu/ops/scale.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::gpu::fake {
namespace {

struct Taken {
  FakeGpu gpu;
  Stream a;
  Stream b;
  Event event;

  explicit Taken(uint64_t seed = 1)
      : gpu({.seed = seed}),
        a(*Stream::Create(&gpu)),
        b(*Stream::Create(&gpu)),
        event(*Event::Create(&gpu)) {}
};

TEST_CASE("what nobody waits for may not have happened, and what is waited for has") {
  // Copies in on one stream, a kernel and the copy out on the other.
  const auto run = [](uint64_t seed, bool wait) {
    Taken t(seed);
    DeviceBuffer device(&t.gpu, "x");
    PinnedBuffer in(&t.gpu, "in");
    PinnedBuffer out(&t.gpu, "out");
    REQUIRE_OK(device.Reserve(4));
    REQUIRE_OK(in.Reserve(4));
    REQUIRE_OK(out.Reserve(4));
    *in.as<float>() = 21;
    REQUIRE_OK(t.gpu.CopyToDevice(device.data(), in.data(), 4, t.a.get()));
    if (wait) {
      REQUIRE_OK(t.event.Record(t.a));
      REQUIRE_OK(t.event.HoldBack(t.b));
    }
    REQUIRE_OK(ToStatus(Scale(1, 2, device.as<float>(), t.b.get())));
    REQUIRE_OK(t.gpu.CopyToHost(out.data(), device.data(), 4, t.b.get()));
    REQUIRE_OK(t.event.Record(t.b));
    REQUIRE_OK(t.event.Synchronize());
    return *out.as<float>();
  };
  bool went_wrong = false;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CHECK(run(seed, true) == 42);
    went_wrong = went_wrong || run(seed, false) != 42;
  }
  CHECK(went_wrong);
}

TEST_CASE("memory of the host is read when the copy runs, not when it is asked for") {
  std::set<float> seen;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Taken t(seed);
    DeviceBuffer device(&t.gpu, "x");
    PinnedBuffer host(&t.gpu, "host");
    REQUIRE_OK(device.Reserve(4));
    REQUIRE_OK(host.Reserve(4));
    *host.as<float>() = 1;
    REQUIRE_OK(t.gpu.CopyToDevice(device.data(), host.data(), 4, t.a.get()));
    *host.as<float>() = 2;
    REQUIRE_OK(t.event.Record(t.a));
    REQUIRE_OK(t.event.Synchronize());
    seen.insert(*device.as<float>());
  }
  CHECK(seen == std::set<float>{1, 2});
}

TEST_CASE("fresh memory is poison, and memory is counted") {
  FakeGpu gpu({.memory_bytes = 1000});
  REQUIRE_OK_AND_ASSIGN(void* const first, gpu.Allocate(600, "the first"));
  CHECK(std::isnan(*static_cast<float*>(first)));
  CHECK_STATUS(gpu.Allocate(600, "the second").status(), absl::StatusCode::kResourceExhausted,
               "needed for the second");
  REQUIRE_OK_AND_ASSIGN(const GpuMemory memory, gpu.Memory());
  CHECK(memory.free == 400);
  CHECK(memory.total == 1000);
  gpu.Free(first);
  REQUIRE_OK_AND_ASSIGN(void* const second, gpu.Allocate(1000, "the second"));
  gpu.Free(second);
  CHECK(gpu.allocations() == 2);
}

TEST_CASE("time passes with the work between two events") {
  Taken t;
  REQUIRE_OK_AND_ASSIGN(const Event later, Event::Create(&t.gpu));
  CHECK_FALSE(t.gpu.Elapsed(t.event.get(), later.get()).ok());
  DeviceBuffer device(&t.gpu, "x");
  REQUIRE_OK(device.Reserve(4));
  REQUIRE_OK(t.event.Record(t.a));
  for (int i = 0; i < 5; ++i) REQUIRE_OK(t.gpu.Fill(device.data(), 0, 4, t.a.get()));
  REQUIRE_OK(later.Record(t.a));
  REQUIRE_OK(later.Synchronize());
  REQUIRE_OK_AND_ASSIGN(const absl::Duration elapsed, t.gpu.Elapsed(t.event.get(), later.get()));
  CHECK(elapsed == absl::Microseconds(6));
}

TEST_CASE("products in every type and orientation") {
  Taken t;
  // a = [1 2 3; 4 5 6], b = [1 0; 0 1; 1 1]: a * b = [4 5; 10 11].
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<float> a_transposed = {1, 4, 2, 5, 3, 6};
  const std::vector<float> b = {1, 0, 0, 1, 1, 1};
  const std::vector<float> b_transposed = {1, 0, 1, 0, 1, 1};
  // These numbers are exact in any type: the upper half of a float32 is its bf16, and
  // 0x3c00 is fp16's 1.
  const auto bf16 = [](float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    return static_cast<uint16_t>(bits >> 16);
  };
  const auto fp16 = [](float value) {
    constexpr uint16_t kSmall[] = {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600};
    return kSmall[static_cast<int>(value)];
  };
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const MatrixType type : {MatrixType::kFloat32, MatrixType::kBf16, MatrixType::kFp16}) {
        DeviceBuffer left(&t.gpu, "a");
        DeviceBuffer right(&t.gpu, "b");
        DeviceBuffer c(&t.gpu, "c");
        REQUIRE_OK(left.Reserve(24));
        REQUIRE_OK(right.Reserve(24));
        REQUIRE_OK(c.Reserve(16));
        for (int i = 0; i < 6; ++i) {
          const float x = transpose_a ? a_transposed[i] : a[i];
          const float y = transpose_b ? b_transposed[i] : b[i];
          if (type == MatrixType::kFloat32) {
            left.as<float>()[i] = x;
            right.as<float>()[i] = y;
          } else {
            left.as<uint16_t>()[i] = type == MatrixType::kBf16 ? bf16(x) : fp16(x);
            right.as<uint16_t>()[i] = type == MatrixType::kBf16 ? bf16(y) : fp16(y);
          }
        }
        GemmCall call{.transpose_a = transpose_a,
                      .transpose_b = transpose_b,
                      .m = 2,
                      .n = 2,
                      .k = 3,
                      .type = type,
                      .alpha = 0.5f,
                      .a = left.data(),
                      .b = right.data(),
                      .c = c.as<float>()};
        REQUIRE_OK(t.gpu.Gemm(call, t.a.get()));
        call.beta = 2;
        REQUIRE_OK(t.gpu.Gemm(call, t.a.get()));
        REQUIRE_OK(t.event.Record(t.a));
        REQUIRE_OK(t.event.Synchronize());
        const float* const got = c.as<float>();
        CHECK(std::vector<float>(got, got + 4) == std::vector<float>{6, 7.5f, 15, 16.5f});
      }
    }
  }
}

TEST_CASE("a batch of products") {
  Taken t;
  DeviceBuffer left(&t.gpu, "a");
  DeviceBuffer right(&t.gpu, "b");
  DeviceBuffer c(&t.gpu, "c");
  // [1 2] * [3; 4] and [5 6] * [7; 8].
  REQUIRE_OK(left.Reserve(16));
  REQUIRE_OK(right.Reserve(16));
  REQUIRE_OK(c.Reserve(8));
  for (int i = 0; i < 4; ++i) {
    left.as<float>()[i] = std::vector<float>{1, 2, 5, 6}[i];
    right.as<float>()[i] = std::vector<float>{3, 4, 7, 8}[i];
  }
  const GemmCall call{
      .m = 1, .n = 1, .k = 2, .batch = 2, .a = left.data(), .b = right.data(), .c = c.as<float>()};
  REQUIRE_OK(t.gpu.Gemm(call, t.a.get()));
  REQUIRE_OK(t.event.Record(t.a));
  REQUIRE_OK(t.event.Synchronize());
  CHECK(c.as<float>()[0] == 11);
  CHECK(c.as<float>()[1] == 83);
}

TEST_CASE("the call that is told to fails") {
  FakeGpu gpu;
  gpu.FailAfter(2, absl::InternalError("broken"));
  REQUIRE_OK_AND_ASSIGN(const EventHandle event, gpu.CreateEvent());
  CHECK_STATUS(gpu.CreateEvent().status(), absl::StatusCode::kInternal, "broken");
  gpu.DestroyEvent(event);
}

}  // namespace
}  // namespace paceline::gpu::fake
