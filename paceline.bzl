"""Rules for our own C++ code: one set of warnings, one standard, one test main.

paceline_cc_library, paceline_cc_binary and paceline_cc_test take the arguments
of the native rules. Generated and third-party code uses the native rules, so
that -Werror judges only what we write.
"""

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    # Options structs are filled by name: Options{.port = 0}.
    "-Wno-missing-field-initializers",
]

# Tests are run once or twice per compilation: optimising them costs more than it gains.
TEST_COPTS = select({
    "//:optimised": ["-O0"],
    "//conditions:default": [],
})

# --config=asan optimises only where tests compute much: the rest compiles in two thirds of
# the time.
_COMPUTING = ["common/codec", "server/core", "worker/core", "worker/gpu"]

OPTIMISED_COPTS = select({
    "//:sanitized": ["-O1"],
    "//conditions:default": [],
})

# Where deploy/bundle.sh puts the libraries; elsewhere nothing is there. As DT_RPATH, not
# DT_RUNPATH: it counts for libraries of libraries and for what is loaded at run time
# too, and comes before LD_LIBRARY_PATH, so that the host's libraries do not mix in.
_BUNDLE_LINKOPTS = [
    "-Wl,--disable-new-dtags",
    "-Wl,-rpath,$$ORIGIN/../lib",
]

def _computes():
    package = native.package_name()
    return any([package == folder or package.startswith(folder + "/") for folder in _COMPUTING])

def _precompiled(name):
    """The copts and deps by which a target takes a precompiled header."""
    target = "//third_party/precompiled:" + name
    off = "//third_party/precompiled:switched_off"
    return struct(
        copts = select({
            off: [],
            "//conditions:default": ["-include", "$(BINDIR)/third_party/precompiled/" + name + ".h"],
        }),
        deps = select({
            off: [],
            "//conditions:default": [target],
        }),
    )

# What a target with copts of its own compiles as, no precompiled header was.
_NOT_PRECOMPILED = struct(copts = [], deps = [])

def paceline_cc_library(name, copts = [], deps = [], **kwargs):
    """A library of ours."""
    computes = _computes()
    header = _precompiled("optimised_library" if computes else "library")
    if copts or "srcs" not in kwargs:
        header = _NOT_PRECOMPILED
    native.cc_library(
        name = name,
        copts = header.copts + _COPTS + (OPTIMISED_COPTS if computes else []) + copts,
        deps = deps + header.deps,
        **kwargs
    )

def paceline_cc_binary(name, copts = [], linkopts = [], **kwargs):
    """A program of ours."""
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        linkopts = _BUNDLE_LINKOPTS + linkopts,
        **kwargs
    )

def paceline_cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    """A Catch2 test: includes <catch2/catch.hpp>, has no main of its own."""
    header = _NOT_PRECOMPILED if copts else _precompiled("test")
    native.cc_test(
        name = name,
        size = size,
        copts = header.copts + _COPTS + TEST_COPTS + copts,
        deps = deps + header.deps + ["//third_party:catch2_main"],
        **kwargs
    )

def paceline_cc_test_of_its_own(name, copts = [], size = "small", **kwargs):
    """A test that has a main of its own and fails by its exit code."""
    native.cc_test(
        name = name,
        size = size,
        copts = _COPTS + TEST_COPTS + copts,
        **kwargs
    )
