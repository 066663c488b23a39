// Files of replicated cuts on the disks of others, read over the CutFiles service.
#ifndef PACELINE_COMMON_RPC_PEER_FILES_H_
#define PACELINE_COMMON_RPC_PEER_FILES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/cut/held_cuts.h"
#include "common/rpc/security.h"

namespace paceline {

// Of one call, and how long it may take: more than the piece needs at 32 KiB/s.
inline constexpr std::uint32_t kPeerPieceBytes = 256 << 10;
inline constexpr absl::Duration kPeerTimeout = absl::Seconds(10);

// An OpenPeerFile with one channel for each address: of the scheduler, if it is `scheduler`,
// else of a server. A file is opened with one call and read with one for each piece; each
// waits for its answer on the caller's thread.
OpenPeerFile MakePeerFiles(std::shared_ptr<RpcSecurity> security = RpcSecurity::Insecure(),
                           std::string scheduler = "");

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_PEER_FILES_H_
