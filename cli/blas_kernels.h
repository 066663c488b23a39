// The processor kernels that tasks of workers compute with, for commands that compute too.
#ifndef PACELINE_CLI_BLAS_KERNELS_H_
#define PACELINE_CLI_BLAS_KERNELS_H_

namespace paceline::cli {

// Begins the program anew if its command computes (predict, sample, local) and OpenBLAS has
// loaded other kernels than tasks have (worker/core/math/blas_kernel.h): what is said of
// records has the bits of a job's evaluation, and its speed. `argv` ends with null. Before the
// first thread.
void UseBlasKernelsOfTasks(char** argv);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_BLAS_KERNELS_H_
