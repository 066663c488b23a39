// Where the emulator puts kernels: the order of a stream, without its GPU.
#ifndef PACELINE_WORKER_GPU_FAKE_WORK_QUEUE_H_
#define PACELINE_WORKER_GPU_FAKE_WORK_QUEUE_H_

#include <functional>

namespace paceline::gpu::fake {

// The StreamHandle of an emulated launch is a WorkQueue* (exactly that type, before it
// becomes void*); with a null one the kernel runs at once, on the thread that launches.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;

  // Runs `work` after what was added before, on a thread of the queue's choice. Work
  // owns what it needs, its kernel's arguments among them.
  virtual void Add(std::function<void()> work) = 0;
};

}  // namespace paceline::gpu::fake

#endif  // PACELINE_WORKER_GPU_FAKE_WORK_QUEUE_H_
