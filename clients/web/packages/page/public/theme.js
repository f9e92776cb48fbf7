// Before the first paint, so that a chosen theme does not flash. A file: inline scripts are forbidden.
try {
  const theme = localStorage.getItem('bowshot-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden here: the system's theme stays.
}
