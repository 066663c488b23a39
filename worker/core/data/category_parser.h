// Records of numbers and categories: Criteo's lines, and csv with columns of categories.
//
// A record gives, with n columns of numbers and data.hash_buckets = m (category_hash.h):
//
// csr:     features 0..n-1, the numbers in the order of their columns (an empty one is
//          absent), and n + key with value 1 for every category and cross. Features = n + m.
//          Of keys that fall together the values add up.
// fields:  Batch::dense_values [n], an empty number is 0; Batch::indices [categories +
//          crosses], the keys, from 0 to m - 1, categories in the order of their columns.
//
// An empty category is a category of its own: that a value lacks says something. With
// log_numbers a number x becomes log(1 + x), below 0 -log(1 - x). limits.scale is for
// numbers alone. Spaces around a field are ignored.
//
// Errors of Append, all InvalidArgument: a number of fields other than expected, a number
// that is none or not finite (after scaling), a label outside limits.classes, bad quotes.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_DATA_CATEGORY_PARSER_H_
#define PACELINE_WORKER_CORE_DATA_CATEGORY_PARSER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/csv_columns.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

// What rows become: for models of features, or for models of embeddings.
enum class CategoryForm { kCsr, kFields };

inline constexpr uint64_t kDefaultHashBuckets = uint64_t{1} << 20;

struct CategoryOptions {
  CategoryForm form = CategoryForm::kCsr;
  char delimiter = '\t';
  // Fields may be quoted (csv_fields.h).
  bool quotes = false;
  uint64_t hash_buckets = kDefaultHashBuckets;
  // Each two columns of categories or more, as CsvColumns::Find finds them.
  std::vector<std::vector<std::string>> crosses;
  bool log_numbers = false;
  RecordLimits limits;
};

class CategoryParser final : public RecordParser {
 public:
  // Errors:  InvalidArgument  a cross of fewer than two columns, or of one that does not
  //                           hold categories; limits.features is given and not n + m.
  static absl::StatusOr<std::unique_ptr<CategoryParser>> Create(CategoryOptions options,
                                                                CsvColumns columns);

  bool dense() const override { return false; }
  uint32_t fields() const override;
  uint64_t columns() const override;
  // n + m in both forms.
  uint64_t features() const override { return numbers_ + options_.hash_buckets; }
  const CsvColumns* csv_columns() const override { return &columns_; }
  absl::Status Append(absl::string_view text, Batch* batch) const override;

 private:
  using Hashes = absl::InlinedVector<uint64_t, 64>;
  // By field: 0 is the first column of categories.
  using Crosses = std::vector<std::vector<uint64_t>>;

  CategoryParser(CategoryOptions options, CsvColumns columns, Crosses crosses);

  absl::Status AppendFields(absl::string_view text, float* label, Hashes* hashes,
                            Batch* batch) const;
  absl::Status AppendNumber(uint64_t column, uint64_t number, absl::string_view field,
                            Batch* batch) const;
  void AppendKeys(Hashes* hashes, Batch* batch) const;

  const CategoryOptions options_;
  const CsvColumns columns_;
  const Crosses crosses_;
  const uint64_t numbers_;
  const uint64_t categories_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_CATEGORY_PARSER_H_
