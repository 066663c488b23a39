"""Libraries that the distribution installs: headers in /usr/include, linked by name."""

def system_library(name, libs = [], defines = [], linkopts = [], deps = []):
    """Wraps installed shared libraries as a dependency.

    The libraries are linked --as-needed: a binary loads only what it uses.

    Args:
      name: target name.
      libs: names for -l.
      defines: preprocessor definitions for every dependent.
      linkopts: further link options, e.g. -L.
      deps: system libraries whose headers or symbols this one needs.
    """
    flags = list(linkopts)
    if libs:
        flags += ["-Wl,--push-state,--as-needed"]
        flags += ["-l" + lib for lib in libs]
        flags += ["-Wl,--pop-state"]
    native.cc_library(
        name = name,
        defines = defines,
        linkopts = flags,
        deps = deps,
    )
