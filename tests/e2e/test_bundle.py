"""deploy/bundle.sh: a folder that runs where nothing but glibc is."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from cluster import ROOT

LIMIT = 60 << 20
PROGRAMS = ("pacectl", "paceline-scheduler", "paceline-server", "paceline-worker")
GLIBC = re.compile(r"(ld-linux.*|lib(c|m|mvec|dl|rt|pthread|resolv|util|anl))\.so")
# All of a host's that the programs may touch.
LOADER = "/lib64/ld-linux-x86-64.so.2"

# Runs "$@" in a root folder, $ROOT_FOLDER, that holds /proc, /dev and /sys of the host and,
# as /bundle, $BUNDLE.
IN_ROOT = """
set -e
cd "$ROOT_FOLDER"
for folder in proc dev sys; do mkdir -p $folder; mount --rbind /$folder $folder; done
mkdir -p bundle tmp
mount --bind "$BUNDLE" bundle
exec env -i "$(command -v chroot)" "$ROOT_FOLDER" "$@"
"""


def missing(*tools):
    return ", ".join(tool for tool in tools if not shutil.which(tool))


def why_no_root():
    """Why no root folder can be made here; empty if it can."""
    if missing("unshare", "mount", "chroot"):
        return f"{missing('unshare', 'mount', 'chroot')} not installed"
    if os.geteuid() != 0:
        return "only root changes roots"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def libraries(program, env):
    """{name: file} of what the loader takes for a program."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, env=env, check=True)
    return dict(re.findall(r"^\s*(\S+) => (.*?)(?: \(0x\w+\))?$", done.stdout, re.M))


@unittest.skipIf(missing("objdump", "strip", "ldd", "dpkg"),
                 f"not installed: {missing('objdump', 'strip', 'ldd', 'dpkg')}")
