// Runs the blocks of an emulated kernel, one after the other, each of its threads as
// a fiber.
//
// Rule:    a thread runs until it waits (for its block, for lanes of its warp) or ends.
//          The order of the threads that can run is drawn anew, from the launch's seed,
//          whenever all of them ran, and some warps are left far behind for a while: where
//          a wait is missing, results differ between seeds. Lanes of a warp are in no step
//          with each other.
// Dies:    naming kernel, block and thread, when a thread ends while others of its block
//          or warp wait for it or come to wait for it later; when threads wait for each
//          other at different places; when a lane reads one that takes no part; when
//          static shared memory passes 48 KiB.
// Shared memory is filled with 0xff (floats: NaN) before each block, and every variable
// is an allocation of its own: AddressSanitizer sees what leaves it.
//
// Thread-safe: kernels that run on several threads know nothing of each other.
#ifndef PACELINE_WORKER_GPU_FAKE_BLOCK_H_
#define PACELINE_WORKER_GPU_FAKE_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "worker/gpu/fake/dim3.h"

namespace paceline::gpu::fake {

constexpr unsigned kWarpSize = 32;
constexpr size_t kMaxSharedBytes = 48 << 10;

struct Grid {
  // For messages; static.
  const char* kernel = "";
  dim3 grid;
  dim3 block;
  // Of the order of threads.
  uint64_t seed = 0;
};

// What CUDA says of a grid of this shape, null if nothing: blocks of 1 to 1024 threads,
// at most 64 of them along z; 1 to 2^31 - 1 blocks along x, to 65535 along y and z.
const char* GridError(const dim3& grid, const dim3& block);

// Runs `thread` once for each thread of a grid that has no GridError.
void RunGrid(const Grid& grid, const std::function<void()>& thread);

// Launches by this thread draw their orders from `seed` from now on; 0 before.
void SetThreadOrder(uint64_t seed);
uint64_t ThreadOrder();

// ---- For the threads of a kernel: what emulator.h gives CUDA's names. ----

// Where a thread stands.
struct Position {
  dim3 thread{0, 0, 0};
  dim3 block{0, 0, 0};
  dim3 block_dim;
  dim3 grid_dim;
};
extern constinit thread_local const Position* position;

// The line of a kernel at which threads wait for each other.
struct Place {
  const char* file;
  int line;
};

// Waits for all threads of the block. Returns whether any of them said so.
bool MeetBlock(bool any, Place place);

// Waits for the lanes in `mask`, which holds this one. Returns the value that lane
// `source` brought; it has to be in the mask.
uint64_t MeetWarp(unsigned mask, uint64_t value, unsigned source, Place place);

// The same; returns the mask of the lanes that brought anything but 0.
unsigned VoteInWarp(unsigned mask, bool value, Place place);

// This thread's number in its warp.
unsigned Lane();

// `bytes` of the block's shared memory, the same for all that name the same function
// (instantiation) and line.
void* SharedMemory(size_t bytes, const char* function, int line);

}  // namespace paceline::gpu::fake

#endif  // PACELINE_WORKER_GPU_FAKE_BLOCK_H_
