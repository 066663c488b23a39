"""The packages that Paceline is built with, as a file: @installed_packages//:versions."""

_PACKAGES = ["catch2", "clang*", "g++*", "lib*-dev"]

def _installed_packages_impl(repository_ctx):
    # Fails where a pattern matches nothing; what the others match is printed all the same.
    asked = repository_ctx.execute(["dpkg-query", "--show"] + _PACKAGES)
    repository_ctx.file("versions", asked.stdout)
    repository_ctx.file("BUILD.bazel", 'exports_files(["versions"])\n')

installed_packages = repository_rule(
    implementation = _installed_packages_impl,
    doc = "Looked at anew whenever Bazel's server starts. Empty where there is no dpkg.",
    local = True,
)
