#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/codec/codec.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"
#include "common/tables/model_tables.h"

namespace paceline::spec_rules {
namespace {

// A pull by delta is exact.
bool Rounds(v1::Codec push, v1::Codec pull) {
  return push != v1::CODEC_FLOAT32 || (pull != v1::CODEC_FLOAT32 && pull != v1::CODEC_DELTA);
}

// One pair of codecs; `path` is "compression" or that of a table.
void CheckPair(const v1::JobSpec& spec, const std::string& path, v1::Codec push, v1::Codec pull,
               std::vector<Problem>* problems) {
  if (push == v1::CODEC_DELTA) {
    problems->push_back(Expected(absl::StrCat(path, ".push"),
                                 "float32 | bf16 | fp16 | int8 | topk | onebit | auto",
                                 EnumWord(push)));
  }
  if (LeavesResidual(pull)) {
    problems->push_back(Expected(absl::StrCat(path, ".pull"),
                                 "float32 | bf16 | fp16 | int8 | delta | auto", EnumWord(pull)));
  }
  const bool bsp = spec.consistency().policy() == v1::POLICY_BSP;
  if (bsp && (push == v1::CODEC_AUTO || pull == v1::CODEC_AUTO)) {
    problems->push_back(
        Complaint(path,
                  "auto rounds by measured times, and bsp ends with the same bytes in every run: "
                  "float32, bf16, fp16 or int8 expected, or policy ssp or asp"));
  }
}

// Cuts are taken where ranks have sent all that their codecs left behind.
void CheckCuts(const v1::CheckpointSpec& checkpoint, std::vector<Problem>* problems) {
  if (checkpoint.every_iterations() == 0) {
    problems->push_back(Expected("checkpoint.every_iterations",
                                 "a number of rounds, for push topk or onebit under bsp (in each "
                                 "so many ranks send all that is left behind, and of these rounds "
                                 "alone are cuts)",
                                 "0"));
  } else if (checkpoint.every_seconds() > 0) {
    problems->push_back(Expected("checkpoint.every_seconds",
                                 "0 for push topk or onebit under bsp, whose cuts are of every "
                                 "checkpoint.every_iterations rounds",
                                 absl::StrCat(checkpoint.every_seconds())));
  }
}

}  // namespace

void CheckCompression(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const size_t before = problems->size();
  const v1::CompressionSpec& compression = spec.compression();
  bool rounds = Rounds(compression.push(), compression.pull());
  bool topk = compression.push() == v1::CODEC_TOPK;
  bool leaves = LeavesResidual(compression.push());
  CheckPair(spec, "compression", compression.push(), compression.pull(), problems);
  std::set<std::string> seen;
  for (int i = 0; i < compression.tables_size(); ++i) {
    const v1::TableCompressionSpec& table = compression.tables(i);
    const std::string path = absl::StrCat("compression.tables[", i, "]");
    rounds = rounds || Rounds(table.push(), table.pull());
    topk = topk || table.push() == v1::CODEC_TOPK;
    leaves = leaves || LeavesResidual(table.push());
    // What it has of all tables has been complained of.
    if (table.push() != compression.push() || table.pull() != compression.pull()) {
      CheckPair(spec, path, table.push(), table.pull(), problems);
    }
    if (table.table().empty()) {
      problems->push_back(Expected(path + ".table", "the name of a table", "none"));
    } else if (!seen.insert(table.table()).second) {
      problems->push_back(
          Complaint(path + ".table", absl::StrCat(table.table(), " is given twice")));
    }
  }
  if (leaves && spec.consistency().policy() == v1::POLICY_BSP) {
    CheckCuts(spec.checkpoint(), problems);
  }
  const v1::ModelKind model = spec.model().kind();
  const bool exact = model == v1::MODEL_KIND_COUNTING || model == v1::MODEL_KIND_KMEANS;
  RefuseIf(rounds && exact, "compression",
           absl::StrCat("a model whose values may be rounded, which those of ", EnumWord(model),
                        " may not"),
           problems);
  RefuseIf(!topk && compression.topk_ratio() != 0, "compression.topk_ratio", "push topk", problems);
  RefuseIf(!topk && compression.topk_momentum() != 0, "compression.topk_momentum", "push topk",
           problems);
  // Of names that are given as they should be.
  if (problems->size() > before) return;
  if (const auto problem = FindCodecProblem(spec); problem.has_value()) {
    problems->push_back(Complaint(problem->field, problem->message));
  }
}

}  // namespace paceline::spec_rules
