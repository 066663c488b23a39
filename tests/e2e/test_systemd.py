"""The units of deploy/systemd as systemd runs them, from the .deb: a copy of this machine is booted.

The copy lies in memory and ends with its first process. It has namespaces of its own for
everything, so that nothing of it is seen outside.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from cluster import BIN, wait_for
from test_bundle import missing, why_no_root
from test_package import made_package

SYSTEMD = "/lib/systemd/systemd"

# $SHARED is /mnt there, and /mnt/script what runs once the copy is up.
BOOT = """
set -e
mount -t tmpfs scratch "$SCRATCH"
cd "$SCRATCH"
mkdir written work root
mount -t overlay overlay -o lowerdir=/,upperdir=written,workdir=work root
mount -t proc proc root/proc
mount -t sysfs sys root/sys
mount -t cgroup2 cgroup2 root/sys/fs/cgroup
mount --bind /dev root/dev
mount -t tmpfs run root/run
mount -t tmpfs tmp root/tmp
mount --bind "$SHARED" root/mnt
ip link set lo up
# Of this machine's own services the copy runs none.
rm -rf root/etc/systemd/system
mkdir root/etc/systemd/system
cat >root/etc/systemd/system/test.target <<EOF
[Unit]
Requires=basic.target test.service
After=basic.target
AllowIsolate=yes
EOF
cat >root/etc/systemd/system/test.service <<EOF
[Service]
Type=oneshot
ExecStart=/bin/bash -x /mnt/script
StandardOutput=file:/mnt/said
StandardError=file:/mnt/said
ExecStopPost=/bin/touch /mnt/done
EOF
ln -s /dev/null root/etc/systemd/system/systemd-udevd.service
# Not by chroot, in which no user namespace can be made.
mkdir root/.machine
cd root
pivot_root . .machine
exec chroot . /bin/sh -c 'umount -l /.machine; rmdir /.machine
  exec env container=copy %s --system --unit=test.target --show-status=no'
""" % SYSTEMD

SCRIPT = """
set -e
units="paceline-scheduler paceline-server paceline-worker"
dpkg -i /mnt/paceline.deb
if systemctl is-active $units; then exit 1; fi
systemctl start $units || { journalctl --no-pager --lines 40 --output cat; exit 1; }
for port in 8070 8071 8072; do
  curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:$port/readyz
done
sed 's/servers: 2/servers: 1/; s/workers: 2/workers: 1/; s/epochs: 40/epochs: 2/' \
  /usr/share/paceline/jobs/digits_mlp.yaml >/usr/share/paceline/jobs/one.yaml
pacectl submit --wait -o json /usr/share/paceline/jobs/one.yaml >/mnt/summary
ps -o user=,args= -p "$(systemctl show -P MainPID paceline-worker)" >/mnt/user

# One that stands still is started again by the watchdog.
mkdir -p /etc/systemd/system/paceline-server.service.d
printf '[Service]\\nWatchdogSec=3\\n' >/etc/systemd/system/paceline-server.service.d/test.conf
systemctl daemon-reload
systemctl restart paceline-server
kill -STOP "$(systemctl show -P MainPID paceline-server)"
until [ "$(systemctl show -P NRestarts paceline-server)" = 1 ]; do sleep 0.2; done
curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:8071/readyz

systemctl stop $units
systemctl show -p Id -p Result -p ExecMainStatus $units >/mnt/ends

# An option that does not exist does not become right by being tried again.
echo 'nonsense = "1"' >>/etc/paceline/server.toml
systemctl start paceline-server || true
until systemctl is-failed --quiet paceline-server; do sleep 0.2; done
systemctl show -p ExecMainStatus -p NRestarts paceline-server >/mnt/refused
"""


def why_no_systemd():
    if not os.path.exists(SYSTEMD):
        return "systemd is not installed"
    tools = missing("dpkg-deb", "dpkg-shlibdeps", "strip", "curl", "ip")
    if tools:
        return f"{tools} not installed"
    if not cgroup2():
        return "no control groups of version 2"
    return why_no_root()


def cgroup2():
    """Where control groups of version 2 are."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(folder)
    return None


class Copy:
    """A booted copy of this machine that runs a script; `with` ends it."""

    def __init__(self, folder, shared):
        self._group = cgroup2() / f"paceline-test-{os.getpid()}"
        self._group.mkdir()
        scratch = folder / "scratch"
        scratch.mkdir()
        self.console = folder / "console"
        with open(self.console, "wb") as console:
            self._unshare = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "sh", "-c",
                 'echo $$ >"$GROUP/cgroup.procs"; exec "$@"', "sh",
                 "unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net",
                 "--cgroup", "--propagation", "private", "bash", "-c", BOOT],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SCRATCH": str(scratch),
                     "SHARED": str(shared), "GROUP": str(self._group)})

    def runs(self):
        return self._unshare.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._unshare.kill()
        self._unshare.wait()
        folders = sorted(self._group.glob("**/"), key=lambda path: -len(path.parts))
        for folder in folders:
            # Its processes have just been killed.
            wait_for(lambda: self._removed(folder), 20, f"{folder} to be empty")

    @staticmethod
    def _removed(folder):
        try:
            folder.rmdir()
            return True
        except OSError:
            return not folder.exists()


@unittest.skipIf(why_no_systemd(), f"no systemd to boot: {why_no_systemd()}")
class Systemd(unittest.TestCase):
    def test_the_units_run_train_and_end(self):
        with tempfile.TemporaryDirectory() as temp:
            folder = pathlib.Path(temp)
            shared = folder / "shared"
            shared.mkdir()
            shutil.copy(made_package(), shared / "paceline.deb")
            (shared / "script").write_text(SCRIPT)
            with Copy(folder, shared) as copy:
                try:
                    wait_for(lambda: (shared / "done").exists() or not copy.runs(), 300, "the script")
                except AssertionError:
                    pass
                said = (shared / "said").read_text() if (shared / "said").exists() else ""
                said += copy.console.read_text(errors="replace")[-3000:]

            def result(name):
                self.assertTrue((shared / name).exists(), said)
                return (shared / name).read_text()
            self.assertEqual(json.loads(result("summary"))["state"], "succeeded")
            self.assertRegex(result("user"), "^paceline +/usr/bin/paceline-worker ")
            ends = result("ends")
            self.assertEqual(re.findall(r"^Result=(.*)", ends, re.M), ["success"] * 3, ends)
            self.assertEqual(re.findall(r"^ExecMainStatus=(.*)", ends, re.M), ["0"] * 3, ends)
            self.assertEqual(set(result("refused").split()), {"ExecMainStatus=2", "NRestarts=0"}, said)


if __name__ == "__main__":
    unittest.main()
