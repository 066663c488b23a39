// One job: what it does, why, and what it has been through.
import {Curves} from './curves.js';
import {h, setChildren, setText} from './dom.js';
import {clock, hasEnded, jobState, num, whole} from './format.js';
import {cutColumns, eventColumns, factsOf, keyedEvents, placementColumns, rankColumns}
  from './job_parts.js';
import {drawProgress, drawState} from './jobs.js';
import {Table} from './table.js';

const kRanksAtFirst = 64;

const panel = (title, ...children) => h('section', {class: 'panel'},
  h('div', {class: 'panel-head'}, h('h2', {}, title)), ...children);

export class JobView {
  // actions: {cancel(job), checkpoint(job)}
  constructor(parent, actions) {
    this.parent = parent;
    this.actions = actions;
  }

  // Another job, of which nothing is known yet.
  open(id) {
    this.job = null;
    this.failed = '';
    this.buildHead(id);
    this.buildTables();
    this.curves = new Curves();
    this.facts = h('dl', {class: 'facts'});
    this.failure = h('section', {class: 'panel failure', 'aria-label': 'First failure'});
    this.content = h('div', {},
      this.reason, this.progress, this.alarm, this.failure,
      h('section', {class: 'panel', 'aria-label': 'Summary'}, this.facts),
      h('section', {class: 'charts', 'aria-label': 'Curves'}, ...this.curves.elements),
      panel('Ranks', this.ranks.element),
      h('div', {class: 'pair'}, panel('Shards on servers', this.placement.element),
        panel('Checkpoints', this.cuts.element)),
      panel('Events', this.events.element));
    this.content.hidden = true;
    this.parent.replaceChildren(
      h('p', {class: 'crumb'}, h('a', {href: '#/'}, '← All jobs')),
      h('div', {class: 'job-head'}, this.title, this.state, this.buttons),
      this.missing, this.content);
  }

  buildHead(id) {
    this.title = h('h1', {id: 'job-title', tabindex: '-1'}, `Job ${id}`);
    this.state = h('span');
    this.cancel = h('button', {type: 'button', class: 'danger', title: 'Key: x'}, 'Cancel');
    this.checkpoint = h('button', {type: 'button', title: 'Key: c'}, 'Checkpoint');
    this.cancel.addEventListener('click', () => this.actions.cancel(this.job));
    this.checkpoint.addEventListener('click', () => this.actions.checkpoint(this.job));
    this.buttons = h('span', {class: 'buttons'}, this.checkpoint, this.cancel);
    this.buttons.hidden = true;
    this.missing = h('p', {class: 'empty', role: 'alert'});
    this.missing.hidden = true;
    this.reason = h('p', {class: 'reason'});
    this.progress = h('p', {class: 'progress'});
    this.alarm = h('p', {class: 'banner bad'});
  }

  buildTables() {
    this.ranks = new Table({label: 'Ranks', key: (rank) => num(rank.rank), columns: rankColumns,
                            sort: {name: 'rank', descending: false}, limit: kRanksAtFirst,
                            empty: 'No ranks yet.'});
    this.placement = new Table({label: 'Shards on servers', key: (one) => one.address,
                                columns: placementColumns, empty: 'No shards are placed.'});
    this.cuts = new Table({label: 'Checkpoints', key: (cut) => cut.cut_id, columns: cutColumns,
                           sort: {name: 'cut', descending: true}, empty: 'No checkpoint is kept.'});
    this.events = new Table({label: 'Events', key: (event) => event.key, columns: eventColumns,
                             empty: 'Nothing has happened yet.'});
  }

  // It does not exist, or not for this user.
  showMissing(text) {
    this.missing.hidden = false;
    this.content.hidden = true;
    this.buttons.hidden = true;
    setText(this.missing, text);
  }

  update(job) {
    this.job = job;
    this.missing.hidden = true;
    this.content.hidden = false;
    setText(this.title, `${job.job_id} ${job.spec?.name ?? ''}`);
    drawState(this.state, job);
    this.buttons.hidden = hasEnded(job);
    this.checkpoint.hidden = jobState(job) !== 'running';
    this.reason.hidden = !job.reason;
    setText(this.reason, job.reason ?? '');
    drawProgress(this.progress, job);
    this.alarm.hidden = !job.cut_alarm;
    setText(this.alarm, `Cut ${num(job.failed_cut)} failed: ${job.cut_alarm ?? ''}`);
    this.drawFailure(job.first_failure);
    this.drawFacts(job);
    this.curves.update(job);
    this.ranks.update(job.ranks ?? []);
    this.placement.update(job.placement ?? []);
    this.cuts.update(job.cuts ?? []);
    this.events.update(keyedEvents(job.events ?? []));
  }

  drawFacts(job) {
    const before = new Map([...this.facts.children].map((one) => [one.dataset.name, one]));
    const told = factsOf(job).filter(([, text]) => text !== '');
    setChildren(this.facts, told.map(([name, text]) => {
      const element = before.get(name) ?? h('div', {'data-name': name}, h('dt', {}, name), h('dd'));
      setText(element.lastChild, text);
      return element;
    }));
  }

  drawFailure(failure) {
    this.failure.hidden = !failure;
    if (!failure || JSON.stringify(failure) === this.failed) return;
    this.failed = JSON.stringify(failure);
    const where = [failure.hostname, failure.worker_address].filter(Boolean).join(', ');
    const lines = failure.exit?.last_log_lines ?? [];
    this.failure.replaceChildren(
      h('div', {class: 'panel-head'}, h('h2', {}, 'First failure')),
      h('p', {}, h('b', {}, `rank ${num(failure.rank)}: ${failure.exit?.cause ?? 'unknown'}`),
        ` on ${where} at iteration ${whole(num(failure.iteration))}, `,
        clock(num(failure.time_ms))),
      lines.length > 0 ?
        h('pre', {tabindex: '0', 'aria-label': 'Its last log lines'}, lines.join('\n')) :
        h('p', {class: 'muted'}, 'It left no log lines.'));
    // The last lines tell most.
    this.failure.lastChild.scrollTop = this.failure.lastChild.scrollHeight;
  }
}
