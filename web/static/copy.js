// Buttons that put what a field shows into the clipboard. Without the clipboard
// (plain http, old browsers) they stay hidden, and the field is there to select.
'use strict';
(() => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll('[data-copy]')) {
    const field = document.getElementById(button.dataset.copy);
    if (!field) continue;
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(field.value);
        button.textContent = 'Copied';
      } catch {
        field.select();
      }
    });
  }
})();
