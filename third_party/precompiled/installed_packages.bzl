"""The versions of the packages that Paceline is built with, as a file: @installed_packages//:versions."""

def _installed_packages_impl(repository_ctx):
    asked = repository_ctx.execute(["dpkg-query", "-W", "libc6-dev", "libstdc++*-dev", "lib*-dev", "g++*", "clang*", "catch2"])

    # Some patterns match nothing, and where there is no dpkg nothing is known.
    repository_ctx.file("versions", asked.stdout)
    repository_ctx.file("BUILD.bazel", 'exports_files(["versions"])\n')

installed_packages = repository_rule(
    implementation = _installed_packages_impl,
    doc = "Looked at again whenever Bazel's server starts.",
    local = True,
)
