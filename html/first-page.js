/* The overview is the first page: shown where the address names no other. */
'use strict';

if (!location.hash) { location.replace('#/overview'); }
