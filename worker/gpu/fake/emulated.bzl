"""Compiles .cu files as C++, against the emulator instead of CUDA."""

load("//:paceline.bzl", "paceline_cc_library")

def emulated_cuda_library(name, srcs, hdrs = [], deps = []):
    """The launchers of `srcs` as a library for tests.

    Args:
      name: target name.
      srcs: labels of .cu files.
      hdrs: the .cuh files that they include.
      deps: the emulator, and libraries of the other headers.
    """
    copies = []
    for src in srcs:
        # What compiles C++ goes by the name of the file.
        copy = src.split(":")[1].replace(".cu", "_emulated.cc")
        native.genrule(
            name = copy.replace(".cc", ""),
            testonly = True,
            srcs = [src],
            outs = [copy],
            cmd = "cp $< $@",
        )
        copies.append(copy)
    paceline_cc_library(
        name = name,
        testonly = True,
        srcs = copies,
        # A product and a sum are fused only where the kernel says so.
        copts = ["-ffp-contract=off"],
        textual_hdrs = hdrs,
        linkstatic = True,
        alwayslink = True,
        deps = deps,
    )
