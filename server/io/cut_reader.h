// Reads the shards of a cut that a server is to start from.
#ifndef PACELINE_SERVER_IO_CUT_READER_H_
#define PACELINE_SERVER_IO_CUT_READER_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "common/cut/cut_folder.h"
#include "common/cut/held_cuts.h"
#include "common/cut/verified_file.h"
#include "proto/node.pb.h"
#include "server/core/shard.h"

namespace paceline::server {

// Thread-compatible.
class CutReader {
 public:
  // `order.restore` names the cut and what to take of it. `cuts` and `order` outlive
  // the reader.
  CutReader(const HeldCuts* cuts, const v1::ServerJobOrder& order, StopRequested stop);

  // The state of a shard of the order's map; nothing if only weights are taken and the
  // cut has no table of that name. The manifest is read with the first.
  // Errors:  DataLoss  the cut is damaged, or was made of other tables.
  //          Those of the file system, if its folder cannot be read from here.
  absl::StatusOr<std::optional<ShardSnapshot>> Read(const v1::TableSpec& table,
                                                    const v1::ShardSpec& shard);

 private:
  absl::StatusOr<std::optional<ShardSnapshot>> ReadWeights(const v1::TableSpec& table,
                                                           const v1::ShardSpec& shard) const;

  const HeldCuts* const cuts_;
  const v1::ServerJobOrder& order_;
  const StopRequested stop_;
  std::optional<v1::CutManifest> manifest_;
  std::unique_ptr<CutFolder> folder_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_CUT_READER_H_
