/* The look of the pages, light or dark, and the colours that charts take from it. */

const LOOKS = ['auto', 'light', 'dark'];

function chosen() { return document.documentElement.dataset.theme || 'auto'; }

/* Turns from the look of the system to light, to dark, and back. */
export function nextTheme() {
  const next = LOOKS[(LOOKS.indexOf(chosen()) + 1) % LOOKS.length];
  if (next === 'auto') { delete document.documentElement.dataset.theme; } else {
    document.documentElement.dataset.theme = next;
  }
  try { localStorage.setItem('theme', next); } catch (error) { /* kept for this visit only */ }
}

export function themeInWords() {
  return { auto: 'auto', light: 'light', dark: 'dark' }[chosen()];
}

export function isDark() {
  const look = chosen();
  return look === 'dark' || (look === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
}
