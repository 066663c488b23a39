// Under ssp and asp: which records make an iteration of a rank, as a function of
// the grants that the rank holds.
//
// A grant of `count` positions covers ceil(count / batch) iterations of the rank,
// from grant.first_iteration on: iteration first_iteration + i takes positions
// [first + i*batch, min(first + (i+1)*batch, first + count)) of epoch grant.epoch.
// Only the last batch of a grant may be short. A rank's grants follow one another
// without a gap, so that (rank, iteration) -> records never changes.
//
// `grants` are those of one rank, number 0 first; `batch` is its NominalBatch, > 0.
// Pure functions.
#ifndef PACELINE_COMMON_PARTITION_GRANTS_H_
#define PACELINE_COMMON_PARTITION_GRANTS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/partition/rounds.h"
#include "proto/node.pb.h"

namespace paceline {

// Iterations that a grant of `count` positions covers.
uint64_t GrantIterations(uint64_t count, uint64_t batch);

// The first iteration that no grant covers: how many iterations are granted.
uint64_t GrantedIterations(absl::Span<const v1::Grant> grants, uint64_t batch);

// Positions of `iteration`, or nullopt if it is not granted (yet).
// Cost: O(log grants).
std::optional<EpochPositions> FindGranted(absl::Span<const v1::Grant> grants, uint64_t batch,
                                          uint64_t iteration);

// Whether `next` may be appended to `grants`.
// Errors:  InvalidArgument  its number or first iteration leaves a gap or overlaps,
//                           it is empty, or it leaves [0, records).
absl::Status CheckNextGrant(absl::Span<const v1::Grant> grants, const v1::Grant& next,
                            uint64_t batch, uint64_t records);

}  // namespace paceline

#endif  // PACELINE_COMMON_PARTITION_GRANTS_H_
