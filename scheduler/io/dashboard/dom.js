// Elements. What comes from the cluster is text and becomes text: nothing here, or
// anywhere on the page, parses markup.

const kSvg = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children);
  return node;
}

// h('td', {class: 'number'}, 'text', child)
export const h = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(kSvg, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

// Only what differs is written, so that selections and screen readers are left in peace.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// null and undefined: without the attribute.
export function setAttribute(node, name, value) {
  if (value === null || value === undefined) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

// Makes the children of `parent` these, in this order; what stays is not touched.
export function setChildren(parent, children) {
  const focused = document.activeElement;
  const wanted = new Set(children);
  for (const child of [...parent.children]) {
    if (!wanted.has(child)) child.remove();
  }
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
  // A row that was moved has lost it.
  if (focused !== document.activeElement && parent.contains(focused)) {
    focused.focus({preventScroll: true});
  }
}

// A <progress> with its text beside it. `share`: 0 to 1, or null for no bar.
export function drawBar(cell, share, text) {
  if (cell.children.length === 0) {
    cell.append(h('progress', {max: 1, 'aria-hidden': 'true'}), h('span'));
    cell.firstChild.className = 'bar';
  }
  const [bar, label] = cell.children;
  bar.hidden = share === null;
  if (share !== null) bar.value = Math.min(1, Math.max(0, share));
  setText(label, text);
}
