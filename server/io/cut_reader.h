// Reads the shards of a cut that a server is to start from.
#ifndef PACELINE_SERVER_IO_CUT_READER_H_
#define PACELINE_SERVER_IO_CUT_READER_H_

#include <optional>

#include "absl/status/statusor.h"
#include "common/cut/verified_file.h"
#include "common/fs.h"
#include "proto/node.pb.h"
#include "server/core/shard.h"

namespace paceline::server {

// Thread-compatible.
class CutReader {
 public:
  // `order.restore` names the cut and what to take of it. `fs` and `order` outlive
  // the reader.
  CutReader(FileSystem* fs, const v1::ServerJobOrder& order, StopRequested stop);

  // The state of a shard of the order's map; nothing if only weights are taken and the
  // cut has no table of that name. The manifest is read with the first.
  // Errors:  DataLoss  the cut is damaged, or was made of other tables.
  //          Those of the file system, if its folder cannot be read from here.
  absl::StatusOr<std::optional<ShardSnapshot>> Read(const v1::TableSpec& table,
                                                    const v1::ShardSpec& shard);

 private:
  absl::StatusOr<std::optional<ShardSnapshot>> ReadWeights(const v1::TableSpec& table,
                                                           const v1::ShardSpec& shard) const;

  FileSystem* const fs_;
  const v1::ServerJobOrder& order_;
  const StopRequested stop_;
  std::optional<v1::CutManifest> manifest_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CUT_READER_H_
