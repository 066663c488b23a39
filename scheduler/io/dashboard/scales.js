// Where values lie on an axis and which of them are written beside it. Pure functions.

// Round values from `low` to `high`, about `count` of them: steps of 1, 2 or 5.
export function ticks(low, high, count) {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({length: last - first + 1},
    (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const kTimeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200,
  86400];

// The same for seconds, in steps that clocks have.
export function timeTicks(low, high, count) {
  const step = kTimeSteps.find((one) => one * count >= high - low);
  if (step === undefined) return ticks(low / 86400, high / 86400, count).map((day) => day * 86400);
  const first = Math.ceil(low / step);
  return Array.from({length: Math.floor(high / step) - first + 1}, (_, i) => (first + i) * step);
}

// Powers of ten; with 2 and 5 between them where there are few, and as ticks() where there
// would be hardly one.
export function logTicks(low, high) {
  const decades = Math.log10(high / low);
  if (decades < 1) return ticks(low, high, 4);
  const between = decades < 2.5 ? [1, 2, 5] : [1];
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
    for (const factor of between) all.push(Number(`${factor}e${power}`));
  }
  return all.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

// {low, high, at(value) -> 0..1, ticks}. `values` may hold anything; what is not finite, and
// on a logarithmic axis what is not positive, has no place: at() is NaN.
export function scale(values, {log = false, zero = false, time = false, count = 4} = {}) {
  const good = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let low = Math.min(...good, zero && !log ? 0 : Infinity);
  let high = Math.max(...good, zero && !log ? 0 : -Infinity);
  if (good.length === 0) [low, high] = log ? [0.1, 1] : [0, 1];
  if (log) {
    if (high / low < 1.2) [low, high] = [low / 1.2, high * 1.2];
    const span = Math.log(high / low);
    return {low, high, ticks: logTicks(low, high),
            at: (value) => (value > 0 ? Math.log(value / low) / span : NaN)};
  }
  if (high === low) {
    const room = Math.abs(high) * 0.1 || 1;
    [low, high] = [zero && low === 0 ? 0 : low - room, high + room];
  }
  return {low, high, ticks: (time ? timeTicks : ticks)(low, high, count),
          at: (value) => (value - low) / (high - low)};
}

// Names of a histogram's buckets, given their upper bounds; the last lies above all.
export function bucketNames(bounds, text) {
  const whole = bounds.every(Number.isInteger);
  const names = bounds.map((bound, i) => {
    const before = i === 0 ? (whole ? -1 : 0) : bounds[i - 1];
    if (!whole) return `${text(before)} to ${text(bound)}`;
    return bound - before === 1 ? text(bound) : `${text(before + 1)}–${text(bound)}`;
  });
  return [...names, `over ${text(bounds[bounds.length - 1] ?? 0)}`];
}
