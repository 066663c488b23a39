// Before anything is drawn: the theme that was chosen (theme_button.js). And when a part of the
// page did not arrive, all of it is asked for again, since nothing else would.
(() => {
  const kAgainMs = 3000;
  const chosen = localStorage.getItem('paceline-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
  addEventListener('error', (event) => {
    if (event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement) {
      setTimeout(() => location.reload(), kAgainMs);
    }
  }, true);
})();
