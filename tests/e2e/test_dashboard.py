"""The dashboard in a browser, with a real cluster behind it."""

import os
import signal
import stat
import unittest
import urllib.error
import urllib.request

from browser import Browser, By, Keys, needs_browser
from cluster import Cluster, needs_digits, wait_for
from processes import counting, digits

# Contrast of text, as in WCAG 2.1 (AA).
LEAST_CONTRAST = 4.5

# [contrast, text] of every piece of text that is seen, lowest first.
CONTRASTS = """
const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
const part = (c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
const back = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  const text = walker.currentNode.textContent.trim();
  if (text === '' || !node.checkVisibility() || node.closest('.unseen, noscript')) continue;
  const style = getComputedStyle(node);
  const [a, b] = [light(parse(node.closest('svg') ? style.fill : style.color)), light(back(node))];
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text]);
}
return found.sort((x, y) => x[0] - y[0]);
"""


def points(browser, title):
    """How many points the first curve of a chart has."""
    return browser.run("""
        const chart = [...document.querySelectorAll('figure')].find(
            (one) => one.querySelector('b').textContent === arguments[0]);
        const path = chart?.querySelector('.curve')?.getAttribute('d') ?? '';
        return path === 'M0 0' ? 0 : (path.match(/[ML]/g) ?? []).length;""", title)


# Text of a cell, by the row's key and the column.
CELL = "[data-key='{key}'] .col-{column}"


