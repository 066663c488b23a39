"""C++ from .proto files with the installed protoc.

    load("//third_party:proto.bzl", "proto_library_cc")

    proto_library_cc(name = "job", src = "job.proto")
    proto_library_cc(
        name = "cluster",
        src = "cluster.proto",
        grpc = True,
        deps = [":job"],
    )

makes :job_cc_proto, :cluster_cc_proto and :cluster_cc_grpc. Imports and includes
are relative to the repository root: `import "proto/job.proto";` and
`#include "proto/job.pb.h"` (services: `#include "proto/cluster.grpc.pb.h"`).
"""

def proto_library_cc(name, src, deps = [], grpc = False, visibility = None):
    """Generates and compiles the messages and, if asked, the services of one .proto.

    Args:
      name: becomes `name` (the .proto with those it imports), `name_cc_proto`
        (messages) and `name_cc_grpc` (services, if grpc).
      src: one .proto file of this package.
      deps: names of other proto_library_cc targets, with a colon or a package.
      grpc: whether to generate services.
      visibility: of all targets.
    """
    base = src[:-len(".proto")]

    native.filegroup(
        name = name,
        srcs = [src] + deps,
        visibility = visibility,
    )

    native.genrule(
        name = name + "_pb_gen",
        srcs = [name],
        outs = [base + ".pb.h", base + ".pb.cc"],
        cmd = "protoc -I. -I/usr/include --cpp_out=$(GENDIR) " +
              native.package_name() + "/" + src,
        message = "Generating messages of",
        visibility = ["//visibility:private"],
    )
    native.cc_library(
        name = name + "_cc_proto",
        srcs = [base + ".pb.cc"],
        hdrs = [base + ".pb.h"],
        copts = ["-w"],
        visibility = visibility,
        deps = [dep + "_cc_proto" for dep in deps] + ["//third_party:protobuf"],
    )

    if grpc:
        native.genrule(
            name = name + "_grpc_gen",
            srcs = [name],
            outs = [base + ".grpc.pb.h", base + ".grpc.pb.cc"],
            cmd = "protoc -I. -I/usr/include " +
                  "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin " +
                  "--grpc_out=$(GENDIR) " + native.package_name() + "/" + src,
            message = "Generating services of",
            visibility = ["//visibility:private"],
        )
        native.cc_library(
            name = name + "_cc_grpc",
            srcs = [base + ".grpc.pb.cc"],
            hdrs = [base + ".grpc.pb.h"],
            copts = ["-w"],
            visibility = visibility,
            deps = [
                ":" + name + "_cc_proto",
                "//third_party:grpc",
            ] + [dep + "_cc_proto" for dep in deps],
        )
