// Chooses among the system's theme, light and dark; kept for the next visit (boot.js).
import {byId, setText} from './dom.js';

const kThemes = ['auto', 'light', 'dark'];
const root = document.documentElement;

const current = () => root.dataset.theme ?? 'auto';
const draw = () => setText(byId('theme'), `Theme: ${current()}`);

export function nextTheme() {
  const next = kThemes[(kThemes.indexOf(current()) + 1) % kThemes.length];
  if (next === 'auto') {
    delete root.dataset.theme;
    localStorage.removeItem('paceline-theme');
  } else {
    root.dataset.theme = next;
    localStorage.setItem('paceline-theme', next);
  }
  draw();
}

byId('theme').addEventListener('click', nextTheme);
draw();
