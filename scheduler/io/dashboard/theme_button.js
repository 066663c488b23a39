// The button that goes round the system's theme, light and dark (boot.js).
import {byId, setText} from './dom.js';

const kThemes = ['auto', 'light', 'dark'];

const draw = () => setText(byId('theme'), `Theme: ${theme()}`);

export function nextTheme() {
  chooseTheme(kThemes[(kThemes.indexOf(theme()) + 1) % kThemes.length]);
  draw();
}

byId('theme').addEventListener('click', nextTheme);
draw();
