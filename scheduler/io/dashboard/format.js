// Values of proto JSON as numbers, and numbers as text for people. Pure functions.

// 64-bit integers arrive as strings, absent fields are 0, NaN and Infinity are words.
export function num(value) {
  return value === undefined || value === null ? 0 : Number(value);
}

// "JOB_STATE_RUNNING" -> "running", given "JOB_STATE_".
export function word(value, prefix) {
  return (value ?? '').replace(prefix, '').toLowerCase();
}

export const jobState = (job) => word(job.state, 'JOB_STATE_') || 'unspecified';
export const hasEnded = (job) => ['succeeded', 'failed', 'cancelled'].includes(jobState(job));

// About four digits: 0.6931, 12.35, 1.234e-7.
export function short(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e6)) {
    return String(Number(value.toPrecision(4)));
  }
  return value.toExponential(2).replace('e+', 'e');
}

// A whole number with thin spaces between thousands.
export function whole(value) {
  return Number.isFinite(value)
    ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u2009')
    : String(value);
}

// 950, 12.3k, 4.56M.
export function rate(value) {
  if (!Number.isFinite(value)) return String(value);
  for (const [from, size, unit] of [[1e9, 1e9, 'G'], [1e6, 1e6, 'M'], [1e4, 1e3, 'k']]) {
    if (value >= from) return `${Number((value / size).toPrecision(3))}${unit}`;
  }
  return value >= 100 ? whole(value) : String(Number(value.toPrecision(3)));
}

const kByteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function byteUnit(value) {
  let unit = 0;
  while (value >= 1024 ** (unit + 1) && unit + 1 < kByteUnits.length) ++unit;
  return unit;
}

function inUnit(value, unit) {
  const scaled = value / 1024 ** unit;
  return scaled.toFixed(unit === 0 || scaled === 0 || scaled >= 10 ? 0 : 1);
}

// 3.1 GiB
export function bytes(value) {
  const unit = byteUnit(value);
  return `${inUnit(value, unit)} ${kByteUnits[unit]}`;
}

// 3.1 of 8.0 GiB
export function bytesOf(value, all) {
  const unit = byteUnit(all);
  return `${inUnit(value, unit)} of ${inUnit(all, unit)} ${kByteUnits[unit]}`;
}

// 0.4 s, 12 s, 3 m 05 s, 2 h 04 m, 3 d 4 h.
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 0.01) return seconds <= 0 ? '0 s' : `${short(seconds * 1e3)} ms`;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const s = Math.round(seconds);
  const two = (value) => String(value).padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// The same as short as an axis wants it: 45 s, 5 m, 1 h 30 m.
export function axisTime(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m${s % 60 ? ` ${s % 60} s` : ''}`;
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} m` : ''}`;
}

// 10:12:33, with the date if it is not today's. By this computer's clock and zone.
export function clock(ms) {
  const time = new Date(ms);
  const two = (value) => String(value).padStart(2, '0');
  const text = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  if (time.toDateString() === new Date().toDateString()) return text;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${text}`;
}

export function policy(job) {
  const consistency = job.spec?.consistency ?? {};
  const name = word(consistency.policy, 'POLICY_');
  return name === 'ssp' ? `ssp ${num(consistency.staleness)}` : name;
}

const kEvals = {
  accuracy: 'accuracy', auc: 'AUC', log_loss: 'log loss', rmse: 'RMSE', loss: 'loss',
  bits_per_byte: 'bits per byte', inertia: 'inertia', calibration: 'calibration',
};

// [["accuracy", 0.97], ...]: those that were measured.
export function evals(result) {
  return Object.keys(kEvals).filter((key) => result?.[key] !== undefined)
    .map((key) => [kEvals[key], num(result[key])]);
}
