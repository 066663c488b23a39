// A table that is updated in place: rows keep their elements, focus and selection.
//
//   const table = new Table({
//     label: 'Jobs', key: (job) => job.job_id, empty: 'No jobs yet.',
//     columns: [{name: 'id', title: 'ID', number: true, value: (job) => num(job.job_id)},
//               {name: 'rate', title: 'Samples/s', number: true,
//                value: (job) => num(job.samples_per_second), text: unlessZero(rate)}, ...],
//     sort: {name: 'id', descending: true}});
//   parent.append(table.element);
//   table.update(jobs);
//
// A column sorts by `value` (a number or a string) and shows `text(value)`, or what
// `draw(cell, row)` makes of its cell. `head`: it names the row. `optional`: hidden while it
// has no text in any row.
import {h, setAttribute, setChildren, setText} from './dom.js';

// Numbers by size, NaN as the smallest; else by letters, with numbers in them by size.
function compare(a, b) {
  if (typeof a !== 'number') return String(a).localeCompare(String(b), 'en', {numeric: true});
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(b) - Number.isNaN(a);
  return a - b;
}

// A text for numbers of which 0 says: not known, or none.
export const unlessZero = (text) => (value) => (value === 0 ? '' : text(value));

const classOf = (column) => `${column.number ? 'number ' : ''}col-${column.name}`;

export class Table {
  constructor({label, key, columns, sort = null, empty, limit = Infinity, rowClass = () => null}) {
    Object.assign(this, {key, columns, sort, limit, rowClass});
    this.rows = [];
    this.elements = new Map();
    this.heads = columns.map((column) => this.head(column));
    this.body = h('tbody');
    this.empty = h('p', {class: 'empty'}, empty);
    this.more = h('button', {type: 'button', class: 'more'});
    this.more.hidden = true;
    this.more.addEventListener('click', () => {
      this.limit = Infinity;
      this.update(this.rows);
    });
    this.table = h('table', {'aria-label': label},
      h('thead', {}, h('tr', {}, ...this.heads)), this.body);
    this.table.hidden = true;
    this.element = h('div', {class: 'table'}, this.table, this.empty, this.more);
  }

  head(column) {
    const button = h('button', {type: 'button'}, column.title, h('span', {'aria-hidden': 'true'}));
    button.addEventListener('click', () => {
      const again = this.sort?.name === column.name;
      const descending = again ? !this.sort.descending : column.number === true;
      this.sort = {name: column.name, descending};
      this.update(this.rows);
    });
    return h('th', {scope: 'col', class: classOf(column)}, button);
  }

  sorted() {
    const column = this.columns.find((one) => one.name === this.sort?.name);
    if (!column) return this.rows;
    const sign = this.sort.descending ? -1 : 1;
    return [...this.rows].sort((a, b) => sign * compare(column.value(a), column.value(b)));
  }

  update(rows) {
    this.rows = rows;
    const shown = this.sorted().slice(0, this.limit);
    const before = this.elements;
    this.elements = new Map(shown.map((row) => {
      const key = String(this.key(row));
      return [key, this.drawRow(before.get(key) ?? this.newRow(key), row)];
    }));
    const elements = [...this.elements.values()];
    setChildren(this.body, elements);
    this.drawHeads();
    this.hideEmptyColumns(elements);
    this.table.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
    this.more.hidden = shown.length === rows.length;
    setText(this.more, `Show all ${rows.length}`);
  }

  drawHeads() {
    this.columns.forEach((column, i) => {
      const direction = this.sort?.name !== column.name ? null :
        this.sort.descending ? 'descending' : 'ascending';
      setAttribute(this.heads[i], 'aria-sort', direction);
      const arrow = {ascending: ' ↑', descending: ' ↓'}[direction] ?? '';
      setText(this.heads[i].querySelector('span'), arrow);
    });
  }

  hideEmptyColumns(rows) {
    this.columns.forEach((column, i) => {
      if (!column.optional) return;
      const hidden = rows.every((row) => row.cells[i].textContent === '');
      for (const cell of [this.heads[i], ...rows.map((row) => row.cells[i])]) cell.hidden = hidden;
    });
  }

  newRow(key) {
    return h('tr', {'data-key': key}, ...this.columns.map((column) =>
      h(column.head ? 'th' : 'td', {
        class: classOf(column),
        scope: column.head ? 'row' : null,
      })));
  }

  drawRow(element, row) {
    setAttribute(element, 'class', this.rowClass(row));
    this.columns.forEach((column, i) => {
      const cell = element.cells[i];
      if (column.draw) column.draw(cell, row);
      else setText(cell, (column.text ?? String)(column.value(row)));
    });
    return element;
  }
}
