"""Headers of libraries that most of our files include, parsed once and not in every file.

A precompiled header suits only who compiles as it was compiled, so there are three: for
libraries, for libraries that sanitizers optimise, too, and for tests. The macros of
paceline.bzl choose. `--define=precompiled=no` builds without, to find a file that does not
include what it names.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    header = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.run_shell(
        command = 'out=$1; shift; cat "$@" > "$out"',
        arguments = [header.path] + [source.path for source in ctx.files.srcs],
        inputs = ctx.files.srcs,
        outputs = [header],
    )

    # Both compilers look for it beside the header.
    precompiled = ctx.actions.declare_file(ctx.label.name + ".h.gch")
    compiler = cc_common.get_tool_for_action(
        feature_configuration = features,
        action_name = "c++-compile",
    )
    clang = "clang" in compiler
    dependencies = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps])
    context = dependencies.compilation_context
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = "-" if clang else header.path,
        output_file = precompiled.path,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + ctx.attr.copts,
        include_directories = context.includes,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        preprocessor_defines = context.defines,
        use_pic = True,
    )
    arguments = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = "c++-compile",
        variables = variables,
    )
    compilation = {
        "env": cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = "c++-compile",
            variables = variables,
        ),
        # The packages are what it is made of: Bazel does not see /usr/include.
        "inputs": depset([header, ctx.file._packages], transitive = [context.headers]),
        "tools": toolchain.all_files,
        "outputs": [precompiled],
        "mnemonic": "CppPrecompile",
        "progress_message": "Precompiling " + header.short_path,
    }
    if clang:
        # Clang would remember the absolute path of a file, which is another one for every
        # checkout that shares a cache, and takes a header from its standard input as well.
        ctx.actions.run_shell(
            command = 'header=$1; shift; exec "$@" < "$header"',
            arguments = [header.path, compiler, "-x", "c++-header"] +
                        ["-Xclang", "-fpch-instantiate-templates"] + arguments,
            **compilation
        )
    else:
        ctx.actions.run(
            executable = compiler,
            arguments = ["-x", "c++-header"] + arguments,
            **compilation
        )

    # Its users see the headers alone: what they link is for their own deps to say.
    return [CcInfo(compilation_context = cc_common.create_compilation_context(
        headers = depset([header, precompiled]),
        defines = context.defines,
    ))]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = True, mandatory = True),
        "copts": attr.string_list(doc = "As those of its users, in the same order."),
        "deps": attr.label_list(providers = [CcInfo]),
        "_packages": attr.label(default = "@installed_packages//:versions", allow_single_file = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
