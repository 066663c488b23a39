// Rules of model.sparse: which rows sparse tables keep.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/spec/rules.h"
#include "common/tables/model_tables.h"

namespace paceline::spec_rules {
namespace {

// MiB of which each of a table's buckets holds some chunks of rows.
constexpr uint64_t kLeastMemory = 16;

void CheckMemory(uint64_t memory, const std::string& path, std::vector<Problem>* problems) {
  if (memory == 0 || memory >= kLeastMemory) return;
  problems->push_back(Expected(absl::StrCat(path, ".memory"),
                               absl::StrCat("0 or at least ", kLeastMemory, " MiB"),
                               absl::StrCat(memory)));
}

}  // namespace

void CheckSparse(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  if (!spec.model().has_sparse()) return;
  const size_t before = problems->size();
  const v1::SparseSpec& sparse = spec.model().sparse();
  const std::string memory = "a limit of memory";
  CheckMemory(sparse.memory(), "model.sparse", problems);
  bool any_memory = sparse.memory() > 0;
  std::set<std::string> seen;
  for (int i = 0; i < sparse.tables_size(); ++i) {
    const v1::TableSparseSpec& table = sparse.tables(i);
    const std::string path = absl::StrCat("model.sparse.tables[", i, "]");
    any_memory = any_memory || table.memory() > 0;
    // What it has of all tables has been complained of.
    if (table.memory() != sparse.memory()) CheckMemory(table.memory(), path, problems);
    RefuseIf(table.on_full() == v1::ON_FULL_EVICT && sparse.on_full() != v1::ON_FULL_EVICT &&
                 table.memory() == 0,
             path + ".on_full", memory, problems);
    if (table.table().empty()) {
      problems->push_back(Expected(path + ".table", "the name of a table", "none"));
    } else if (!seen.insert(table.table()).second) {
      problems->push_back(
          Complaint(path + ".table", absl::StrCat(table.table(), " is given twice")));
    }
  }
  RefuseIf(sparse.on_full() == v1::ON_FULL_EVICT && !any_memory, "model.sparse.on_full", memory,
           problems);
  // Of names that are given as they should be.
  if (problems->size() > before) return;
  if (const auto problem = FindSparseProblem(spec); problem.has_value()) {
    problems->push_back(Complaint(problem->field, problem->message));
  }
}

}  // namespace paceline::spec_rules
