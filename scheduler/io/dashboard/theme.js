// The theme that was chosen, before anything is drawn; theme_button.js lets the user choose.
(() => {
  const chosen = localStorage.getItem('paceline-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
