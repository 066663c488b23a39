"""Compiles .cu files with nvcc where a toolkit was found.

    load("//third_party/cuda:cuda.bzl", "cuda_library", "if_cuda")

    cuda_library(
        name = "adam_cuda",
        src = "adam_cuda.cu",
        hdrs = ["adam_cuda.h"],
        deps = ["//common:status"],
        without_cuda = ["adam_cuda_absent.cc"],
    )
"""

load("@local_cuda//:defs.bzl", "CUDA_AVAILABLE", "NVCC")

# Turing to Hopper as machine code, newer ones from the last PTX.
_ARCHS = [
    "-gencode=arch=compute_75,code=sm_75",
    "-gencode=arch=compute_80,code=sm_80",
    "-gencode=arch=compute_90,code=[sm_90,compute_90]",
]

def if_cuda(then, otherwise = []):
    """`then` in a build with a CUDA toolkit, else `otherwise`."""
    return then if CUDA_AVAILABLE else otherwise

def cuda_library(name, src, hdrs = [], deps = [], without_cuda = [], nvccopts = [], visibility = None):
    """One .cu file as a cc_library; `without_cuda` stands in when there is no toolkit.

    Args:
      name: target name.
      src: one .cu file of this package.
      hdrs: headers that others include; they must compile without CUDA headers.
      deps: cc_library targets; the .cu sees only those headers that are in
        `hdrs` or in the repository's source tree.
      without_cuda: sources that define the same symbols without a toolkit.
      nvccopts: further options for nvcc.
      visibility: of the library.
    """
    if CUDA_AVAILABLE:
        obj = name + ".cu.o"
        native.genrule(
            name = name + "_nvcc",
            srcs = [src] + hdrs,
            outs = [obj],
            cmd = " ".join(
                [NVCC, "-std=c++17", "-O3", "-ccbin", "/usr/bin/g++", "-Xcompiler=-fPIC,-Wall"] +
                _ARCHS + nvccopts +
                ["-I.", "-I$(GENDIR)", "-c", "$(location " + src + ")", "-o", "$@"],
            ),
            message = "Compiling CUDA",
        )
        native.cc_library(
            name = name,
            srcs = [obj],
            hdrs = hdrs,
            linkstatic = True,
            visibility = visibility,
            deps = deps + ["@local_cuda//:cudart"],
        )
    else:
        native.cc_library(
            name = name,
            srcs = without_cuda,
            hdrs = hdrs,
            copts = ["-Wall", "-Wextra", "-Werror"],
            visibility = visibility,
            deps = deps,
        )
