// Random numbers as pure functions: the same arguments give the same number, on
// every machine, in any order, on any thread. There is no generator to seed.
//
//   const float noise = RandomNormal(seed, /*stream=*/table_id, /*index=*/row * dim + column);
//
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), keyed by the seed, counting (stream, index). Not for secrets.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_RANDOM_H_
#define PACELINE_COMMON_RANDOM_H_

#include <array>
#include <cstdint>

namespace paceline {

// The raw block function.
std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

// 64 independent bits for each (seed, stream, index).
std::uint64_t RandomBits(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);

// Uniform in [0, bound) without bias worth speaking of (below 2^-64 * bound).
// `bound` is not 0.
std::uint64_t RandomBelow(std::uint64_t bound, std::uint64_t seed, std::uint64_t stream,
                          std::uint64_t index);

// Uniform in [0, 1), a multiple of 2^-24 and of 2^-53.
float RandomUniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);
double RandomUniformDouble(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);

// Standard normal, by the inverse of its distribution function: additions,
// multiplications, divisions and square roots only, whose results IEEE 754
// fixes, so that no mathematical library can change a weight's first value.
float RandomNormal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);

}  // namespace paceline

#endif  // PACELINE_COMMON_RANDOM_H_
