#include "worker/core/tensor_memory.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace paceline::worker {
namespace {

constexpr size_t kFloats = TensorMemory::kLeastBytes / sizeof(float);

std::shared_ptr<const TensorBlock> BlockOf(const TensorFloats& floats) {
  return TensorMemory::Get().Find(floats.data(), floats.size() * sizeof(float));
}

// Memory is the process's: this case must come first.
TEST_CASE("nothing is shared before somebody asks for it") {
  const TensorFloats before(kFloats, 1);
  CHECK(BlockOf(before) == nullptr);
  TensorMemory::Get().Share();
  CHECK(BlockOf(before) == nullptr);
  CHECK(BlockOf(TensorFloats(kFloats)) != nullptr);
  CHECK(BlockOf(TensorFloats(kFloats - 1)) == nullptr);
}

TEST_CASE("a block is found by any bytes within it") {
  TensorMemory::Get().Share();
  TensorFloats floats(kFloats, 1);
  const std::shared_ptr<const TensorBlock> block = BlockOf(floats);
  REQUIRE(block != nullptr);
  const TensorMemory& memory = TensorMemory::Get();
  CHECK(memory.Find(&floats[kFloats / 2], kFloats / 2 * sizeof(float)) == block);
  CHECK(memory.Find(&floats[kFloats / 2], kFloats / 2 * sizeof(float) + 1) == nullptr);
  CHECK(memory.Find(floats.data() - 1, 1) != block);
  // What is written to the memory is what the vector holds.
  float* const shared =
      reinterpret_cast<float*>(block->memory()->data() + block->OffsetOf(&floats[3]));
  *shared = 7;
  CHECK(floats[3] == 7);
}

TEST_CASE("a block outlives its vector in the hands of who holds it") {
  TensorMemory::Get().Share();
  auto floats = std::make_unique<TensorFloats>(kFloats, 1.0f);
  std::shared_ptr<const TensorBlock> block = BlockOf(*floats);
  const uint64_t offset = block->OffsetOf(floats->data());
  const std::shared_ptr<SharedMemory> memory = block->memory();
  const float* const data = floats->data();
  floats.reset();
  CHECK(TensorMemory::Get().Find(data, sizeof(float)) == nullptr);
  // Nobody else gets its place.
  const TensorFloats other(kFloats, 2.0f);
  CHECK(other.data() != data);
  CHECK(*reinterpret_cast<const float*>(memory->data() + offset) == 1);
  block.reset();
  CHECK(TensorFloats(kFloats).data() == data);
}

TEST_CASE("what is retired is left, and not given out again") {
  TensorMemory::Get().Share();
  TensorFloats floats(kFloats, 3.0f);
  const float* const data = floats.data();
  MoveIfRetired(&floats);
  CHECK(floats.data() == data);
  const TensorFloats neighbour(kFloats, 1.0f);
  BlockOf(floats)->Retire();
  MoveIfRetired(&floats);
  CHECK(floats.data() != data);
  CHECK(floats == TensorFloats(kFloats, 3.0f));
  CHECK(TensorMemory::Get().Find(data, sizeof(float)) == nullptr);
  for (int i = 0; i < 100; ++i) CHECK(TensorFloats(kFloats).data() != data);
}

TEST_CASE("a segment goes with its last block") {
  TensorMemory::Get().Share();
  // Larger than any that several tensors share, and no whole number of lines or pages.
  constexpr size_t kLarge = (size_t{65} << 20) / sizeof(float) + 3;
  std::weak_ptr<SharedMemory> memory;
  {
    const TensorFloats floats(kLarge);
    REQUIRE(BlockOf(floats) != nullptr);
    memory = BlockOf(floats)->memory();
    CHECK(memory.lock()->size() == (size_t{65} << 20) + 4096);
    BlockOf(floats)->Retire();
  }
  CHECK(memory.expired());
}

TEST_CASE("tensors come and go on several threads") {
  TensorMemory::Get().Share();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread, &wrong] {
      for (int i = 0; i < 200; ++i) {
        const auto mark = static_cast<float>(thread * 1000 + i);
        const TensorFloats floats(kFloats + static_cast<size_t>(i), mark);
        std::this_thread::yield();
        if (floats.front() != mark || floats.back() != mark) ++wrong;
        if (BlockOf(floats) == nullptr) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

// What it has pinned, by its first byte.
class FakePinner final : public HostPinner {
 public:
  explicit FakePinner(bool able = true) : able_(able) {}
  bool Pin(void* memory, uint64_t bytes) override {
    ++asked;
    if (able_) pinned[static_cast<uint8_t*>(memory)] = bytes;
    return able_;
  }
  void Unpin(void* memory) override { pinned.erase(static_cast<uint8_t*>(memory)); }

  bool Holds(const TensorFloats& floats) const {
    const auto* const at = reinterpret_cast<const uint8_t*>(floats.data());
    const auto after = pinned.upper_bound(at);
    if (after == pinned.begin()) return false;
    const auto& [begin, bytes] = *std::prev(after);
    return at + floats.size() * sizeof(float) <= begin + bytes;
  }

  std::map<const uint8_t*, uint64_t> pinned;
  int asked = 0;

 private:
  const bool able_;
};

TEST_CASE("large tensors lie in pinned memory as long as somebody pins, small ones never") {
  const TensorFloats before(kFloats);
  const auto pinner = std::make_shared<FakePinner>();
  TensorMemory::Get().PinWith(pinner);
  {
    const TensorFloats small(kFloats - 1);
    const TensorFloats large(kFloats);
    const TensorFloats larger(50 * kFloats);
    CHECK(BlockOf(small) == nullptr);
    CHECK(BlockOf(large)->pinned());
    CHECK(pinner->Holds(large));
    CHECK(pinner->Holds(larger));
    if (BlockOf(before) != nullptr) CHECK_FALSE(BlockOf(before)->pinned());

    // Another one has come since: the first cannot end it.
    TensorMemory::Get().StopPinningWith(nullptr);
    const auto other = std::make_shared<FakePinner>();
    TensorMemory::Get().PinWith(other);
    TensorMemory::Get().StopPinningWith(pinner.get());
    const TensorFloats theirs(kFloats);
    CHECK(other->Holds(theirs));
    CHECK_FALSE(pinner->Holds(theirs));
    TensorMemory::Get().StopPinningWith(other.get());
    CHECK_FALSE(BlockOf(TensorFloats(kFloats))->pinned());
    // What was pinned stays so.
    CHECK(BlockOf(large)->pinned());
  }
  CHECK(pinner->pinned.empty());
}

TEST_CASE("memory that cannot be pinned is used all the same, and asked for once") {
  const auto pinner = std::make_shared<FakePinner>(/*able=*/false);
  TensorMemory::Get().PinWith(pinner);
  const TensorFloats first(kFloats);
  const TensorFloats second(kFloats);
  CHECK_FALSE(BlockOf(first)->pinned());
  CHECK(BlockOf(first)->memory() == BlockOf(second)->memory());
  CHECK(pinner->asked == 1);
  TensorMemory::Get().StopPinningWith(pinner.get());
}

}  // namespace
}  // namespace paceline::worker
