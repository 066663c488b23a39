"""deploy/kubernetes: manifests that fit together. No cluster ran them."""

import re
import shutil
import subprocess
import unittest

import yaml

from cluster import ROOT
from test_deploy_files import documents, flag_names, flags

BASE = ROOT / "deploy" / "kubernetes" / "base"
GPU = ROOT / "deploy" / "kubernetes" / "overlays" / "gpu"
ROLES = ("scheduler", "server", "worker")


def objects():
    """What base/kustomization.yaml names, by (kind, name)."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    found = {}
    for resource in kustomization["resources"]:
        for document in documents(BASE / resource):
            found[document["kind"], document["metadata"]["name"]] = document
    return found


def selects(selector, labels):
    return selector.items() <= labels.items()


class Kubernetes(unittest.TestCase):
    def setUp(self):
        self.objects = objects()
        self.sets = {role: self.objects["StatefulSet", f"paceline-{role}"] for role in ROLES}

    def pod(self, role):
        return self.sets[role]["spec"]["template"]["spec"]

    def container(self, role):
        (container,) = self.pod(role)["containers"]
        return container

    def arguments(self, role):
        return dict(argument.split("=", 1) for argument in self.container(role)["args"])

    def test_every_file_of_the_base_is_named(self):
        kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
        self.assertEqual(set(kustomization["resources"]),
                         {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"})
        self.assertEqual([image["name"] for image in kustomization["images"]], ["paceline"])

    def test_every_flag_exists(self):
        for role in ROLES:
            self.assertEqual(self.container(role)["command"], [f"paceline-{role}"])
            self.assertLessEqual(flag_names(self.container(role)["args"]), flags(f"paceline-{role}"))
        (patch,) = documents(GPU / "worker.yaml")
        (container,) = patch["spec"]["template"]["spec"]["containers"]
        self.assertLessEqual(flag_names(container["args"]), flags("paceline-worker"))

    def test_selectors_find_what_they_mean(self):
        for role, stateful in self.sets.items():
            labels = stateful["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(stateful["spec"]["selector"]["matchLabels"], labels)
            service = self.objects["Service", stateful["spec"]["serviceName"]]
            self.assertTrue(selects(service["spec"]["selector"], labels))
            others = [other["spec"]["template"]["metadata"]["labels"]
                      for name, other in self.sets.items() if name != role]
            for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
                policy = self.objects.get((kind, f"paceline-{role}"))
                if policy is None:
                    self.assertEqual((kind, role), ("PodDisruptionBudget", "scheduler"))
                    continue
                selector = policy["spec"][key]["matchLabels"]
                self.assertTrue(selects(selector, labels))
                self.assertFalse(any(selects(selector, other) for other in others))

    def test_ports_have_the_names_by_which_they_are_meant(self):
        for role in ROLES:
            ports = {port["name"]: port["containerPort"] for port in self.container(role)["ports"]}
            arguments = self.arguments(role)
            self.assertEqual(arguments["--listen"], f"0.0.0.0:{ports['grpc']}")
            self.assertEqual(arguments["--http-listen"], f"0.0.0.0:{ports['http']}")
            service = self.objects["Service", f"paceline-{role}"]
            for port in service["spec"]["ports"]:
                self.assertEqual(port["port"], ports[port["targetPort"]])
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                get = self.container(role)[probe]["httpGet"]
                self.assertIn(get["port"], ports)
                self.assertEqual(get["scheme"], "HTTPS")
                self.assertEqual(get["path"], "/readyz" if probe == "readinessProbe" else "/healthz")
            for rule in self.objects["NetworkPolicy", f"paceline-{role}"]["spec"]["ingress"]:
                for port in rule["ports"]:
                    self.assertIn(port["port"], ports)

    def test_names_that_are_dialled_exist(self):
        for role in ROLES:
            arguments = self.arguments(role)
            host, port = arguments["--advertise"].split(":")
            self.assertEqual(host, f"$(POD_NAME).{self.sets[role]['spec']['serviceName']}")
            self.assertEqual(port, arguments["--listen"].split(":")[1])
            if role != "scheduler":
                self.assertEqual(arguments["--scheduler"],
                                 "paceline-scheduler-0.paceline-scheduler:7070")
        self.assertEqual(self.sets["scheduler"]["spec"]["replicas"], 1)

    def test_volumes_that_are_mounted_exist(self):
        for role in ROLES:
            volumes = {volume["name"]: volume for volume in self.pod(role)["volumes"]}
            claims = {claim["metadata"]["name"]
                      for claim in self.sets[role]["spec"]["volumeClaimTemplates"]}
            mounts = {mount["name"]: mount["mountPath"]
                      for mount in self.container(role)["volumeMounts"]}
            self.assertEqual(set(mounts), set(volumes) | claims)
            arguments = self.arguments(role)
            self.assertTrue(arguments["--data-dir"].startswith(mounts["data"] + "/"))
            self.assertEqual(arguments["--tls-dir"], mounts["tls"])
            self.assertEqual(volumes["tls"]["secret"]["secretName"], f"paceline-{role}-tls")
            for volume in volumes.values():
                if "persistentVolumeClaim" in volume:
                    self.assertIn(("PersistentVolumeClaim",
                                   volume["persistentVolumeClaim"]["claimName"]), self.objects)
            self.assertIn(("ServiceAccount", self.pod(role)["serviceAccountName"]), self.objects)
        readme = (BASE.parent / "README.md").read_text()
        self.assertIn("create secret generic paceline-$role-tls --type kubernetes.io/tls", readme)

    def test_pods_are_restricted(self):
        namespace = self.objects["Namespace", "paceline"]
        self.assertEqual(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
                         "restricted")
        for role in ROLES:
            pod = self.pod(role)["securityContext"]
            self.assertTrue(pod["runAsNonRoot"])
            self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
            container = self.container(role)["securityContext"]
            self.assertFalse(container["allowPrivilegeEscalation"])
            self.assertTrue(container["readOnlyRootFilesystem"])
            self.assertEqual(container["capabilities"], {"drop": ["ALL"]})
            resources = self.container(role)["resources"]
            self.assertLessEqual({"cpu", "memory"}, set(resources["requests"]))
            self.assertEqual(resources["limits"]["memory"], resources["requests"]["memory"])

    def test_pods_have_the_time_to_drain(self):
        for role in ROLES:
            drain = int(self.arguments(role).get("--drain-seconds", 10))
            self.assertGreaterEqual(self.pod(role)["terminationGracePeriodSeconds"], drain + 20)

    def test_the_gpu_overlay_changes_what_there_is(self):
        (patch,) = documents(GPU / "worker.yaml")
        base = self.sets["worker"]
        self.assertEqual((patch["kind"], patch["metadata"]["name"]),
                         (base["kind"], base["metadata"]["name"]))
        (container,) = patch["spec"]["template"]["spec"]["containers"]
        self.assertEqual(container["name"], self.container("worker")["name"])
        # A list is replaced as a whole: nothing of the base may be forgotten.
        changed = dict(argument.split("=", 1) for argument in container["args"])
        missing = set(self.arguments("worker")) - set(changed)
        self.assertEqual(missing, {"--slots"})
        for flag in set(changed) & set(self.arguments("worker")):
            self.assertEqual(changed[flag], self.arguments("worker")[flag])

    @unittest.skipUnless(shutil.which("kubectl"), "kubectl not installed")
    def test_kustomize_renders_it(self):
        for folder in (BASE, GPU):
            done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
            self.assertEqual(len(kinds), len(self.objects))
            images = set(re.findall(r"image: (\S+)", done.stdout))
            self.assertEqual(len(images), 1)
            self.assertRegex(images.pop(), r"/paceline:\d")


if __name__ == "__main__":
    unittest.main()
