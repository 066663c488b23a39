// The page: what is asked, what is shown where, and what the keys do.
//
//   #/         all jobs and nodes
//   #/jobs/7   one job
import {Actions} from './actions.js';
import {ApiError, get} from './api.js';
import {Connection} from './connection.js';
import {byId, setText} from './dom.js';
import {jobState, num} from './format.js';
import {JobView} from './job.js';
import {Jobs} from './jobs.js';
import {Nodes} from './nodes.js';
import {nextTheme} from './theme_button.js';
import {Tiles} from './tiles.js';

// While one job is shown the cluster is asked about in each so many polls.
const kClusterEvery = 5;
const kNoticeMs = 8000;

const jobs = new Jobs(byId('jobs'));
const nodes = new Nodes(byId('nodes'));
const tiles = new Tiles(byId('tiles'));
const actions = new Actions((text) => {
  notice(text);
  connection.poll();
});
const view = new JobView(byId('job'), actions);
const connection = new Connection(() => (openId === null ? askAll() : askJob(openId)));

// The job that is shown; null: all of them.
let openId = null;
// Where to go back to.
let leftAt = {scroll: 0, focus: null};
let jobPolls = 0;
let noticeTimer = 0;
// Job -> its state when last seen.
const states = new Map();

async function askAll() {
  const [cluster, list] = await Promise.all([get('/api/cluster'), get('/api/jobs')]);
  return () => {
    showCluster(cluster);
    tiles.update(cluster.cluster, list.jobs);
    jobs.update(list.jobs, num(list.now_ms), num(list.left_out));
    nodes.update(cluster.cluster, num(cluster.now_ms));
    announce(list.jobs);
    document.title = `${num(cluster.cluster.jobs?.running)} running · Paceline`;
  };
}

async function askJob(id) {
  const withCluster = jobPolls++ % kClusterEvery === 0;
  const [answer, cluster] = await Promise.all([
    get(`/api/jobs/${id}`).catch((error) => {
      if (error instanceof ApiError && error.status > 0) return error;
      throw error;
    }),
    withCluster ? get('/api/cluster') : null,
  ]);
  return () => {
    if (cluster) showCluster(cluster);
    if (answer instanceof ApiError) {
      view.showMissing(answer.message);
      return;
    }
    view.update(answer.job, num(answer.now_ms));
    announce([answer.job]);
    document.title = `${answer.job.spec?.name ?? id} · ${jobState(answer.job)} · Paceline`;
  };
}

function showCluster({cluster, caller, needs_token: needsToken}) {
  if (needsToken) actions.needsToken = true;
  setText(byId('cluster-id'), [`cluster ${cluster.cluster_id}`, `version ${cluster.version}`,
    cluster.address, caller].filter(Boolean).join('  ·  '));
  byId('alarm').hidden = !cluster.alarm;
  setText(byId('alarm'), cluster.alarm ? `Alarm: ${cluster.alarm}` : '');
}

// For screen readers: what changed.
function announce(all) {
  const changed = all.filter((job) => {
    const before = states.get(job.job_id);
    states.set(job.job_id, jobState(job));
    return before !== undefined && before !== jobState(job);
  });
  if (changed.length === 0) return;
  setText(byId('live'), changed.map((job) => `Job ${job.job_id} ${job.spec?.name ?? ''}: ` +
    [jobState(job), job.reason].filter(Boolean).join(', ')).join('. '));
}

function notice(text) {
  setText(byId('notice'), text);
  setText(byId('live'), text);
  byId('notice').hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { byId('notice').hidden = true; }, kNoticeMs);
}

function route() {
  const before = openId;
  openId = /^#\/jobs\/(\d+)$/.exec(location.hash)?.[1] ?? null;
  if (openId !== null && before === null) {
    leftAt = {scroll: scrollY, focus: document.activeElement};
  }
  byId('overview').hidden = openId !== null;
  byId('job').hidden = openId === null;
  if (openId !== null) {
    jobPolls = 0;
    view.open(openId);
    view.title.focus();
    scrollTo(0, 0);
  } else if (before !== null) {
    scrollTo(0, leftAt.scroll);
    leftAt.focus?.focus({preventScroll: true});
  }
  connection.poll();
}

const press = (button) => !button.hidden && !view.buttons.hidden && button.click();

const kKeysAnywhere = {'t': nextTheme, '?': () => byId('help').showModal()};
const kKeysOfAll = {
  'j': () => jobs.move(1), 'k': () => jobs.move(-1),
  'ArrowDown': () => jobs.move(1), 'ArrowUp': () => jobs.move(-1),
  '/': () => byId('filter').focus(),
};
const kKeysOfJob = {
  'Escape': () => { location.hash = '#/'; },
  'c': () => press(view.checkpoint), 'x': () => press(view.cancel),
};
// Escape is left to the browser, which empties a search field.
const kKeysOfFilter = {'ArrowDown': () => jobs.move(1), 'Enter': () => jobs.move(1)};

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('dialog')) return;
  const keys = event.target.id === 'filter' ? kKeysOfFilter :
    event.target.matches('input, select') ? {} :
    {...kKeysAnywhere, ...(openId === null ? kKeysOfAll : kKeysOfJob)};
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
addEventListener('hashchange', route);
byId('help-open').addEventListener('click', () => byId('help').showModal());
route();
