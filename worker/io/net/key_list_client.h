// Leaves keys out of pushes and pulls whose lists the server remembers.
//
// Frames name the key lists of their blocks and have all keys. Lists that went with a
// call that succeeded are taken to be held by that server from then on, as many as it
// would remember; the keys of such a list are not sent. If the server holds it no more,
// it refuses the call with UNKNOWN_KEY_LIST: everything about that server is forgotten,
// and the caller sends the frame again, this time with its keys. A server that refuses
// time after time, because it has no room, is sent all keys for up to a thousand calls
// before it is tried again.
//
// Thread-safe, as DataClient is.
#ifndef PACELINE_WORKER_IO_NET_KEY_LIST_CLIENT_H_
#define PACELINE_WORKER_IO_NET_KEY_LIST_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "common/key_lists/key_list.h"
#include "worker/io/net/data_client.h"

namespace paceline::worker {

// Less than a server remembers: it may have seen calls that overlap in another order.
inline constexpr uint64_t kKnownKeyListBytes = kMostKeyListBytes / 8 * 7;

// `servers`: how many `client` has. `known_bytes`: of lists of each, as KeyListBytes
// counts them.
std::unique_ptr<DataClient> WithKeyLists(std::unique_ptr<DataClient> client, size_t servers,
                                         uint64_t known_bytes = kKnownKeyListBytes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_KEY_LIST_CLIENT_H_
