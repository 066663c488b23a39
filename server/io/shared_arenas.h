// The memory that clients on this host have handed over: payloads of their pushes are
// read there, and those of their pulls written there, instead of going through a socket.
//
//   SharedArenas arenas;                       // listens under socket_name()
//   PL_ASSIGN_OR_RETURN(Payload payload, arenas.Read(request.shared_payload()));
//
// An arena is its client's: the client says with each request which bytes are whose until
// the answer. It is forgotten when the client's connection for it ends; a call that is
// about it keeps it until it is done.
//
// Thread-safe. One thread of its own.
#ifndef PACELINE_SERVER_IO_SHARED_ARENAS_H_
#define PACELINE_SERVER_IO_SHARED_ARENAS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/shared_memory/shared_memory.h"
#include "common/shared_memory/unique_fd.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "server/core/payload.h"

namespace paceline::server {

class SharedArenas {
 public:
  // Limits of one arena, which is its client's memory, and of their number.
  static constexpr uint64_t kMostBytes = uint64_t{64} << 30;
  static constexpr size_t kMostArenas = 4096;

  SharedArenas();
  ~SharedArenas();
  SharedArenas(const SharedArenas&) = delete;
  SharedArenas& operator=(const SharedArenas&) = delete;

  // Where clients connect (memory_socket.h). Empty: this host cannot do it, which was
  // logged; there will be no arenas then.
  const std::string& socket_name() const { return name_; }

  using Spans = google::protobuf::RepeatedPtrField<v1::SharedSpan>;

  // The bytes of a request, span after span, borrowed until its answer.
  // Errors:  Unavailable  no such arena (any more): the client is to send the payload
  //                       itself.
  //          INVALID      a span beyond the arena's end.
  absl::StatusOr<Payload> Read(const Spans& spans) const;

  // Copies a reply's payload to `spans`, from their beginning on. False: it does not fit.
  // Errors:  as Read.
  absl::StatusOr<bool> Write(const Spans& spans, const Payload& payload) const;

  size_t arenas() const;

 private:
  // A connection: one arena each.
  struct Client {
    UniqueFd socket;
    // 0: it has not handed over anything yet.
    uint64_t arena = 0;
  };
  // Bytes of an arena that is held meanwhile.
  struct Part {
    std::shared_ptr<SharedMemory> memory;
    absl::Span<uint8_t> bytes;
  };

  absl::Status Listen();
  void Serve();
  void Accept();
  // False: the connection is over.
  bool Receive(Client* client);
  absl::StatusOr<std::vector<Part>> Find(const Spans& spans) const;

  std::string name_;
  UniqueFd listener_;
  // Written to by the destructor.
  UniqueFd wake_read_;
  UniqueFd wake_write_;
  // Of the thread.
  std::vector<Client> clients_;
  bool out_of_descriptors_ = false;
  mutable Mutex mu_;
  // Under numbers that no other server has given.
  absl::flat_hash_map<uint64_t, std::shared_ptr<SharedMemory>> arenas_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_SHARED_ARENAS_H_
