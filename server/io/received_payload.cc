#include "server/io/received_payload.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace paceline::server {

Payload Share(paceline::Payload received) {
  const auto owner = std::make_shared<const paceline::Payload>(std::move(received));
  Payload payload;
  for (const absl::string_view piece : owner->pieces()) {
    payload.Append(Piece{.owner = owner,
                         .bytes = absl::MakeConstSpan(
                             reinterpret_cast<const uint8_t*>(piece.data()), piece.size())});
  }
  return payload;
}

}  // namespace paceline::server
