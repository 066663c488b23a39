#include "common/partition/grants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace paceline {

uint64_t GrantIterations(uint64_t count, uint64_t batch) {
  return count / batch + (count % batch != 0 ? 1 : 0);
}

uint64_t GrantedIterations(absl::Span<const v1::Grant> grants, uint64_t batch) {
  if (grants.empty()) return 0;
  return grants.back().first_iteration() + GrantIterations(grants.back().count(), batch);
}

std::optional<EpochPositions> FindGranted(absl::Span<const v1::Grant> grants, uint64_t batch,
                                          uint64_t iteration) {
  auto after = std::upper_bound(
      grants.begin(), grants.end(), iteration,
      [](uint64_t t, const v1::Grant& grant) { return t < grant.first_iteration(); });
  if (after == grants.begin()) return std::nullopt;
  const v1::Grant& grant = *(after - 1);
  const uint64_t index = iteration - grant.first_iteration();
  if (index >= GrantIterations(grant.count(), batch)) return std::nullopt;
  const uint64_t begin = index * batch;
  const uint64_t size = std::min(batch, grant.count() - begin);
  return EpochPositions{grant.epoch(), {grant.first() + begin, grant.first() + begin + size}};
}

absl::Status CheckNextGrant(absl::Span<const v1::Grant> grants, const v1::Grant& next,
                            uint64_t batch, uint64_t records) {
  if (next.number() != grants.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("grant number ", grants.size(), " expected, got ", next.number()));
  }
  const uint64_t first_iteration = GrantedIterations(grants, batch);
  if (next.first_iteration() != first_iteration) {
    return absl::InvalidArgumentError(absl::StrCat("grant ", next.number(), ": first iteration ",
                                                   first_iteration, " expected, got ",
                                                   next.first_iteration()));
  }
  if (next.count() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("grant ", next.number(), ": no records"));
  }
  if (next.first() >= records || next.count() > records - next.first()) {
    return absl::InvalidArgumentError(absl::StrCat("grant ", next.number(), ": ", next.count(),
                                                   " records from ", next.first(),
                                                   " do not lie in a data set of ", records));
  }
  return absl::OkStatus();
}

}  // namespace paceline
