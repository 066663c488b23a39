#include "worker/gpu/ops/testing/halves.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {

std::string SparseCase::Text() const {
  return std::to_string(shape.n) + " records of " + std::to_string(shape.entries) + " in " +
         std::to_string(shape.row_count) + "x" + std::to_string(dim) + (shape.hot ? ", hot" : "") +
         (shift > 0 ? ", shifted" : "");
}

std::vector<SparseCase> SparseShapes(bool large) {
  std::vector<SparseCase> cases;
  for (const uint32_t dim : {1, 2, 3, 4, 8, 16, 31, 33, 64, 128, 132, 1025}) {
    cases.push_back({{33, 50, 7}, dim, 0});
  }
  for (const uint32_t dim : {4, 16, 31}) cases.push_back({{31, 40, 5, true}, dim, 1});
  cases.push_back({{1, 1, 1}, 1, 0});
  cases.push_back({{3, 1, 0}, 3, 0});
  // A row that every record has: long for each width of a team, and nearly so.
  for (const uint32_t dim : {1, 3, 16, 31, 132}) cases.push_back({{2500, 90, 2, true}, dim, 0});
  for (const uint32_t dim : {8, 32}) cases.push_back({{257, 3, 1, true}, dim, 0});
  // Long records.
  for (const uint32_t dim : {1, 5, 16, 200}) cases.push_back({{5, 100, 5000}, dim, 0});
  if (large) {
    cases.push_back({{1 << 20, 1000, 1, true}, 1, 0});
    cases.push_back({{1 << 20, 1000, 1, true}, 16, 0});
    cases.push_back({{8192, 100000, 39}, 16, 0});
    cases.push_back({{1024, 5000, 150}, 1024, 0});
  }
  return cases;
}

DeviceRecords Upload(Trial& trial, const reference::Records& records) {
  return {trial.Input(records.offsets), trial.Input(records.rows), trial.Input(records.values)};
}

DeviceSegments Upload(Trial& trial, const reference::Segments& segments) {
  return {trial.Input(segments.rows), trial.Input(segments.offsets), trial.Input(segments.records),
          trial.Input(segments.values)};
}

void CheckRows(Trial& trial, const reference::Segments& segments, uint32_t dim,
               const std::vector<float>& got, const std::vector<double>& want) {
  std::vector<bool> written(dim == 0 ? 0 : want.size() / dim);
  for (const uint32_t row : segments.rows) written[row] = true;
  std::vector<float> got_written;
  std::vector<float> got_others;
  std::vector<double> want_written;
  for (size_t i = 0; i < want.size(); ++i) {
    (written[i / dim] ? got_written : got_others).push_back(got[i]);
    if (written[i / dim]) want_written.push_back(want[i]);
  }
  trial.Near("rows of segments", got_written, want_written);
  CheckUntouched(trial, "a row of no segment", got_others);
}

}  // namespace paceline::gpu::testing
