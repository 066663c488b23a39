#include "worker/core/data/ratings_parser.h"

#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "worker/core/data/csv_fields.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

namespace {

constexpr uint64_t kIds = uint64_t{1} << 40;
constexpr const char* kColumns[] = {"column 0 (user)", "column 1 (item)", "column 2 (rating)"};

}  // namespace

absl::Status RatingsParser::Append(absl::string_view text, Batch* batch) const {
  const uint64_t ids = limits_.features == 0 ? kIds : limits_.features;
  CsvFields walk(text, delimiter_, /*quotes=*/false);
  uint64_t keys[2] = {0, 0};
  float rating = 0;
  for (int column = 0; column < 3; ++column) {
    if (!walk.Next()) {
      return absl::InvalidArgumentError(absl::StrCat("user, item and rating separated by ",
                                                     Quoted(absl::string_view(&delimiter_, 1)),
                                                     " expected, got ", Quoted(text)));
    }
    const absl::string_view field = absl::StripAsciiWhitespace(walk.text());
    const char* const end = field.data() + field.size();
    if (column == 2) {
      if (field.empty() || ReadNumber(field.data(), end, &rating) != end) {
        return absl::InvalidArgumentError(
            absl::StrCat(kColumns[column], ": ", NumberError(field).message()));
      }
      continue;
    }
    const auto [rest, error] = std::from_chars(field.data(), end, keys[column]);
    if (error != std::errc() || rest != end || keys[column] >= ids) {
      return absl::InvalidArgumentError(absl::StrCat(kColumns[column],
                                                     ": a whole number from 0 to ", ids - 1,
                                                     " expected, got ", Quoted(field)));
    }
  }
  batch->indices.insert(batch->indices.end(), {keys[0], keys[1]});
  batch->labels.push_back(rating);
  return absl::OkStatus();
}

}  // namespace paceline::worker
