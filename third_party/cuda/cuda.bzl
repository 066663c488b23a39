"""Compiles .cu files with nvcc where a toolkit was found.

    load("//third_party/cuda:cuda.bzl", "cuda_library", "if_cuda")

    cuda_library(
        name = "ops_cuda",
        srcs = ["cast.cu", "lookup_rows.cu"],
        hdrs = ["cast.h", "device.cuh", "lookup_rows.h"],
    )

For which GPUs: see configure.bzl.
"""

load("@local_cuda//:defs.bzl", "CUDA_ARCHS", "CUDA_AVAILABLE", "NVCC", "NVCC_VERSION")

def if_cuda(then, otherwise = []):
    """`then` in a build with a CUDA toolkit, else `otherwise`."""
    return then if CUDA_AVAILABLE else otherwise

def _gencode():
    """Machine code for every architecture; newer GPUs compile the last one's PTX."""
    flags = ["-gencode=arch=compute_%s,code=sm_%s" % (a, a) for a in CUDA_ARCHS[:-1]]
    last = CUDA_ARCHS[-1]
    return flags + ["-gencode=arch=compute_%s,code=[sm_%s,compute_%s]" % (last, last, last)]

def cuda_library(name, srcs, hdrs = [], deps = [], nvccopts = [], visibility = None):
    """The kernels and launchers of `srcs`, one object each; empty without a toolkit.

    Linked whole into every binary that depends on it.

    Args:
      name: target name.
      srcs: .cu files of this package.
      hdrs: all headers of the source tree that they include, directly or not.
      deps: cc_library targets that their host code calls.
      nvccopts: further options for nvcc.
      visibility: of the library.
    """
    objects = []
    for src in srcs if CUDA_AVAILABLE else []:
        obj = src + ".o"
        native.genrule(
            name = src.replace(".", "_") + "_nvcc",
            srcs = [src] + hdrs,
            outs = [obj],
            cmd = " ".join(
                [
                    # For the cache: another compiler is another command.
                    ": '" + NVCC_VERSION + "';",
                    NVCC,
                    "-std=c++20",
                    "-O3",
                    "-ccbin=/usr/bin/g++",
                    "-Xcompiler=-fPIC,-Wall,-Wextra",
                    "-Werror=cross-execution-space-call,reorder",
                ] + _gencode() + nvccopts +
                ["-I.", "-I$(GENDIR)", "-c", "$(location " + src + ")", "-o", "$@"],
            ),
            message = "Compiling CUDA",
        )
        objects.append(obj)
    native.cc_library(
        name = name,
        srcs = objects,
        linkstatic = True,
        alwayslink = True,
        visibility = visibility,
        deps = deps + if_cuda(["@local_cuda//:cudart"]),
    )
