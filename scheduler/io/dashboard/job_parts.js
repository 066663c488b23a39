// What is told of one job: its facts in short, and the columns of its tables.
import {bytes, clock, duration, evals, num, policy, rate, short, whole, word} from './format.js';
import {unlessZero} from './table.js';

// [name, text]; an empty text: nothing to tell.
export function factsOf(job) {
  const summary = job.summary ?? {};
  const spec = job.spec ?? {};
  const some = (value, text) => unlessZero(text)(num(value));
  const refused = Object.entries(job.pushes_refused ?? {})
    .map(([kind, count]) => `${whole(num(count))} ${kind.replaceAll('_', ' ')}`).join(', ');
  const total = num(job.iterations_total);
  return [
    ['Owner', job.owner ?? ''],
    ['Model', word(spec.model?.kind, 'MODEL_KIND_')],
    ['Policy', policy(job)],
    ['Device', [summary.device_name || summary.device, summary.device_reason]
      .filter(Boolean).join(': ')],
    ['Ranks, servers', `${num(spec.resources?.workers)}, ${num(spec.resources?.servers)}`],
    ['Iterations', whole(num(job.iterations_done)) + (total > 0 ? ` of ${whole(total)}` : '')],
    ['Samples', whole(num(summary.samples))],
    ['Samples/s', some(job.samples_per_second, rate)],
    ['Loss', some(job.recent_loss, short)],
    ['Held-out', evals(summary.eval).map(([name, value]) => `${name} ${short(value)}`).join(', ')],
    ['Submitted', some(job.submitted_ms, clock)],
    ['Ended', some(job.ended_ms, clock)],
    ['Running for', some(summary.wall_seconds, duration)],
    ['CPU of tasks', some(num(job.cpu_user_seconds) + num(job.cpu_system_seconds), duration)],
    ['Staleness', some(summary.staleness_max, (most) =>
      `mean ${short(num(summary.staleness_mean))}, at most ${most}`)],
    ['Pushed, pulled', some(num(summary.bytes_pushed) + num(summary.bytes_pulled), () =>
      `${bytes(num(summary.bytes_pushed))}, ${bytes(num(summary.bytes_pulled))}`)],
    ['Restarts', some(summary.restarts, whole)],
    ['Rollbacks', some(summary.rollbacks, whole)],
    ['Last recovery took', some(job.recovery_seconds, duration)],
    ['Duplicates dropped', some(summary.duplicates_dropped, whole)],
    ['Pushes refused', refused || some(summary.pushes_refused, whole)],
    ['Last cut took', some(job.cut_seconds, duration)],
    ['Cuts failed', some(job.cuts_failed, whole)],
    ['Checkpoints in', job.checkpoint_dir ?? ''],
    ['Parameters', summary.parameters_sha256 ? `sha256 ${summary.parameters_sha256}` : ''],
  ];
}

function rankDoes(rank) {
  if (rank.finished) return 'finished';
  if (rank.last_exit && num(rank.pid) === 0) return `ended: ${rank.last_exit.cause}`;
  return rank.wait_reason ? `waits: ${rank.wait_reason}` : 'computes';
}

// Times the median of the ranks; from here on it is called slow.
const kSlow = 1.5;
const straggler = (score) => `${score.toFixed(2)}${score >= kSlow ? ' slow' : ''}`;

const worker = (rank) =>
  (rank.worker_address ?? '') + (rank.gpu === undefined ? '' : ` gpu ${rank.gpu}`);

export const rankColumns = [
  {name: 'rank', title: 'Rank', number: true, head: true, value: (rank) => num(rank.rank)},
  {name: 'host', title: 'Host', optional: true, value: (rank) => rank.hostname ?? ''},
  {name: 'worker', title: 'Worker', value: worker},
  {name: 'iteration', title: 'Iteration', number: true, text: whole,
   value: (rank) => num(rank.iteration)},
  {name: 'rate', title: 'Samples/s', number: true, text: unlessZero(rate),
   value: (rank) => num(rank.samples_per_second)},
  {name: 'step', title: 'Step', number: true, optional: true, text: unlessZero(duration),
   value: (rank) => num(rank.step_seconds)},
  {name: 'wait', title: 'Waiting', number: true, optional: true, text: unlessZero(duration),
   value: (rank) => num(rank.wait_seconds)},
  {name: 'straggler', title: 'Straggler', number: true, optional: true,
   value: (rank) => num(rank.straggler_score), text: unlessZero(straggler)},
  {name: 'does', title: 'Now', value: rankDoes},
  {name: 'exit', title: 'Last exit', optional: true, value: (rank) => rank.last_exit?.cause ?? ''},
  {name: 'incarnation', title: 'Incarnation', number: true, value: (rank) => num(rank.incarnation)},
  {name: 'cpu', title: 'CPU', number: true, optional: true, text: unlessZero(duration),
   value: (rank) => num(rank.cpu_user_seconds) + num(rank.cpu_system_seconds)},
  {name: 'rss', title: 'Memory', number: true, optional: true, text: unlessZero(bytes),
   value: (rank) => num(rank.resident_bytes)},
  {name: 'pid', title: 'PID', number: true, text: unlessZero(String),
   value: (rank) => num(rank.pid)},
];

export const placementColumns = [
  {name: 'server', title: 'Server', head: true, value: (one) => one.address ?? ''},
  {name: 'shards', title: 'Shards', number: true, value: (one) => num(one.shards), text: whole},
  {name: 'bytes', title: 'Bytes', number: true, value: (one) => num(one.bytes), text: bytes},
];

export const cutColumns = [
  {name: 'cut', title: 'Cut', number: true, head: true, value: (cut) => num(cut.cut_id)},
  {name: 'iteration', title: 'Iteration', number: true, text: whole,
   value: (cut) => num(cut.iteration)},
  {name: 'timeline', title: 'Timeline', number: true, value: (cut) => num(cut.timeline)},
  {name: 'best', title: 'Best', value: (cut) => (cut.best ? 'best' : '')},
  {name: 'bytes', title: 'Bytes', number: true, value: (cut) => num(cut.bytes), text: bytes},
  {name: 'when', title: 'Committed', value: (cut) => num(cut.committed_ms), text: clock},
];

export const eventColumns = [
  {name: 'when', title: 'Time', value: (event) => num(event.time_ms), text: clock},
  {name: 'kind', title: 'Event', head: true,
   value: (event) => (event.kind ?? '').toLowerCase().replaceAll('_', ' ')},
  {name: 'message', title: 'What', value: (event) => event.message ?? ''},
];

// Equal events of one moment are told apart by their count; newest first.
export function keyedEvents(events) {
  const seen = new Map();
  return events.map((event) => {
    const name = `${event.time_ms} ${event.kind} ${event.message}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return {...event, key: `${name} ${seen.get(name)}`};
  }).reverse();
}
