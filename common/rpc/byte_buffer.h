// Protobuf messages with one big `bytes` field, to and from a grpc::ByteBuffer,
// without that field's bytes ever passing through a protobuf object. On the wire
// it is ordinary protobuf: the peer may use generated code.
//
//   grpc::ByteBuffer out = EncodeMessage(response, PullResponse::kPayloadFieldNumber,
//                                        {SliceOf(rows, rows->data(), rows->size() * 4)});
//
//   PushRequest header;   // its payload stays empty
//   Payload payload;
//   PL_RETURN_IF_ERROR(DecodeMessage(in, PushRequest::kPayloadFieldNumber, &header, &payload));
//
// The payload is at best the field with the highest number: then the header's
// bytes come first.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_RPC_BYTE_BUFFER_H_
#define PACELINE_COMMON_RPC_BYTE_BUFFER_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/payload.h"

namespace paceline {

// A slice over memory that `owner` keeps alive until gRPC lets go of it. The
// bytes must not change meanwhile.
template <typename T>
grpc::Slice SliceOf(std::shared_ptr<T> owner, const void* data, std::size_t size) {
  if (size == 0) return grpc::Slice();
  auto* const held = new std::shared_ptr<T>(std::move(owner));
  return grpc::Slice(
      const_cast<void*>(data), size,
      [](void* user_data) { delete static_cast<std::shared_ptr<T>*>(user_data); }, held);
}

// The message `header` with the concatenated slices in its field `payload_field`,
// which must be unset in `header`. No slices or only empty ones: the field is absent.
grpc::ByteBuffer EncodeMessage(const google::protobuf::MessageLite& header, int payload_field,
                               const std::vector<grpc::Slice>& payload = {});

// The reverse. As protobuf has it, the last one counts if the field is repeated.
// Errors: InvalidArgument  not a valid message of this type.
absl::Status DecodeMessage(const grpc::ByteBuffer& buffer, int payload_field,
                           google::protobuf::MessageLite* header, Payload* payload);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_BYTE_BUFFER_H_
