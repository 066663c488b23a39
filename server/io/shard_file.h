// The form of a shard file of a cut (docs/checkpoint.md), both ways.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SERVER_IO_SHARD_FILE_H_
#define PACELINE_SERVER_IO_SHARD_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/cut/cut_folder.h"
#include "common/cut/verified_file.h"
#include "common/fs.h"
#include "proto/node.pb.h"
#include "server/core/shard.h"

namespace paceline::server {

// Writes the shard under a temporary name, syncs and renames it; the folder is not
// synced. Returns the file's entry of the manifest.
absl::StatusOr<v1::CutFile> WriteShardFile(FileSystem& fs, const std::string& dir,
                                           const v1::TableSpec& table, const v1::ShardSpec& shard,
                                           uint64_t timeline, const ShardSnapshot& snapshot);

// Reads the shard back from its cut's folder, after every byte of the file was compared with its
// entry. Errors:  DataLoss   damaged, missing, or not this shard with as many ranks.
//          Cancelled  `stop` said so; and those of the file system.
absl::StatusOr<ShardSnapshot> ReadShardFile(const CutFolder& folder, const v1::CutFile& entry,
                                            const v1::TableSpec& table, const v1::ShardSpec& shard,
                                            uint64_t ranks, const StopRequested& stop);

// Reads the rows alone: no slots.
// Errors:  as ReadShardFile.
absl::StatusOr<RowsSnapshot> ReadShardRows(const CutFolder& folder, const v1::CutFile& entry,
                                           const v1::TableSpec& table, const v1::ShardSpec& shard,
                                           const StopRequested& stop);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_SHARD_FILE_H_