class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.folder = pathlib.Path(temp.name)
        cls.archive = cls.folder / "made" / "paceline.tar.gz"
        cls.said = cls.make("--system-cuda", "--out", cls.archive).stdout
        # Elsewhere than where it was made.
        with tarfile.open(cls.archive) as archive:
            archive.extractall(cls.folder / "unpacked")
            cls.members = archive.getmembers()
        (found,) = (cls.folder / "unpacked").iterdir()
        cls.bundle = found.rename(cls.folder / "a bundle")

    @staticmethod
    def make(*flags, expect=0):
        done = subprocess.run([str(ROOT / "deploy" / "bundle.sh"), *map(str, flags)], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=1800)
        if done.returncode != expect:
            raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def run_in(self, *command, env=None, timeout=120):
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env or {},
                              cwd="/", stdin=subprocess.DEVNULL, timeout=timeout)

    def check_trained(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        summary = json.loads(done.stdout)
        self.assertEqual(summary["state"], "succeeded")
        self.assertGreaterEqual(summary["eval"]["accuracy"], 0.96)

    def test_its_size(self):
        self.assertLess(self.archive.stat().st_size, LIMIT)
        said = re.search(r"compressed: ([0-9.]+) MiB", self.said)
        self.assertAlmostEqual(float(said[1]), self.archive.stat().st_size / (1 << 20), delta=0.06)

    def test_its_manifest(self):
        manifest = dict(reversed(line.split("  ", 1)) for line in
                        (self.bundle / "MANIFEST.sha256").read_text().splitlines())
        files = {str(path.relative_to(self.bundle)) for path in self.bundle.rglob("*")
                 if path.is_file()}
        self.assertEqual(set(manifest), files - {"MANIFEST.sha256"})
        for name, expected in manifest.items():
            self.assertEqual(hashlib.sha256((self.bundle / name).read_bytes()).hexdigest(),
                             expected, name)

    def test_every_library_has_its_package_and_licence(self):
        rows = [line.split("\t") for line in
                (self.bundle / "share" / "libraries.tsv").read_text().splitlines()]
        self.assertEqual({name for name, _, _ in rows if name != "-"},
                         {path.name for path in (self.bundle / "lib").iterdir()})
        self.assertIn("libopenblas.so.0", {name for name, _, _ in rows})
        for name, package, version in rows:
            self.assertTrue(version, name)
            text = (self.bundle / "share" / "licenses" / f"{package}.txt").read_text()
            self.assertRegex(text, "(?i)copyright", package)

    def test_the_same_bytes_again(self):
        again = self.folder / "again.tar.gz"
        self.make("--system-cuda", "--out", again)
        self.assertEqual(again.read_bytes(), self.archive.read_bytes())
        self.assertEqual({(one.uid, one.gid) for one in self.members}, {(0, 0)})
        self.assertEqual(len({one.mtime for one in self.members}), 1)

    def test_the_least_glibc_that_it_names(self):
        needed = set()
        for path in [*(self.bundle / "lib").iterdir(), *(self.bundle / "bin").iterdir()]:
            done = subprocess.run(["readelf", "-V", path], capture_output=True, text=True, check=True)
            needed |= {tuple(map(int, version.split(".")))
                       for version in re.findall(r"Name: GLIBC_([0-9.]+)", done.stdout)}
        least = ".".join(map(str, max(needed)))
        self.assertIn(f"needs: glibc {least} or newer", self.said)
        self.assertIn(f"glibc {least}\n", (self.bundle / "VERSION").read_text())
        self.assertIn(f"with glibc {least} or newer", (self.bundle / "README.md").read_text())

    def test_no_library_comes_from_elsewhere(self):
        # Whatever LD_LIBRARY_PATH says.
        for env in ({}, {"LD_LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu"}):
            for program in PROGRAMS:
                found = libraries(self.bundle / "bin" / program, env)
                ours = {name: path for name, path in found.items() if not GLIBC.match(name)}
                self.assertGreater(len(ours), 30)
                for name, path in ours.items():
                    self.assertEqual(path, f"{self.bundle}/bin/../lib/{name}")
                self.assertFalse([name for name in found if name.startswith(("libcu", "libnv"))])

    def test_help_and_version(self):
        version = (self.bundle / "VERSION").read_text().split()[1]
        for program in PROGRAMS:
            done = self.run_in(self.bundle / "bin" / program, "--version")
            self.assertEqual((done.returncode, done.stdout), (0, f"{program} {version}\n"), done.stderr)
            done = self.run_in(self.bundle / "bin" / program, "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("Options:", done.stdout)

    def test_its_job_learns(self):
        self.check_trained(self.run_in(self.bundle / "bin" / "pacectl", "local", "run",
                                       self.bundle / "share" / "jobs" / "digits_mlp.yaml", "-o", "json"))

    @unittest.skipIf(missing("g++"), "g++ not installed")
    def test_a_model_of_ones_own_is_built_against_it_and_learns(self):
        models = self.folder / "models"
        models.mkdir()
        example = self.bundle / "share" / "doc" / "example"
        done = self.run_in("g++", "-std=c++17", "-O2", "-shared", "-fPIC", "-fvisibility=hidden",
                           f"-I{self.bundle}/include/paceline", example / "poisson.cc", "-o",
                           models / "poisson.so", env={"PATH": os.environ["PATH"]})
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.run_in(self.bundle / "bin" / "pacectl", "local", "run", example / "poisson.yaml",
                           "--model-dir", models, "-o", "json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["state"], "succeeded")

    @unittest.skipIf(why_no_root(), f"no other root folder: {why_no_root()}")
    def test_its_job_learns_where_nothing_else_is(self):
        root = self.folder / "root"
        found = libraries(self.bundle / "bin" / "paceline-worker", {})
        host = {LOADER: LOADER, **{f"/lib/x86_64-linux-gnu/{name}": path
                                   for name, path in found.items() if GLIBC.match(name)}}
        self.assertGreater(len(host), 2)
        for name, path in host.items():
            target = root / name.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        env = {"PATH": os.environ["PATH"], "ROOT_FOLDER": str(root), "BUNDLE": str(self.bundle)}
        self.check_trained(self.run_in(
            "unshare", "--mount", "--propagation", "private", "sh", "-c", IN_ROOT, "sh",
            "/bundle/bin/pacectl", "local", "run", "/bundle/share/jobs/digits_mlp.yaml", "-o", "json",
            env=env))

    @unittest.skipIf(missing("gcc"), "gcc not installed")
    def test_what_is_loaded_at_run_time_is_looked_for_in_lib(self):
        # In place of cuBLAS: libraries that name themselves, one of which needs the other.
        source = self.folder / "source.c"
        build = ["gcc", "-shared", "-fPIC", str(source), "-o"]
        lib = self.bundle / "lib"
        names = ("libcublasLt.so.13", "libcublas.so.13")
        for name in names:
            self.addCleanup((lib / name).unlink)
            source.write_text(f"int answer_of_{name.split('.')[0]}(void) {{ return 13; }}\n")
            done = [lib / names[0]] if name != names[0] else []
            subprocess.run([*build, str(lib / name), f"-Wl,-soname,{name}", "-Wl,--no-as-needed",
                            *map(str, done)], check=True)
        # As the worker does, in each program.
        source.write_text("""#define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdio.h>
            __attribute__((constructor)) static void load(void) {
              void* blas = dlopen("libcublas.so.13", RTLD_NOW);
              Dl_info info = {0};
              dladdr(blas ? dlsym(blas, "answer_of_libcublasLt") : NULL, &info);
              printf("%s\\n", blas ? info.dli_fname : dlerror());
            }""")
        probe = self.folder / "probe.so"
        subprocess.run([*build, str(probe)], check=True)
        for program in PROGRAMS:
            done = self.run_in(self.bundle / "bin" / program, "--version",
                               env={"LD_PRELOAD": str(probe)})
            self.assertEqual(done.stdout.splitlines()[0], f"{self.bundle}/bin/../lib/{names[0]}")

    def test_what_it_refuses(self):
        self.assertIn("usage: ", self.make("--cuda", expect=2).stderr)
        self.assertIn("usage: ", self.make("--out", expect=2).stderr)
        full = self.folder / "full"
        full.mkdir()
        (full / "precious").write_text("")
        done = self.make("--system-cuda", "--out", full, expect=1)
        self.assertIn(f"{full} exists and is not empty", done.stderr)
        self.assertEqual([path.name for path in full.iterdir()], ["precious"])


if __name__ == "__main__":
    unittest.main()
