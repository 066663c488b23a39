// What all charts share: the frame, the grid, and a cursor that goes from place to place by
// the mouse and by the arrow keys and says what is there.
import {h, setAttribute, setText, svg} from './dom.js';
import {short, whole} from './format.js';

const kHeight = 168;
const kLeft = 54;
const kRight = 12;
const kTop = 10;
const kBottom = 24;
// Of the axis' text, about.
export const kCharacterWidth = 6;

// A kind of chart has update(...), which keeps its arguments in `last`, and calls setPlaces.
export class Chart {
  constructor({title, unit = '', xText = whole, yText = short}) {
    Object.assign(this, {title, xText, yText, width: 360, last: null});
    // Where the cursor can be, where it is (null: nowhere), and what is said without it.
    Object.assign(this, {places: [], cursor: null, summary: ''});
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
    const last = this.places.length - 1;
    setText(this.readout, place ? place.text : this.summary);
    setAttribute(this.svg, 'aria-valuenow', last < 0 ? null : at ?? last);
    setAttribute(this.svg, 'aria-valuetext', last < 0 ? null : this.readout.textContent);
    setAttribute(this.line, 'd',
      place ? `M${this.px(place.share)} ${kTop}V${kHeight - kBottom}` : 'M0 0');
  }

  onPointer(event) {
    const share = (event.offsetX - this.left()) / (this.right() - this.left());
    let nearest = null;
    const distance = (i) => Math.abs(this.places[i].share - share);
    for (let i = 0; i < this.places.length; ++i) {
      if (nearest === null || distance(i) < distance(nearest)) nearest = i;
    }
    this.moveTo(nearest);
  }

  onKey(event) {
    const end = this.places.length - 1;
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
