// Curves and histograms as SVG, drawn by hand: axes, units, a readout under the mouse and
// by the arrow keys. A chart is made once and updated in place.
//
//   const chart = new LineChart({title: 'Loss', x: 'iteration', names: ['training'], log: true});
//   parent.append(chart.element);
//   chart.update([[[0, 0.69], [10, 0.41]]]);
//
// What is not finite leaves a gap; a lone point is a ring.
import {Chart, kCharacterWidth} from './chart.js';
import {h, setAttribute, svg} from './dom.js';
import {short, whole} from './format.js';
import {bucketNames, scale} from './scales.js';

// Around a point without neighbours.
const kRing = 'm-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0';

export class LineChart extends Chart {
  // names: of the series. log: offers a logarithmic axis. zero: the axis begins at 0.
  // time: x is in seconds. dots: name of points that are no line, e.g. evaluations.
  constructor({names, x = '', log = false, zero = false, time = false, dots = '', ...options}) {
    super(options);
    Object.assign(this, {names, x, zero, time, dots, isLog: false});
    this.paths = names.map((_, i) => svg('path', {class: `curve series${i}`}));
    this.points = svg('g', {class: 'points'});
    this.marks.append(...this.paths, this.points);
    if (log) {
      const button = h('button', {type: 'button', class: 'toggle', 'aria-pressed': 'false'}, 'log');
      button.addEventListener('click', () => {
        this.isLog = !this.isLog;
        setAttribute(button, 'aria-pressed', String(this.isLog));
        this.redraw();
      });
      this.controls.append(button);
    }
    if (names.length > 1 || dots) {
      this.controls.append(...[...names, ...(dots ? [dots] : [])].map((name, i) =>
        h('span', {class: `legend ${i < names.length ? `series${i}` : 'dots'}`}, name)));
    }
  }

  // series: for each name [[x, y], ...]; points: [[x, y], ...] for `dots`.
  update(series, points = []) {
    this.last = [series, points];
    const all = [...series.flat(), ...points];
    const x = scale(all.map(([at]) => at),
      {time: this.time, count: Math.max(2, Math.floor(this.width / 90))});
    const y = scale(all.map(([, value]) => value), {log: this.isLog, zero: this.zero});
    const lone = new Set(all.map(([at]) => at)).size === 1;
    const shareOf = (at) => (lone ? 0.5 : x.at(at));
    this.paths.forEach((path, i) =>
      setAttribute(path, 'd', this.curve(series[i], shareOf, y)));
    this.points.replaceChildren(...points.filter(([, value]) => Number.isFinite(y.at(value)))
      .map(([at, value]) =>
        svg('circle', {cx: this.px(shareOf(at)), cy: this.py(y.at(value)), r: 3})));
    // Iterations are whole.
    const labels = (lone ? [all[0][0]] : x.ticks)
      .filter((at) => this.time || Number.isInteger(at))
      .map((at) => [shareOf(at), this.xText(at)]);
    if (all.length > 0) this.drawGrid(y, labels);
    else this.grid.replaceChildren();
    this.setPlaces(this.placesOf(series, points, shareOf), this.lastText(series, points));
  }

  curve(points, shareOf, y) {
    const runs = [[]];
    for (const [at, value] of points) {
      const height = y.at(value);
      if (Number.isFinite(height)) runs.at(-1).push(`${this.px(shareOf(at))} ${this.py(height)}`);
      else runs.push([]);
    }
    return runs.filter((run) => run.length > 0)
      .map((run) => `M${run.join('L')}${run.length === 1 ? kRing : ''}`).join('') || 'M0 0';
  }

  placesOf(series, points, shareOf) {
    const found = new Map();
    const add = (name, list) => {
      for (const [at, value] of list) {
        if (!found.has(at)) found.set(at, {share: shareOf(at), values: new Map()});
        found.get(at).values.set(name, value);
      }
    };
    this.names.forEach((name, i) => add(name, series[i]));
    if (this.dots) add(this.dots, points);
    return [...found].sort(([a], [b]) => a - b).map(([at, {share, values}]) =>
      ({share, text: `${this.x} ${this.xText(at)}: ${this.valuesText(values)}`.trim()}));
  }

  valuesText(values) {
    const alone = values.size === 1 && this.names.length === 1 && values.has(this.names[0]);
    return [...values].map(([name, value]) =>
      (alone ? '' : `${name} `) + this.yText(value)).join(', ');
  }

  lastText(series, points) {
    const values = new Map();
    this.names.forEach((name, i) => {
      if (series[i].length > 0) values.set(name, series[i].at(-1)[1]);
    });
    if (this.dots && points.length > 0) values.set(this.dots, points.at(-1)[1]);
    return this.valuesText(values);
  }
}

export class BarChart extends Chart {
  // bounds: upper bounds of buckets; counts: one more.
  update(bounds, counts) {
    this.last = [bounds, counts];
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) {
      this.grid.replaceChildren();
      this.marks.replaceChildren();
      this.setPlaces([], '');
      return;
    }
    const names = bucketNames(bounds, this.xText);
    const shown = Math.max(...counts.map((count, i) => (count > 0 ? i + 1 : 0)), 4);
    const bars = counts.slice(0, shown);
    const y = scale(bars, {zero: true});
    const widest = Math.max(...names.slice(0, shown).map((name) => name.length)) + 1;
    const every = Math.ceil(bars.length * widest * kCharacterWidth / (this.right() - this.left()));
    this.drawGrid(y, bars.map((_, i) => [(i + 0.5) / bars.length, names[i]])
      .filter((_, i) => i % every === 0));
    this.marks.replaceChildren(...bars.map((count, i) => svg('rect', {
      class: 'bar', x: this.px((i + 0.12) / bars.length), y: this.py(y.at(count)),
      width: Math.max(1, 0.76 * (this.right() - this.left()) / bars.length).toFixed(1),
      height: Math.max(0, this.py(0) - this.py(y.at(count))).toFixed(1)})));
    const places = bars.map((count, i) => ({
      share: (i + 0.5) / bars.length,
      text: `${names[i]}: ${whole(count)} (${short(100 * count / total)} %)`}));
    this.setPlaces(places, `${whole(total)} in all`);
  }
}
