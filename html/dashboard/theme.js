'use strict';

/* The look that was chosen, before anything is drawn: light, dark, or as the system has it. */
(function () {
  let chosen = null;
  try { chosen = localStorage.getItem('theme'); } catch (error) { /* no storage: as the system has it */ }
  if (chosen === 'light' || chosen === 'dark') { document.documentElement.dataset.theme = chosen; }
}());
