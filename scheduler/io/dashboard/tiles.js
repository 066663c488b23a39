// The cluster in five numbers.
import {h, setAttribute, setText} from './dom.js';
import {bytes, bytesOf, num, rate} from './format.js';
import {health} from './nodes.js';

const kOtherStates = ['pending', 'placing', 'recovering', 'checkpointing', 'succeeded', 'failed',
  'cancelled'];

const sum = (list, of) => list.reduce((total, one) => total + of(one), 0);

// [title, value, note, whether it is bad].
function tilesOf(cluster, jobs) {
  const count = (state) => num(cluster.jobs?.[state]);
  const others = kOtherStates.filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  const nodes = cluster.nodes ?? [];
  const live = nodes.filter((node) => node.live);
  const odd = ['lost', 'draining', 'drained'].map((state) =>
    [nodes.filter((node) => health(node)[0] === state).length, state])
    .filter(([n]) => n > 0).map(([n, state]) => `${n} ${state}`);
  const slots = sum(live, (node) => num(node.slots));
  const used = sum(live, (node) => num(node.slots_used));
  const tables = sum(nodes, (node) => num(node.table_bytes));
  const limit = sum(live, (node) => num(node.memory_limit));
  return [
    ['Jobs running', String(count('running')), others.join(', ') || 'no others', false],
    ['Nodes live', `${live.length} of ${nodes.length}`, odd.join(', ') || 'none lost',
     live.length < nodes.length],
    ['Slots in use', `${used} of ${slots}`, `${slots - used} free`, false],
    ['Samples/s', rate(sum(jobs, (job) => num(job.samples_per_second))), 'of all jobs', false],
    ['Tables on servers', bytes(tables), limit > 0 ? bytesOf(tables, limit) : 'no limit', false],
  ];
}

export class Tiles {
  constructor(parent) {
    this.parent = parent;
  }

  update(cluster, jobs) {
    tilesOf(cluster, jobs).forEach(([title, value, note, bad], i) => {
      if (!this.parent.children[i]) {
        this.parent.append(h('div', {}, h('dt', {}, title), h('dd'), h('dd', {class: 'note'})));
      }
      const [, first, second] = this.parent.children[i].children;
      setText(first, value);
      setText(second, note);
      setAttribute(this.parent.children[i], 'class', bad ? 'bad' : null);
    });
  }
}
