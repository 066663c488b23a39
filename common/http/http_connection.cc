#include "common/http/http_connection.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace paceline {
namespace {

// For a client to take an answer that it did not wait for.
constexpr absl::Duration kLingerTime = absl::Milliseconds(500);

SSL* NewSsl(SSL_CTX* context, int fd) {
  if (context == nullptr) return nullptr;
  SSL* const ssl = SSL_new(context);
  if (ssl != nullptr) SSL_set_fd(ssl, fd);
  return ssl;
}

}  // namespace

HttpConnection::HttpConnection(int fd, std::shared_ptr<SSL_CTX> context, Clock* clock)
    : fd_(fd),
      clock_(clock),
      context_(std::move(context)),
      ssl_(NewSsl(context_.get(), fd), SSL_free),
      request_deadline_(clock->Monotonic() + kHttpRequestTime) {}

HttpConnection::~HttpConnection() { close(fd_); }

bool HttpConnection::Handshake() {
  if (context_ == nullptr) return true;
  if (ssl_ == nullptr) return false;
  return Repeat(request_deadline_, [&](ssize_t* count) {
           ERR_clear_error();
           return WishOf(SSL_accept(ssl_.get()), count);
         }) > 0;
}

ssize_t HttpConnection::read(char* to, size_t size) {
  if (at_ == buffered_) {
    if (left_ == 0) return -1;
    const ssize_t count = Repeat(request_deadline_, [&](ssize_t* n) {
      return Receive(buffer_, std::min(left_, sizeof(buffer_)), n);
    });
    if (count <= 0) return count;
    at_ = 0;
    buffered_ = static_cast<std::size_t>(count);
    left_ -= buffered_;
  }
  const std::size_t taken = std::min(size, buffered_ - at_);
  std::memcpy(to, buffer_ + at_, taken);
  at_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t HttpConnection::write(const char* from, size_t size) {
  if (answer_deadline_ == absl::ZeroDuration()) {
    answer_deadline_ = clock_->Monotonic() + kHttpAnswerTime;
  }
  return Repeat(answer_deadline_, [&](ssize_t* n) { return Send(from, size, n); });
}

void HttpConnection::Finish(bool unread) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
  }
  (void)shutdown(fd_, SHUT_WR);
  if (!unread) return;
  const absl::Duration until = clock_->Monotonic() + kLingerTime;
  // Encrypted or not: nobody reads it.
  while (left_ > 0 && Await(POLLIN, until)) {
    const ssize_t count = recv(fd_, buffer_, sizeof(buffer_), 0);
    if (count <= 0) return;
    left_ -= std::min(left_, static_cast<std::size_t>(count));
  }
}

template <typename Step>
ssize_t HttpConnection::Repeat(absl::Duration deadline, Step step) {
  while (true) {
    ssize_t count = 0;
    const Wish wish = step(&count);
    if (wish == Wish::kDone) return count;
    if (wish == Wish::kFailed) return -1;
    if (!Await(wish == Wish::kRead ? POLLIN : POLLOUT, deadline)) return -1;
  }
}

bool HttpConnection::Await(short events, absl::Duration deadline) const {
  while (true) {
    const absl::Duration left = deadline - clock_->Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    pollfd wanted = {.fd = fd_, .events = events, .revents = 0};
    const int ready = poll(&wanted, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

HttpConnection::Wish HttpConnection::Receive(char* to, size_t size, ssize_t* count) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return WishOf(SSL_read(ssl_.get(), to, static_cast<int>(size)), count);
  }
  *count = recv(fd_, to, size, 0);
  if (*count >= 0) return Wish::kDone;
  return errno == EAGAIN || errno == EINTR ? Wish::kRead : Wish::kFailed;
}

HttpConnection::Wish HttpConnection::Send(const char* from, size_t size, ssize_t* count) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return WishOf(SSL_write(ssl_.get(), from, static_cast<int>(size)), count);
  }
  *count = send(fd_, from, size, MSG_NOSIGNAL);
  if (*count >= 0) return Wish::kDone;
  return errno == EAGAIN || errno == EINTR ? Wish::kWrite : Wish::kFailed;
}

HttpConnection::Wish HttpConnection::WishOf(int result, ssize_t* count) const {
  *count = result;
  if (result > 0) return Wish::kDone;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Wish::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Wish::kWrite;
    case SSL_ERROR_ZERO_RETURN:
      *count = 0;
      return Wish::kDone;
    default:
      return Wish::kFailed;
  }
}

}  // namespace paceline
