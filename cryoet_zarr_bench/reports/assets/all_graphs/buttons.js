/* asv's buttons that stay down when pressed: what bootstrap's plugin did for them. */
'use strict';

$(document).on('click', '[data-toggle^="button"] .btn', function (event) {
  const button = $(event.target).closest('.btn');
  button.attr('aria-pressed', String(!button.hasClass('active'))).toggleClass('active');
  event.preventDefault();
});
