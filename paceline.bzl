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

# Where deploy/bundle.sh puts the libraries; elsewhere nothing is there. As DT_RPATH, not
# DT_RUNPATH: it counts for libraries of libraries and for what is loaded at run time
# too, and comes before LD_LIBRARY_PATH, so that the host's libraries do not mix in.
_BUNDLE_LINKOPTS = [
    "-Wl,--disable-new-dtags",
    "-Wl,-rpath,$$ORIGIN/../lib",
]

def paceline_cc_library(name, copts = [], **kwargs):
    """A library of ours."""
    native.cc_library(
        name = name,
        copts = _COPTS + copts,
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
    native.cc_test(
        name = name,
        size = size,
        copts = _COPTS + copts,
        deps = deps + ["//third_party:catch2_main"],
        **kwargs
    )

def paceline_cc_test_of_its_own(name, copts = [], size = "small", **kwargs):
    """A test that has a main of its own and fails by its exit code."""
    native.cc_test(
        name = name,
        size = size,
        copts = _COPTS + copts,
        **kwargs
    )
