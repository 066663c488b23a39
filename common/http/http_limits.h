// What a client may cost an HttpServer.
#ifndef PACELINE_COMMON_HTTP_HTTP_LIMITS_H_
#define PACELINE_COMMON_HTTP_HTTP_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace paceline {

// Requests that are handled at a time, and connections, of those and of others that wait. Up to
// half of the connections may be silent.
inline constexpr int kHttpThreads = 4;
inline constexpr std::size_t kMostHttpConnections = 64;

// Bytes of a request: its first line and headers; its path; its body.
inline constexpr std::size_t kMostHttpHeadBytes = 16 << 10;
inline constexpr std::size_t kLongestHttpPath = 1 << 10;
inline constexpr std::size_t kMostHttpBodyBytes = 64 << 10;

// From the acceptance of a connection to its first byte; from when a thread takes it up to
// the last byte of its request, TLS handshake included; and then to the last byte of the answer.
inline constexpr absl::Duration kHttpFirstByteTime = absl::Seconds(30);
inline constexpr absl::Duration kHttpRequestTime = absl::Seconds(5);
inline constexpr absl::Duration kHttpAnswerTime = absl::Seconds(10);

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_HTTP_LIMITS_H_
