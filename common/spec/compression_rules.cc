#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

bool Rounds(v1::Codec push, v1::Codec pull) {
  return push != v1::CODEC_FLOAT32 || pull != v1::CODEC_FLOAT32;
}

}  // namespace

void CheckCompression(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::CompressionSpec& compression = spec.compression();
  bool rounds = Rounds(compression.push(), compression.pull());
  std::set<std::string> seen;
  for (int i = 0; i < compression.tables_size(); ++i) {
    const v1::TableCompressionSpec& table = compression.tables(i);
    const std::string path = absl::StrCat("compression.tables[", i, "].table");
    rounds = rounds || Rounds(table.push(), table.pull());
    if (table.table().empty()) {
      problems->push_back(Expected(path, "the name of a table", "none"));
    } else if (!seen.insert(table.table()).second) {
      problems->push_back(Complaint(path, absl::StrCat(table.table(), " is given twice")));
    }
  }
  RefuseIf(rounds && spec.model().kind() == v1::MODEL_KIND_COUNTING, "compression",
           "a model whose values may be rounded, which those of counting may not", problems);
}

}  // namespace paceline::spec_rules
