// The table of nodes, the scheduler first.
import {drawBar, h, setChildren, setText} from './dom.js';
import {bytes, bytesOf, duration, num, word} from './format.js';
import {Table, unlessZero} from './table.js';

const kRowsAtFirst = 50;
const kDayMs = 86400e3;
const kRoles = ['scheduler', 'server', 'worker'];

const roleOf = (node) => word(node.role, 'NODE_ROLE_');
const isScheduler = (node) => roleOf(node) === 'scheduler';

// A word for how it is, and why.
export function health(node) {
  if (!node.live) return ['lost', 'not heard from'];
  if (!node.drain_requested && !node.draining) return ['live', ''];
  const holds = node.drain_waits_for ? `still has ${node.drain_waits_for}` : '';
  const why = [node.drain_reason, holds].filter(Boolean).join('; ');
  return [node.drain_requested && !holds ? 'drained' : 'draining', why];
}

function drawHealth(cell, node) {
  if (!cell.firstChild) cell.append(h('span'), h('span', {class: 'why'}));
  const [state, why] = health(node);
  cell.firstChild.className = `state ${state}`;
  setText(cell.firstChild, state);
  setText(cell.lastChild, why);
}

function beat(seconds) {
  if (Number.isNaN(seconds)) return '';
  return seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

const tableBytes = (node) => num(node.table_bytes);

function drawTables(cell, node) {
  if (roleOf(node) !== 'server') return;
  const limit = num(node.memory_limit);
  drawBar(cell, limit > 0 ? tableBytes(node) / limit : null,
    limit > 0 ? bytesOf(tableBytes(node), limit) : bytes(tableBytes(node)));
}

const memoryUsed = (node) => num(node.host?.memory_bytes) - num(node.host?.memory_available_bytes);

function drawMemory(cell, node) {
  const all = num(node.host?.memory_bytes);
  if (all > 0) drawBar(cell, memoryUsed(node) / all, bytesOf(memoryUsed(node), all));
  else setChildren(cell, []);
}

function drawJobs(cell, node) {
  const jobs = node.jobs ?? [];
  if (cell.textContent === jobs.join(' ')) return;
  cell.replaceChildren(...jobs.flatMap((id, i) =>
    [i > 0 ? ' ' : '', h('a', {href: `#/jobs/${id}`}, String(id))]));
}

function gpus(node) {
  const all = node.gpus ?? [];
  if (all.length === 0) return '';
  const busy = all.filter((gpu) => num(gpu.job_id) !== 0).length;
  return `${busy}/${all.length} ${[...new Set(all.map((gpu) => gpu.name))].join(', ')}`;
}

function left(ms) {
  if (Number.isNaN(ms)) return '';
  if (ms <= 0) return 'expired';
  return `${ms < kDayMs ? duration(ms / 1000) : `${Math.floor(ms / kDayMs)} d`} left`;
}

export class Nodes {
  constructor(parent) {
    this.nowMs = 0;
    const load = (node) => (node.host ? num(node.host.load) : NaN);
    const certificateMs = (node) => {
      const ends = num(node.host?.certificate_expires_ms);
      return ends > 0 ? ends - this.nowMs : NaN;
    };
    this.table = new Table({
      label: 'Nodes', key: (node) => node.node_id, limit: kRowsAtFirst, empty: '',
      rowClass: (node) => (node.live ? null : 'gone'),
      columns: [
        {name: 'role', title: 'Role', value: roleOf},
        {name: 'address', title: 'Address', head: true, value: (node) => node.address ?? ''},
        {name: 'host', title: 'Host', optional: true, value: (node) => node.hostname ?? ''},
        {name: 'health', title: 'State', value: (node) => health(node)[0], draw: drawHealth},
        {name: 'beat', title: 'Heard', number: true, optional: true, text: beat,
         value: (node) => (isScheduler(node) ? NaN : num(node.heartbeat_age_seconds))},
        {name: 'slots', title: 'Slots', number: true, optional: true,
         value: (node) => num(node.slots_used), draw: (cell, node) => setText(cell,
           num(node.slots) > 0 ? `${num(node.slots_used)}/${num(node.slots)}` : '')},
        {name: 'gpus', title: 'GPUs', optional: true, value: gpus},
        {name: 'jobs', title: 'Jobs', optional: true, value: (node) => (node.jobs ?? []).length,
         draw: drawJobs},
        {name: 'tables', title: 'Tables', optional: true, value: tableBytes, draw: drawTables},
        {name: 'memory', title: 'Host memory', optional: true, value: memoryUsed,
         draw: drawMemory},
        {name: 'rss', title: 'RSS', number: true, optional: true, text: unlessZero(bytes),
         value: (node) => num(node.host?.resident_bytes)},
        {name: 'load', title: 'Load', number: true, optional: true, value: load,
         draw: (cell, node) => setText(cell,
           node.host ? `${load(node).toFixed(1)}/${num(node.host.processors)}` : '')},
        {name: 'disk', title: 'Disk free', number: true, optional: true, text: unlessZero(bytes),
         value: (node) => num(node.host?.disk_free_bytes)},
        {name: 'certificate', title: 'Certificate', number: true, optional: true,
         value: certificateMs, text: left},
        {name: 'version', title: 'Version', value: (node) => node.version ?? ''},
      ],
    });
    parent.append(this.table.element);
  }

  update(cluster, nowMs) {
    this.nowMs = nowMs;
    const scheduler = {node_id: 'scheduler', role: 'NODE_ROLE_SCHEDULER', live: true,
                       address: cluster.address, version: cluster.version, host: cluster.host};
    const rank = (node) => kRoles.indexOf(roleOf(node));
    this.table.update([scheduler, ...cluster.nodes ?? []].sort((a, b) => rank(a) - rank(b)));
  }
}
