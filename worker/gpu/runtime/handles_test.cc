#include "worker/gpu/runtime/handles.h"

#include <catch2/catch.hpp>
#include <utility>

#include "common/status/status_matchers.h"
#include "worker/gpu/fake/fake_gpu.h"

namespace paceline::gpu {
namespace {

using fake::FakeGpu;

// A GPU stops the process when it goes before what was taken of it.
TEST_CASE("a buffer grows, with room to spare the second time, and never shrinks") {
  FakeGpu gpu;
  DeviceBuffer buffer(&gpu, "rows");
  CHECK_OK(buffer.Reserve(0));
  CHECK(buffer.data() == nullptr);
  REQUIRE_OK(buffer.Reserve(100));
  CHECK(buffer.capacity() == 100);
  const void* const first = buffer.data();
  REQUIRE_OK(buffer.Reserve(60));
  CHECK(buffer.data() == first);
  REQUIRE_OK(buffer.Reserve(200));
  CHECK(buffer.capacity() == 250);
  REQUIRE_OK(buffer.Reserve(250));
  CHECK(gpu.allocations() == 2);

  PinnedBuffer pinned(&gpu, "a batch");
  REQUIRE_OK(pinned.Reserve(8));
  CHECK(gpu.allocations() == 3);
}

TEST_CASE("a buffer that cannot grow is empty, says what it was for, and can be used again") {
  FakeGpu gpu({.memory_bytes = 1000});
  DeviceBuffer buffer(&gpu, "rows of table w");
  REQUIRE_OK(buffer.Reserve(500));
  CHECK_STATUS(buffer.Reserve(900), absl::StatusCode::kResourceExhausted,
               "needed for rows of table w");
  CHECK(buffer.data() == nullptr);
  CHECK(buffer.capacity() == 0);
  CHECK_OK(buffer.Reserve(900));
}

TEST_CASE("what is moved is given back once") {
  FakeGpu gpu;
  DeviceBuffer buffer(&gpu, "x");
  REQUIRE_OK(buffer.Reserve(8));
  const void* const data = buffer.data();
  const DeviceBuffer moved = std::move(buffer);
  CHECK(moved.data() == data);
  REQUIRE_OK_AND_ASSIGN(Stream stream, Stream::Create(&gpu));
  const StreamHandle handle = stream.get();
  const Stream moved_stream = std::move(stream);
  CHECK(moved_stream.get() == handle);
  REQUIRE_OK_AND_ASSIGN(Event event, Event::Create(&gpu));
  const Event moved_event = std::move(event);
  CHECK_OK(moved_event.Record(moved_stream));
  CHECK_OK(moved_event.Synchronize());
}

TEST_CASE("what a GPU refuses comes out") {
  FakeGpu gpu;
  gpu.FailAfter(1, absl::InternalError("GPU 0: no streams"));
  CHECK_STATUS(Stream::Create(&gpu).status(), absl::StatusCode::kInternal, "no streams");
  gpu.FailAfter(1, absl::InternalError("GPU 0: no events"));
  CHECK_STATUS(Event::Create(&gpu).status(), absl::StatusCode::kInternal, "no events");
  CHECK_OK(ToStatus(Launched{}));
  CHECK_STATUS(ToStatus({"Cast: cudaLaunchKernel", "invalid argument"}),
               absl::StatusCode::kInternal, "GPU: Cast: cudaLaunchKernel: invalid argument");
}

}  // namespace
}  // namespace paceline::gpu
