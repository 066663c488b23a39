// Files of tensors, and files of weights as jobs start from them.
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/fs_memory.h"
#include "common/safetensors.h"
#include "common/tables/sharding.h"
#include "server/io/weights_reader.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

constexpr char kFile[] = "/w.safetensors";

std::string File(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

v1::TableSpec Table(const std::string& name, v1::TableKind kind, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(kind);
  table.set_rows(rows);
  table.set_dim(dim);
  return table;
}

// Of a server that holds a dense table "a" [3, 2] and a sparse one "b".
v1::ServerJobOrder Order() {
  v1::ServerJobOrder order;
  order.set_ranks(2);
  order.mutable_restore()->set_weights_file(kFile);
  v1::ShardMap* map = order.mutable_map();
  *map->add_tables() = Table("a", v1::TABLE_KIND_DENSE, 3, 2);
  *map->add_tables() = Table("b", v1::TABLE_KIND_SPARSE, 0, 1);
  const std::vector<v1::TableSpec> tables(map->tables().begin(), map->tables().end());
  const auto shards = CutTables(tables);
  for (const v1::ShardSpec& shard : *shards) *map->add_shards() = shard;
  map->add_servers()->set_node_id(7);
  return order;
}

}  // namespace

std::vector<std::string> Seeds() {
  const std::string dense =
      R"({"a":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},"__metadata__":{"k":"v"}})";
  const std::string sparse = R"({"b.keys":{"dtype":"U64","shape":[2],"data_offsets":[0,16]},)"
                             R"("b.rows":{"dtype":"F32","shape":[2,1],"data_offsets":[16,24]}})";
  std::string keys(16, '\0');
  keys[0] = 1;
  keys[8] = 9;
  return {File(dense, std::string(24, '\0')), File(sparse, keys + std::string(8, '\0')),
          File("{}", ""),
          File(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})", std::string(8, '\1'))};
}

void FuzzOne(absl::string_view input) {
  MemoryFileSystem fs;
  if (!WriteFileDurably(fs, kFile, input).ok()) return;
  if (const auto reader = SafetensorsReader::Open(fs, kFile); reader.ok()) {
    for (const TensorInfo& tensor : (*reader)->tensors()) {
      std::string bytes(std::min<uint64_t>(tensor.bytes, 1 << 16), '\0');
      (void)(*reader)->Read(tensor, tensor.bytes - bytes.size(), absl::MakeSpan(bytes));
    }
  }
  static const v1::ServerJobOrder order = Order();
  server::WeightsReader weights(&fs, order, /*node_id=*/7, [] { return false; });
  for (const v1::ShardSpec& shard : order.map().shards()) {
    (void)weights.Read(order.map().tables(static_cast<int>(shard.table())), shard);
  }
}

}  // namespace paceline::fuzz
