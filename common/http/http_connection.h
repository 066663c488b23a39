// A connection of an HttpServer: bytes in and out, in the clear or over TLS, within
// http_limits.h: a client that is slow, or sends without end, is cut off.
//
//   HttpConnection connection(fd, context);
//   if (connection.Handshake()) server.process_request(connection, ...);
//   connection.Finish(/*unread=*/false);
//
// Owned by one thread, but for Interrupt.
#ifndef PACELINE_COMMON_HTTP_HTTP_CONNECTION_H_
#define PACELINE_COMMON_HTTP_HTTP_CONNECTION_H_

#include <httplib.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/http/http_limits.h"

namespace paceline {

class HttpConnection final : public httplib::Stream {
 public:
  // Takes over a non-blocking socket. No context: in the clear. Time for the request
  // runs from now on; the clock outlives the connection.
  HttpConnection(int fd, std::shared_ptr<SSL_CTX> context, Clock* clock);
  // Closes.
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Over TLS: false if the client does not get that far.
  bool Handshake();
  // Null in the clear.
  const SSL* ssl() const { return ssl_.get(); }

  // Says that there is no more. With `unread`, bytes of the client may still come that
  // nobody wants: they are taken for a moment, since closing on them would take the
  // answer away from the client.
  void Finish(bool unread);

  // httplib::Stream: counts of bytes, 0 at the end, -1 if it broke or a limit was hit.
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  // Nobody asks for addresses.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return fd_; }

 private:
  enum class Wish { kDone, kRead, kWrite, kFailed };

  // Repeats `step` until it is done or fails, waiting for what it wishes for.
  template <typename Step>
  ssize_t Repeat(absl::Duration deadline, Step step);
  // Waits. False at the deadline.
  bool Await(short events, absl::Duration deadline) const;
  // One attempt; `*count` bytes were moved, 0 at the end.
  Wish Receive(char* to, size_t size, ssize_t* count);
  Wish Send(const char* from, size_t size, ssize_t* count);
  Wish WishOf(int result, ssize_t* count) const;

  const int fd_;
  Clock* const clock_;
  const std::shared_ptr<SSL_CTX> context_;
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  const absl::Duration request_deadline_;
  // Of the first write on; zero: there was none.
  absl::Duration answer_deadline_;
  // Bytes that the request may still have.
  std::size_t left_ = kMostHttpHeadBytes + kMostHttpBodyBytes;
  // Received and not yet read: the library reads byte by byte.
  char buffer_[4096];
  std::size_t buffered_ = 0;
  std::size_t at_ = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_HTTP_CONNECTION_H_
