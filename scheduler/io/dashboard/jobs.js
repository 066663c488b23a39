// The table of jobs, its filter, and what a job's state and progress look like.
import {byId, drawBar, h, setText} from './dom.js';
import {duration, hasEnded, jobState, num, policy, rate, short, whole} from './format.js';
import {Table, unlessZero} from './table.js';

const kRowsAtFirst = 50;
const kStates = ['pending', 'placing', 'running', 'recovering', 'checkpointing', 'succeeded',
  'failed', 'cancelled'];

// A state is told by its word; colour comes on top.
export function drawState(cell, job) {
  if (!cell.firstChild) cell.append(h('span'));
  const state = jobState(job);
  cell.firstChild.className = `state ${state}`;
  setText(cell.firstChild, state);
}

// Share done, 0 to 1; NaN: nobody knows how much there is.
function share(job) {
  if (jobState(job) === 'succeeded') return 1;
  const total = num(job.iterations_total);
  return total > 0 ? Math.min(1, num(job.iterations_done) / total) : NaN;
}

export function drawProgress(cell, job) {
  const done = share(job);
  const text = Number.isNaN(done) ? `${whole(num(job.iterations_done))} iterations` :
    `${Math.floor(100 * done)} %`;
  const left = hasEnded(job) ? 0 : num(job.eta_seconds);
  drawBar(cell, Number.isNaN(done) ? null : done,
    left > 0 ? `${text}, ${duration(left)} left` : text);
}

function drawName(cell, job) {
  if (!cell.firstChild) cell.append(h('a', {href: `#/jobs/${job.job_id}`}));
  setText(cell.firstChild, nameOf(job));
}

const nameOf = (job) => job.spec?.name || `job ${job.job_id}`;
const wait = (seconds) => duration(Math.floor(seconds));

export class Jobs {
  constructor(parent) {
    this.all = [];
    this.nowMs = 0;
    const age = (job) => (this.nowMs - num(job.submitted_ms)) / 1000;
    this.table = new Table({
      label: 'Jobs', key: (job) => job.job_id, limit: kRowsAtFirst, empty: '',
      sort: {name: 'id', descending: true},
      columns: [
        {name: 'id', title: 'ID', number: true, value: (job) => num(job.job_id)},
        {name: 'name', title: 'Name', head: true, value: nameOf, draw: drawName},
        {name: 'owner', title: 'Owner', optional: true, value: (job) => job.owner ?? ''},
        {name: 'state', title: 'State', draw: drawState,
         value: (job) => kStates.indexOf(jobState(job))},
        {name: 'progress', title: 'Progress', draw: drawProgress, value: share},
        {name: 'loss', title: 'Loss', number: true, text: unlessZero(short),
         value: (job) => num(job.recent_loss)},
        {name: 'rate', title: 'Samples/s', number: true, text: unlessZero(rate),
         value: (job) => num(job.samples_per_second)},
        {name: 'policy', title: 'Policy', value: policy},
        {name: 'ranks', title: 'Ranks', number: true,
         value: (job) => num(job.spec?.resources?.workers)},
        {name: 'age', title: 'Age', number: true, value: age, text: wait},
        {name: 'reason', title: 'Reason', value: (job) => job.reason ?? ''},
      ],
    });
    parent.append(this.table.element);
    this.filter = byId('filter');
    this.states = byId('states');
    const choices = [['', 'all states'], ['active', 'not ended'], ['ended', 'ended'],
      ...kStates.map((state) => [state, state])];
    this.states.append(...choices.map(([value, text]) => h('option', {value}, text)));
    this.filter.addEventListener('input', () => this.draw());
    this.states.addEventListener('change', () => this.draw());
    // A click anywhere in a row opens it, unless it ends a selection of text.
    this.table.body.addEventListener('click', (event) => {
      const link = event.target.closest('tr')?.querySelector('a');
      if (link && event.target !== link && getSelection().isCollapsed) link.click();
    });
  }

  // leftOut: how many more there are, older ones that have ended.
  update(jobs, nowMs, leftOut) {
    Object.assign(this, {all: jobs, nowMs});
    setText(byId('left-out'), leftOut > 0 ? `and ${whole(leftOut)} older ones: pacectl list` : '');
    this.draw();
  }

  matches(job) {
    const state = jobState(job);
    const wanted = this.states.value;
    const fits = wanted === '' || wanted === state ||
      (wanted === 'active' && !hasEnded(job)) || (wanted === 'ended' && hasEnded(job));
    const text = [job.job_id, nameOf(job), job.owner, state, policy(job), job.reason]
      .join(' ').toLowerCase();
    const parts = this.filter.value.toLowerCase().split(/\s+/);
    return fits && parts.every((part) => text.includes(part));
  }

  draw() {
    setText(this.table.empty, this.all.length > 0 ? 'No job matches the filter.' :
      'No jobs yet. Submit one: pacectl submit job.yaml');
    this.table.update(this.all.filter((job) => this.matches(job)));
  }

  // Moves the focus by `step` rows; from elsewhere to the first or last one.
  move(step) {
    const links = [...this.table.body.querySelectorAll('.col-name a')];
    const at = links.indexOf(document.activeElement);
    const to = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
    links[Math.min(links.length - 1, Math.max(0, to))]?.focus();
  }
}
