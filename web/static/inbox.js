// The list by keyboard: j and k move, Enter or o opens, x ticks, / searches. Ticking
// with Shift ticks all between. Without this file links and boxes do all of it.
'use strict';
(() => {
  const search = document.getElementById('q');
  const list = document.querySelector('ol[data-keys]');
  const boxes = list ? [...list.querySelectorAll('input[name=id]')] : [];
  const lines = list ? [...list.querySelectorAll('li')] : [];
  const all = document.querySelector('[data-tick-all]');
  const words = document.querySelector('[data-ticked]');
  let last = null;

  const tell = () => {
    if (!all) return;
    const n = boxes.filter((box) => box.checked).length;
    all.checked = n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
    words.textContent = n ? `${n} ticked` : 'All on this page';
  };
  if (all) {
    all.addEventListener('change', () => {
      for (const box of boxes) box.checked = all.checked;
      tell();
    });
    list.addEventListener('click', (e) => {
      const at = boxes.indexOf(e.target);
      if (at < 0) return;
      if (e.shiftKey && last !== null) {
        for (let i = Math.min(at, last); i <= Math.max(at, last); i++) boxes[i].checked = e.target.checked;
      }
      last = at;
      tell();
    });
    tell();
  }

  const on = () => { try { return localStorage.getItem('postdesk.keys') !== 'off'; } catch (fault) { return true; } };
  const link = (line) => line.querySelector('.line-title a');
  const current = () => lines.findIndex((line) => line.contains(document.activeElement));
  const go = (to) => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, to))];
    if (!line) return;
    link(line).focus();
    line.scrollIntoView({ block: 'nearest' });
  };
  document.addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || !on() || document.querySelector('dialog[open]')) return;
    const box = e.target.matches('input[type=checkbox]');
    if (!box && e.target.closest('input, textarea, select, [contenteditable], dialog')) return;
    const at = current();
    if (e.key === '/' && search) {
      search.focus();
      search.select();
    } else if (e.key === 'j' && list) {
      go(at + 1);
    } else if (e.key === 'k' && list) {
      go(at < 0 ? 0 : at - 1);
    } else if (e.key === 'o' && at >= 0) {
      link(lines[at]).click();
    } else if (e.key === 'x' && at >= 0 && boxes[at]) {
      boxes[at].checked = !boxes[at].checked;
      last = at;
      tell();
    } else {
      return;
    }
    e.preventDefault();
  });
})();
