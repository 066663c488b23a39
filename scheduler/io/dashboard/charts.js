// Curves and histograms as SVG, drawn by hand: axes, units, a readout under the mouse and
// by the arrow keys. A chart is made once and updated in place.
//
//   const chart = new LineChart({title: 'Loss', x: 'iteration', names: ['training'], log: true});
//   parent.append(chart.element);
//   chart.update([[[0, 0.69], [10, 0.41]]]);
//
// What is not finite leaves a gap; a lone point is a ring.
import {h, setAttribute, setChildren, setText, svg} from './dom.js';
import {short, whole} from './format.js';
import {bucketNames, scale} from './scales.js';

const kHeight = 168;
const kLeft = 54;
const kRight = 12;
const kTop = 10;
const kBottom = 24;
// Of the axis' text, about.
const kCharacterWidth = 6;

// Around a point without neighbours.
const kRing = 'm-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0';

// What both kinds share: the frame, the grid, and a cursor that goes from place to place.
class Chart {
  constructor({title, unit = '', xText = whole, yText = short}) {
    Object.assign(this, {title, xText, yText, width: 360, cursor: null, last: null});
    this.unit = h('span', {class: 'unit'});
    this.grid = svg('g', {class: 'grid'});
    this.marks = svg('g');
    this.line = svg('path', {class: 'cursor'});
    this.svg = svg('svg', {height: kHeight}, this.grid, this.marks, this.line);
    this.setUnit(unit);
    this.readout = h('span', {class: 'readout'});
    this.controls = h('span', {class: 'controls'});
    this.nothing = h('p', {class: 'empty'}, 'no data yet');
    this.element = h('figure', {class: 'chart'},
      h('figcaption', {}, h('b', {}, title), this.unit, this.controls, this.readout),
      this.svg, this.nothing);
    this.svg.addEventListener('pointermove', (event) => this.onPointer(event));
    this.svg.addEventListener('pointerleave', () => this.moveTo(null));
    this.svg.addEventListener('keydown', (event) => this.onKey(event));
    this.svg.addEventListener('blur', () => this.moveTo(null));
    new ResizeObserver(() => {
      const width = Math.round(this.svg.clientWidth);
      if (width > 0 && width !== this.width) {
        this.width = width;
        this.redraw();
      }
    }).observe(this.element);
  }

  setUnit(unit) {
    setText(this.unit, unit);
    setAttribute(this.svg, 'aria-label', unit ? `${this.title}, ${unit}` : this.title);
  }

  left() { return kLeft; }
  right() { return this.width - kRight; }
  px(share) { return (this.left() + share * (this.right() - this.left())).toFixed(1); }
  py(share) { return (kHeight - kBottom - share * (kHeight - kBottom - kTop)).toFixed(1); }

  // `labels`: [share of the width, text]; none may cover another.
  drawGrid(y, labels) {
    const lines = y.ticks.map((value) => svg('g', {},
      svg('path', {d: `M${kLeft} ${this.py(y.at(value))}H${this.right()}`}),
      svg('text', {x: kLeft - 6, y: this.py(y.at(value)), 'text-anchor': 'end', dy: '0.32em'},
        this.yText(value))));
    const axis = labels.map(([share, text]) => {
      const room = this.width - 2 - text.length * kCharacterWidth / 2;
      return svg('text', {x: Math.min(this.px(share), room).toFixed(1), y: kHeight - 6,
                          'text-anchor': 'middle'}, text);
    });
    this.grid.replaceChildren(...lines, ...axis);
  }

  // The places of the cursor, as shares of the width, and what to say at each.
  setPlaces(places, summary) {
    this.places = places;
    this.summary = summary;
    const empty = places.length === 0;
    this.nothing.hidden = !empty;
    setAttribute(this.svg, 'role', empty ? 'img' : 'slider');
    setAttribute(this.svg, 'tabindex', empty ? null : 0);
    setAttribute(this.svg, 'aria-valuemin', empty ? null : 0);
    setAttribute(this.svg, 'aria-valuemax', empty ? null : places.length - 1);
    setAttribute(this.svg, 'class', empty ? 'blank' : null);
    this.moveTo(this.cursor === null ? null : Math.min(this.cursor, places.length - 1));
  }

  moveTo(index) {
    const at = index === null || index < 0 ? null : index;
    this.cursor = at;
    const place = at === null ? null : this.places[at];
    setText(this.readout, place ? place.text : this.summary ?? '');
    setAttribute(this.svg, 'aria-valuenow', this.places?.length ? at ?? this.places.length - 1 : null);
    setAttribute(this.svg, 'aria-valuetext', this.places?.length ? this.readout.textContent : null);
    setAttribute(this.line, 'd', place ? `M${this.px(place.share)} ${kTop}V${kHeight - kBottom}` : 'M0 0');
  }

  onPointer(event) {
    const share = (event.offsetX - this.left()) / (this.right() - this.left());
    let nearest = null;
    this.places?.forEach((place, i) => {
      if (nearest === null ||
          Math.abs(place.share - share) < Math.abs(this.places[nearest].share - share)) nearest = i;
    });
    this.moveTo(nearest);
  }

  onKey(event) {
    const end = (this.places?.length ?? 0) - 1;
    const from = this.cursor ?? end + 1;
    const to = {ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: end,
                PageUp: from - 10, PageDown: from + 10}[event.key];
    if (event.key === 'Escape' && this.cursor !== null) {
      this.moveTo(null);
    } else if (to === undefined || end < 0) {
      return;
    } else {
      this.moveTo(Math.min(end, Math.max(0, to)));
    }
    event.preventDefault();
    event.stopPropagation();
  }

  redraw() {
    if (this.last) this.update(...this.last);
  }
}

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
    this.paths.forEach((path, i) => setAttribute(path, 'd', this.curve(series[i], shareOf, y)));
    setChildren(this.points, points.filter(([, value]) => Number.isFinite(y.at(value)))
      .map(([at, value]) => svg('circle', {cx: this.px(shareOf(at)), cy: this.py(y.at(value)), r: 3})));
    // Iterations are whole.
    const labels = lone ? [[0.5, this.xText(all[0][0])]] :
      x.ticks.filter((at) => this.time || Number.isInteger(at)).map((at) => [x.at(at), this.xText(at)]);
    if (all.length > 0) this.drawGrid(y, labels);
    else this.grid.replaceChildren();
    this.setPlaces(this.placesOf(series, points, shareOf), this.lastText(series, points));
  }

  curve(points, shareOf, y) {
    const runs = [[]];
    for (const [at, value] of points) {
      const height = y.at(value);
      if (Number.isFinite(height)) runs[runs.length - 1].push(`${this.px(shareOf(at))} ${this.py(height)}`);
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
    return [...found].sort(([a], [b]) => a - b).map(([at, place]) => ({
      share: place.share, text: `${this.x} ${this.xText(at)}: ${this.valuesText(place.values)}`.trim(),
    }));
  }

  valuesText(values) {
    return [...values].map(([name, value]) =>
      (values.size === 1 && this.names.length === 1 && name === this.names[0] ? this.yText(value) :
        `${name} ${this.yText(value)}`)).join(', ');
  }

  lastText(series, points) {
    const values = new Map();
    this.names.forEach((name, i) => series[i].length > 0 && values.set(name, series[i].at(-1)[1]));
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
    this.setPlaces(bars.map((count, i) => ({
      share: (i + 0.5) / bars.length,
      text: `${names[i]}: ${whole(count)} (${short(100 * count / total)} %)`})), `${whole(total)} in all`);
  }
}
