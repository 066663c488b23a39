// Before anything is drawn: the theme that was chosen (theme_button.js). And when a part of the
// page did not arrive, all of it is asked for again, since nothing else would.
(() => {
  const kAgainMs = 3000;
  const kDarkWhen = {auto: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all'};
  // 'auto', 'light' or 'dark'; kept for the next visit.
  window.theme = () => localStorage.getItem('paceline-theme') ?? 'auto';
  window.chooseTheme = (chosen) => {
    localStorage.setItem('paceline-theme', chosen);
    document.getElementById('dark').media = kDarkWhen[chosen];
  };
  chooseTheme(theme() in kDarkWhen ? theme() : 'auto');
  addEventListener('error', (event) => {
    if (event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement) {
      setTimeout(() => location.reload(), kAgainMs);
    }
  }, true);
})();
