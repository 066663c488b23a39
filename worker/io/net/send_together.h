// A scope in which calls are started but do not leave: at its end they leave together, in as
// few messages as they fit into.
//
//   const SendTogether together;
//   for (const PushFrame& frame : frames) client->Push(frame, ...);
//
// Of one thread; scopes may nest. Nothing else depends on it: outside of any, a call leaves
// when it is started.
#ifndef PACELINE_WORKER_IO_NET_SEND_TOGETHER_H_
#define PACELINE_WORKER_IO_NET_SEND_TOGETHER_H_

#include <memory>

namespace paceline::worker {

// What calls have gathered in.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual void Send() = 0;
};

class SendTogether {
 public:
  SendTogether();
  ~SendTogether();
  SendTogether(const SendTogether&) = delete;
  SendTogether& operator=(const SendTogether&) = delete;

  // Calls Send at the end of the outermost scope of this thread, once; at once outside.
  static void Schedule(std::shared_ptr<Sender> sender);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SEND_TOGETHER_H_
