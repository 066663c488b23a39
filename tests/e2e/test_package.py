"""deploy/package.sh: a .deb that installs, runs and goes without a trace."""

import atexit
import functools
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from cluster import ROOT
from test_bundle import PROGRAMS, missing, why_no_root

# Runs "$@" in a copy of this machine that lives in memory: what it writes ends with it, and lies
# in $SCRATCH/written meanwhile.
IN_A_COPY = """
set -e
mount -t tmpfs scratch "$SCRATCH"
cd "$SCRATCH"
mkdir written work copy
mount -t overlay overlay -o lowerdir=/,upperdir=written,workdir=work copy
for folder in proc dev; do mount --rbind /$folder copy/$folder; done
mount -t tmpfs tmp copy/tmp
cp "$PACKAGE" copy/tmp/paceline.deb
exec "$@"
"""

INSTALL = """
set -e
in_copy() { chroot copy "$@"; }
# What dpkg and the tools of users leave whoever installs what. A file that was made and
# removed again is a device 0/0 in an overlay.
written() { find written ! -type d ! -type c | grep -vE \
  '^written/(var/lib/dpkg/|var/log/|var/cache/|etc/(passwd|group|shadow|gshadow)-?$|etc/sub[ug]id-?$|etc/.pwd.lock$)' |
  sort; }
in_copy dpkg -i /tmp/paceline.deb >&2
echo "== installed"; written
echo "== status"; in_copy dpkg-query -W -f '${db:Status-Status} ${Version}\\n' paceline
echo "== user"; in_copy getent passwd paceline; in_copy stat -c '%U:%G %a' /etc/paceline/tls
echo "== versions"
for program in $PROGRAMS; do in_copy env -i /usr/bin/$program --version; done
echo "== again"; in_copy dpkg -i /tmp/paceline.deb >&2; in_copy dpkg --verify paceline
echo '# mine' >>copy/etc/paceline/server.toml
mkdir -p copy/var/lib/paceline/server; echo cut >copy/var/lib/paceline/server/cut
in_copy dpkg --remove paceline >&2
echo "== removed"; written
in_copy dpkg --purge paceline >&2
echo "== purged"; written; in_copy getent passwd paceline || echo "no user"
find copy/etc/paceline copy/var/lib/paceline copy/usr/lib/paceline copy/usr/share/doc/paceline \
  copy/usr/include/paceline copy/usr/share/paceline 2>/dev/null || true
"""


def make(out):
    done = subprocess.run([str(ROOT / "deploy" / "package.sh"), "--out", str(out)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=1800)
    if done.returncode:
        raise AssertionError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")


@functools.lru_cache
def made_package():
    """The package, which is made once for all tests of a run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="paceline-package-"))
    atexit.register(shutil.rmtree, folder)
    make(folder / "paceline.deb")
    return folder / "paceline.deb"


@unittest.skipIf(missing("dpkg-deb", "dpkg-shlibdeps", "strip"),
                 f"not installed: {missing('dpkg-deb', 'dpkg-shlibdeps', 'strip')}")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.folder = pathlib.Path(temp.name)
        cls.package = made_package()

    def deb(self, *words):
        return subprocess.run(["dpkg-deb", *map(str, words)], check=True, capture_output=True,
                              text=True).stdout

    def test_the_same_bytes_again(self):
        again = self.folder / "again.deb"
        make(again)
        self.assertEqual(again.read_bytes(), self.package.read_bytes())

    def test_its_control_file(self):
        version = re.search('kVersion = "(.*)"', (ROOT / "common/version/version.h").read_text())[1]
        self.assertEqual(self.deb("-f", self.package, "Package", "Version").split(),
                         ["Package:", "paceline", "Version:", version])
        depends = self.deb("-f", self.package, "Depends")
        for package in ("libc6 (>= ", "libgrpc++1.51 (>= ", "libopenblas0", "libprotobuf32 (>= ",
                        "libsqlite3-0 (>= ", "libssl3 (>= "):
            self.assertIn(package, depends)
        conffiles = self.deb("-I", self.package, "conffiles").split()
        self.assertEqual(conffiles, [f"/etc/paceline/{role}.toml"
                                     for role in ("scheduler", "server", "worker")])

    def test_its_files(self):
        listing = [line.split(maxsplit=5) for line in self.deb("-c", self.package).splitlines()]
        self.assertEqual({owner for _, owner, *_ in listing}, {"root/root"})
        self.assertEqual(len({(date, time) for _, _, _, date, time, _ in listing}), 1)
        modes = {name: mode for mode, *_, name in listing}
        for program in PROGRAMS:
            self.assertEqual(modes[f"./usr/bin/{program}"], "-rwxr-xr-x")
        for role in ("scheduler", "server", "worker"):
            self.assertEqual(modes[f"./lib/systemd/system/paceline-{role}.service"], "-rw-r--r--")
        # What a model of one's own needs.
        for name in ("include/paceline/paceline_model.h", "include/paceline/paceline_model_abi.h",
                     "share/doc/paceline/user-models.md", "share/doc/paceline/example/poisson.cc",
                     "share/doc/paceline/example/poisson.yaml"):
            self.assertEqual(modes[f"./usr/{name}"], "-rw-r--r--")
        # What units name is there.
        for unit in (ROOT / "deploy" / "systemd").glob("*.service"):
            for program in re.findall(r"^ExecStart=(/\S+)", unit.read_text(), re.M):
                if "nvidia" not in program:
                    self.assertIn(f".{program}", modes)
        self.assertLess(self.package.stat().st_size, 30 << 20)

    @unittest.skipIf(why_no_root(), f"no other root folder: {why_no_root()}")
    def test_it_is_installed_removed_and_purged(self):
        scratch = self.folder / "scratch"
        scratch.mkdir()
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", IN_A_COPY, "sh",
             "sh", "-c", INSTALL], text=True, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=600, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SCRATCH": str(scratch),
                              "PACKAGE": str(self.package), "PROGRAMS": " ".join(PROGRAMS)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = dict(part.split("\n", 1) for part in done.stdout.split("== ")[1:])
        version = self.deb("-f", self.package, "Version").strip()
        self.assertEqual(said["status"], f"installed {version}\n")
        self.assertEqual(said["versions"].splitlines(), [f"{name} {version}" for name in PROGRAMS])
        self.assertRegex(said["user"], r"^paceline:x:\d+:\d+:Paceline:/var/lib/paceline:"
                                       r"/usr/sbin/nologin\nroot:paceline 750\n$")
        installed = set(said["installed"].split())
        packed = {f"written{line.split()[5][1:]}" for line in self.deb("-c", self.package).splitlines()
                  if not line.startswith("d")}
        # /lib is a link to /usr/lib.
        packed = {name.replace("written/lib/", "written/usr/lib/") for name in packed}
        self.assertEqual(installed, packed)
        self.assertEqual(said["again"], "")
        self.assertEqual(said["removed"].split(),
                         sorted(f"written/etc/paceline/{role}.toml"
                                for role in ("scheduler", "server", "worker"))
                         + ["written/var/lib/paceline/server/cut"])
        self.assertEqual(said["purged"], "no user\n")


if __name__ == "__main__":
    unittest.main()