@needs_browser
@needs_digits
class DashboardTest(unittest.TestCase):
    """One cluster and one window; every test has its own jobs."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(servers=2, workers=2, slots=2)
        cls.addClassCleanup(cls.cluster.__exit__)
        cls.url = f"http://{cls.cluster.scheduler.http_address()}/"
        cls.folder = cls.cluster.folder
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)

    def setUp(self):
        self.browser.resize(1280)
        self.browser.prefer("light")
        self.open()
        self.browser.run("sessionStorage.clear(); localStorage.clear()")
        self.open()
        self.browser.console()
        self.browser.origins()

    def open(self, fragment=""):
        self.browser.open(self.url + fragment)
        self.browser.await_text("#connection", "live")

    def submit(self, path):
        """A running job, which ends with the test."""
        job = self.cluster.submit(path)
        self.addCleanup(self.cluster.pacectl, "cancel", job)
        self.cluster.wait_for_state(job, "running")
        return job

    def train(self):
        """A job with a loss, for as long as the test takes."""
        return self.submit(digits(self.folder, epochs=100000))

    def count(self, iterations=10**9):
        return self.submit(counting(self.folder, "counting", iterations))

    def fill(self, css, text):
        field = self.browser.find(css)
        field.clear()
        field.send_keys(text)

    def token(self):
        return (self.folder / "scheduler" / "http-token").read_text().strip()

    def test_jobs_and_nodes_are_shown_and_curves_move(self):
        job = self.train()
        self.browser.await_text(CELL.format(key=job, column="state"), "running")
        self.browser.await_text(CELL.format(key=job, column="name"), "digits")
        self.assertEqual(self.browser.text(CELL.format(key=job, column="policy")), "bsp")
        # Scheduler, two servers, two workers.
        wait_for(lambda: len(self.browser.all("#nodes tbody tr")) == 5, 60, "all nodes")
        self.assertEqual({one.text for one in self.browser.all("#nodes .state")}, {"live"})
        self.browser.await_text("#nodes", self.cluster.workers[0].address())
        self.browser.screenshot("overview-light")

        self.open(f"#/jobs/{job}")
        wait_for(lambda: points(self.browser, "Loss") >= 2, 60, "a loss curve")
        before = points(self.browser, "Loss"), points(self.browser, "Throughput")
        wait_for(lambda: points(self.browser, "Loss") > before[0] + 2
                 and points(self.browser, "Throughput") > before[1] + 2, 60, "curves that move")
        self.browser.await_text(".facts", "mlp")
        self.assertEqual(len(self.browser.all("[data-key] .col-rank")), 2)
        self.browser.screenshot("job-light")

        self.assertEqual(self.browser.console(), [])
        self.assertEqual(self.browser.origins(), {self.cluster.scheduler.http_address()})

    def test_what_is_looked_at_stays_while_data_changes(self):
        job = self.train()
        name = CELL.format(key=job, column="name") + " a"
        wait_for(lambda: self.browser.all(name), 60, "the job's row")
        link = self.browser.find(name)
        self.browser.run("""
            arguments[0].focus();
            getSelection().selectAllChildren(document.querySelector('#cluster-id'));
            window.watched = [arguments[0], arguments[0].closest('tr')];""", link)
        rate = CELL.format(key=job, column="progress")
        before = self.browser.text(rate)
        wait_for(lambda: self.browser.text(rate) != before, 60, "another progress")
        self.assertTrue(self.browser.run("""
            return document.activeElement === window.watched[0] && window.watched[1].isConnected
                && getSelection().toString().includes('cluster');"""))

    def test_a_killed_task_is_told_with_its_reason(self):
        job = self.train()
        self.open(f"#/jobs/{job}")
        pid = self.cluster.task_pids(job)[1]
        os.kill(pid, signal.SIGKILL)
        self.browser.await_text("[data-key='1'] .col-exit", "SIGKILL")
        self.browser.await_text("[aria-label='Events']", "SIGKILL")
        self.browser.screenshot("job-with-killed-task")

    def test_a_killed_worker_is_lost_and_the_job_says_what_it_waits_for(self):
        self.count()
        worker = self.cluster.workers[0]
        # The row of the worker: its class and what its state is.
        row = f"//tbody/tr[th='{worker.address()}']"
        wait_for(lambda: self.browser.driver.find_elements(By.XPATH, row), 60, "the worker's row")
        worker.kill()
        try:
            wait_for(lambda: "lost" in self.browser.driver.find_element(By.XPATH, row).text, 60,
                     "a worker that is lost")
            self.browser.await_text("#tiles", "1 lost")
            self.browser.screenshot("lost-worker")
        finally:
            self.cluster.restart_worker(0)
        self.browser.await_text("#tiles", "none lost")

    def test_a_job_that_cannot_start_says_why(self):
        job = self.cluster.submit(counting(self.folder, "wide", 10, workers=7))
        self.addCleanup(self.cluster.pacectl, "cancel", job)
        self.browser.await_text(CELL.format(key=job, column="reason"), "needs 7")
        self.assertEqual(self.browser.text(CELL.format(key=job, column="state")), "pending")

    def test_cancel_is_refused_without_the_token_and_done_with_it(self):
        job = self.count()
        reason = "<img src=x onerror=\"window.hacked = 1\"> & <b>why</b>"
        self.open(f"#/jobs/{job}")
        wait_for(lambda: self.browser.find(".danger").is_displayed(), 60, "the button")
        self.browser.find(".danger").click()
        self.fill("#reason", reason)
        self.browser.find("#confirm-yes").click()
        self.browser.await_text("#refused", "a token expected")
        self.browser.screenshot("cancel-refused")
        self.fill("#token", "0" * 64)
        self.browser.find("#confirm-yes").click()
        self.browser.await_text("#refused", "not the token")
        self.assertEqual(self.cluster.summary(job)["state"], "running")

        self.fill("#token", self.token())
        self.browser.find("#confirm-yes").click()
        self.browser.await_text(".job-head", "cancelled")
        self.assertEqual(self.cluster.summary(job)["reason"], reason)
        self.browser.await_text(".reason", reason)
        self.assertFalse(self.browser.find(".danger").is_displayed())
        self.open()
        self.browser.await_text(CELL.format(key=job, column="reason"), reason)
        self.assertEqual(self.browser.all("main img, main b"), [])
        self.assertIsNone(self.browser.run("return window.hacked"))

        # It is asked for once; the next job is cancelled without.
        other = self.count()
        self.open(f"#/jobs/{other}")
        wait_for(lambda: self.browser.find(".danger").is_displayed(), 60, "the button")
        self.browser.find(".danger").click()
        self.assertFalse(self.browser.find("#token-row").is_displayed())
        self.browser.find("#confirm-yes").click()
        self.browser.await_text(".job-head", "cancelled")

    def test_a_checkpoint_on_demand(self):
        job = self.train()
        self.open(f"#/jobs/{job}")
        self.browser.await_text(".job-head", "running")
        self.browser.press("c")
        self.fill("#token", self.token())
        self.browser.find("#confirm-yes").click()
        self.browser.await_text("#notice", "will be checkpointed")
        wait_for(lambda: self.browser.all("[data-key] .col-cut"), 60, "a checkpoint in the table")

    def test_the_token_is_a_secret_and_other_sites_may_not_ask(self):
        job = self.count()
        mode = (self.folder / "scheduler" / "http-token").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)

        def cancel(**headers):
            request = urllib.request.Request(
                f"{self.url}api/jobs/{job}/cancel", data=b"{}", method="POST",
                headers={"Content-Type": "application/json", **headers})
            try:
                return urllib.request.urlopen(request, timeout=30).status
            except urllib.error.HTTPError as error:
                return error.code
        good = f"Bearer {self.token()}"
        self.assertEqual(cancel(), 401)
        self.assertEqual(cancel(Authorization=good, Origin="http://evil.example"), 403)
        self.assertEqual(cancel(Authorization=good, Host="evil.example"), 403)
        self.assertEqual(cancel(**{"Authorization": good, "Content-Type": "text/plain"}), 415)
        self.assertEqual(self.cluster.summary(job)["state"], "running")
        self.assertEqual(cancel(Authorization=good), 200)
        self.cluster.wait_for_state(job, "cancelled")

    def test_keys_alone_lead_everywhere(self):
        browser = self.browser
        jobs = [self.count(), self.count()]
        browser.await_text(CELL.format(key=jobs[1], column="state"), "running")
        browser.press("j")
        self.assertEqual(browser.focused("hash"), f"#/jobs/{jobs[1]}")
        browser.press("j")
        self.assertEqual(browser.focused("hash"), f"#/jobs/{jobs[0]}")
        browser.press(Keys.ARROW_UP)
        self.assertEqual(browser.focused("hash"), f"#/jobs/{jobs[1]}")
        browser.press(Keys.ENTER)
        browser.await_text("#job-title", str(jobs[1]))
        self.assertEqual(browser.focused("id"), "job-title")
        browser.await_text(".job-head", "running")
        browser.press("x")
        self.assertTrue(browser.find("#confirm").is_displayed())
        browser.press(Keys.ESCAPE)
        self.assertFalse(browser.find("#confirm").is_displayed())
        browser.press(Keys.ESCAPE)
        wait_for(lambda: browser.find("#overview").is_displayed(), 60, "the way back")
        self.assertEqual(browser.focused("hash"), f"#/jobs/{jobs[1]}")

        browser.press("/")
        self.assertEqual(browser.focused("id"), "filter")
        browser.press("no such job")
        browser.await_text("#jobs .empty", "No job matches")
        browser.press(Keys.ESCAPE)
        browser.await_text("#jobs tbody", "counting")
        browser.press("running", Keys.ENTER)
        self.assertEqual(browser.focused("hash"), f"#/jobs/{jobs[1]}")
        browser.press("?")
        self.assertTrue(browser.find("#help").is_displayed())
        browser.press(Keys.ESCAPE)
        self.assertFalse(browser.find("#help").is_displayed())

        # By Tab alone: everything that can be clicked is on the way, and shows where one is.
        browser.run("document.activeElement.blur()")
        seen = set()
        for _ in range(60):
            browser.press(Keys.TAB)
            seen.add(browser.focused())
            if browser.focused("tagName") != "BODY":
                self.assertNotEqual(browser.run(
                    "return getComputedStyle(document.activeElement).outlineStyle"), "none")
        self.assertLessEqual({"Theme: auto", "Keys", "counting", "State", "Role"}, seen)

    def test_light_and_dark_can_both_be_read(self):
        browser = self.browser
        job = self.train()

        def page():
            return browser.run("return getComputedStyle(document.body).backgroundColor")
        for fragment in ("", f"#/jobs/{job}"):
            for scheme in ("light", "dark"):
                browser.prefer(scheme)
                self.open(fragment)
                browser.await_text("main", "running")
                with self.subTest(scheme=scheme, page=fragment):
                    contrast, text = browser.run(CONTRASTS)[0]
                    self.assertGreaterEqual(contrast, LEAST_CONTRAST, text)
                browser.screenshot(f"{'job' if fragment else 'overview'}-{scheme}")
        dark = page()
        browser.press("t")
        self.assertEqual(browser.text("#theme"), "Theme: light")
        light = page()
        self.assertNotEqual(light, dark)
        self.open()
        self.assertEqual(page(), light)
        browser.press("t")
        self.assertEqual(page(), dark)
        browser.press("t")
        self.assertEqual(browser.text("#theme"), "Theme: auto")

    def test_the_page_fits_a_narrow_window(self):
        job = self.train()
        for fragment in ("", f"#/jobs/{job}"):
            for width in (360, 768, 1920):
                self.browser.resize(width)
                self.open(fragment)
                self.browser.await_text("main", "running")
                with self.subTest(width=width, page=fragment):
                    self.assertLessEqual(
                        self.browser.run("return document.documentElement.scrollWidth"), width)
                self.browser.screenshot(f"{'job' if fragment else 'overview'}-{width}")

    def test_changes_are_said_and_tables_have_heads(self):
        job = self.count()
        self.browser.await_text(CELL.format(key=job, column="state"), "running")
        self.cluster.pacectl("cancel", job, check=True)
        self.browser.await_text("#live[aria-live]", f"Job {job} counting: cancelled")
        self.assertEqual(self.browser.run("""
            return [...document.querySelectorAll('th')].filter((one) => !one.scope).length
                + [...document.querySelectorAll('table')].filter((one) => !one.ariaLabel).length
                + [...document.querySelectorAll('button')].filter((one) => !one.textContent).length;
            """), 0)
        # The column that is sorted by says so, and by a click the other way round.
        head = self.browser.find("#jobs thead th")
        self.assertEqual(head.get_attribute("aria-sort"), "descending")
        self.browser.find("#jobs thead button").click()
        self.assertEqual(head.get_attribute("aria-sort"), "ascending")
        keys = [int(row.get_attribute("data-key")) for row in self.browser.all("#jobs tbody tr")]
        self.assertEqual(keys, sorted(keys))

    def test_a_silent_scheduler_is_told_and_forgiven(self):
        self.browser.await_text("#nodes", "worker")
        os.kill(self.cluster.scheduler.pid, signal.SIGSTOP)
        try:
            self.browser.await_text("#offline-text", "does not answer")
            self.browser.await_text("#offline-text", "What is shown is of")
            self.assertIn("stale", self.browser.find("body").get_attribute("class"))
            self.browser.await_text("#nodes", "worker")
            self.browser.screenshot("silent-scheduler")
        finally:
            os.kill(self.cluster.scheduler.pid, signal.SIGCONT)
        self.browser.await_text("#connection", "live")
        self.assertFalse(self.browser.find("#offline").is_displayed())


if __name__ == "__main__":
    unittest.main()
