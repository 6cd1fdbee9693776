'use strict';

// Single keys for the commonest acts. They work on what a page marks with data-key,
// never while somebody types, and can be switched off (WCAG 2.1.4).
(() => {
  const help = document.getElementById('keys');
  if (!help) return;
  const on = () => { try { return localStorage.getItem('postdesk.keys') !== 'off'; } catch (fault) { return true; } };
  const box = help.querySelector('[data-keys-on]');
  box.checked = on();
  box.addEventListener('change', () => {
    try { localStorage.setItem('postdesk.keys', box.checked ? 'on' : 'off'); } catch (fault) { /* for this page alone */ }
  });
  for (const button of document.querySelectorAll('[data-keys-open]')) button.addEventListener('click', () => help.showModal());

  const typing = (at) => at instanceof Element && at.closest('input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable], [role=combobox]');

  function act(at) {
    for (let fold = at.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
    if (at.matches('input[type=radio]')) {
      at.checked = true;
      at.dispatchEvent(new Event('change', { bubbles: true }));
      return document.getElementById(at.dataset.then)?.focus();
    }
    if (at.dataset.me && at.matches('select')) {
      if (at.value === at.dataset.me) return;
      at.value = at.dataset.me;
      return at.form.requestSubmit();
    }
    if (at.matches('input, select, textarea')) return at.focus();
    at.click();
  }

  // step goes to the next entry of the timeline, or the one before.
  function step(by) {
    const entries = [...document.querySelectorAll('.timeline > li')].filter((entry) => entry.offsetParent);
    const here = entries.indexOf(document.activeElement?.closest?.('.timeline > li'));
    const entry = entries[here < 0 ? (by > 0 ? 0 : entries.length - 1) : Math.min(Math.max(here + by, 0), entries.length - 1)];
    if (!entry) return;
    entry.tabIndex = -1;
    entry.focus({ preventScroll: true });
    entry.scrollIntoView({ block: 'nearest' });
  }

  document.addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.repeat && !'jk'.includes(e.key)) return;
    if (!on() || typing(e.target) || document.querySelector('dialog[open]')) return;
    if (e.key === '?') {
      e.preventDefault();
      return help.showModal();
    }
    if (!document.querySelector('.timeline')) return; // lists have keys of their own
    if (e.key === 'j' || e.key === 'k') {
      e.preventDefault();
      return step(e.key === 'j' ? 1 : -1);
    }
    const key = e.key === 'm' ? 'f' : e.key;
    if (!'rnastfu#'.includes(key)) return;
    const at = document.querySelector('[data-key="' + key + '"]');
    if (!at) return;
    e.preventDefault();
    act(at);
  });
})();
