"""One fuzz target, two programs."""

load("//:paceline.bzl", "paceline_cc_library", "paceline_cc_test_of_its_own")

def fuzz_target(name, deps):
    """Makes `<name>_fuzz`, a test over seeds and corpus, and `<name>_fuzzer` for libFuzzer.

    Args:
      name: the target's; its source is <name>_fuzz.cc, inputs that once broke it lie in
        corpus/<name>/.
      deps: of the source.
    """
    corpus = native.glob(["corpus/%s/*" % name], allow_empty = True)
    paceline_cc_library(
        name = name + "_target",
        testonly = True,
        srcs = [name + "_fuzz.cc"],
        deps = deps + [":fuzz_target", "//third_party:absl"],
        alwayslink = True,
    )
    paceline_cc_test_of_its_own(
        name = name + "_fuzz",
        srcs = ["run_corpus.cc"],
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        deps = [":" + name + "_target", ":fuzz_target"],
    )

    # bazel build --config=fuzz //tests/fuzz:<name>_fuzzer
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = ["libfuzzer_entry.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":" + name + "_target", ":fuzz_target", "//third_party:absl"],
    )
