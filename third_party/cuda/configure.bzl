"""Finds a CUDA toolkit, or settles for none.

Looks in $CUDA_HOME, else in /usr/local/cuda, and makes a repository with
  defs.bzl     CUDA_AVAILABLE, CUDA_HOME, NVCC, NVCC_VERSION, CUDA_ARCHS
  //:headers   the toolkit's headers
  //:cudart    the runtime, static: a program starts without a driver
Without a toolkit the same targets exist and are empty.

Kernels are compiled for Turing to Hopper; GPUs after the last one compile its PTX when
a program first runs. Other ones, in ascending order:

    bazel build --repo_env=PACELINE_CUDA_ARCHS=80,90 ...
"""

_ARCHS = "75,80,86,89,90"

_DEFS = """\
CUDA_AVAILABLE = {available}
CUDA_HOME = "{home}"
NVCC = "{nvcc}"
NVCC_VERSION = "{nvcc_version}"
CUDA_ARCHS = {archs}
"""

_BUILD_FOUND = """\
package(default_visibility = ["//visibility:public"])

cc_library(
    name = "headers",
    hdrs = glob(["include/**"]),
    includes = ["include"],
)

cc_library(
    name = "cudart",
    linkopts = ["-L{lib}", "-lcudart_static", "-ldl", "-lrt", "-pthread"],
    deps = [":headers"],
)
"""

_BUILD_ABSENT = """\
package(default_visibility = ["//visibility:public"])

cc_library(name = "headers")

cc_library(name = "cudart")
"""

def _cuda_configure_impl(ctx):
    home = ctx.os.environ.get("CUDA_HOME", "") or "/usr/local/cuda"
    nvcc = home + "/bin/nvcc"
    lib = ""
    for candidate in [home + "/lib64", home + "/lib"]:
        if not lib and ctx.path(candidate + "/libcudart_static.a").exists:
            lib = candidate
    found = bool(lib) and ctx.path(nvcc).exists and ctx.path(home + "/include").exists

    archs = (ctx.os.environ.get("PACELINE_CUDA_ARCHS", "") or _ARCHS).split(",")
    for arch in archs:
        if not arch.isalnum():
            fail("PACELINE_CUDA_ARCHS: expected numbers like " + _ARCHS + ", got \"" + arch + "\"")

    # Part of what is compiled with: another toolkit in the same place compiles anew.
    version = ctx.execute([nvcc, "--version"]).stdout if found else ""

    ctx.file("defs.bzl", _DEFS.format(
        available = found,
        home = home if found else "",
        nvcc = nvcc if found else "",
        nvcc_version = version.strip().split("\n")[-1],
        archs = archs,
    ))
    if found:
        ctx.symlink(home + "/include", "include")
        ctx.file("BUILD.bazel", _BUILD_FOUND.format(lib = lib))
    else:
        ctx.file("BUILD.bazel", _BUILD_ABSENT)

cuda_configure = repository_rule(
    implementation = _cuda_configure_impl,
    environ = ["CUDA_HOME", "PACELINE_CUDA_ARCHS"],
    local = True,
)
