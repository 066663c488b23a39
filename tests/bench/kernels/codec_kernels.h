// The codecs' kernels, on shards of 4 MiB of float32: encoding and decoding, selection of the
// greatest values, residuals of a rank, changes of a server's rows.
#ifndef PACELINE_TESTS_BENCH_KERNELS_CODEC_KERNELS_H_
#define PACELINE_TESTS_BENCH_KERNELS_CODEC_KERNELS_H_

namespace paceline::bench {

// Counts the float32 values once, whatever they are encoded as.
void RegisterCodecs();

}  // namespace paceline::bench

#endif  // PACELINE_TESTS_BENCH_KERNELS_CODEC_KERNELS_H_
