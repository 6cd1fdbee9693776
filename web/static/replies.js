'use strict';
// Saved replies in the composer: a list that filters while somebody types / and the
// beginning of a name at the start of a line. It only reads and writes the text of
// the composer, and asks for the replies once, when they are first wanted. Without
// it the select beside it does the same by a form.
(function () {
  const picker = document.querySelector('[data-replies]');
  const words = document.getElementById('f-contents');
  if (!picker || !words) return;
  const select = picker.querySelector('select');
  const list = document.createElement('ul');
  list.className = 'replies-list';
  list.id = 'replies-list';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Saved replies');
  list.hidden = true;
  words.after(list);
  let replies = null, shown = [], at = 0;

  async function load() {
    if (replies) return replies;
    const answer = await fetch(picker.dataset.replies, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
    if (!answer.ok) return [];
    replies = await answer.json();
    return replies;
  }

  // The slash that begins the line of the cursor, with what stands after it.
  function asked() {
    const before = words.value.slice(0, words.selectionStart);
    const found = /(^|\n)\/([^\n/]{0,40})$/.exec(before);
    return found && { from: before.length - found[2].length - 1, query: found[2].toLowerCase() };
  }

  function put(from, to, text) {
    words.setRangeText(text, from, to, 'end');
    words.dispatchEvent(new Event('input', { bubbles: true }));
    words.focus();
  }

  function close() {
    list.hidden = true;
    shown = [];
    words.removeAttribute('aria-activedescendant');
  }

  function mark(next) {
    at = (next + shown.length) % shown.length;
    [...list.children].forEach((item, i) => item.setAttribute('aria-selected', String(i === at)));
    words.setAttribute('aria-activedescendant', 'reply-choice-' + at);
    list.children[at].scrollIntoView({ block: 'nearest' });
  }

  function choose(reply) {
    const where = asked();
    close();
    if (where) put(where.from, words.selectionStart, reply.text);
  }

  async function offer() {
    const where = asked();
    if (!where) return close();
    const all = await load();
    const now = asked();
    if (!now) return close();
    shown = all.filter((r) => r.name.toLowerCase().includes(now.query)).slice(0, 8);
    list.textContent = '';
    shown.forEach((reply, i) => {
      const item = document.createElement('li');
      item.id = 'reply-choice-' + i;
      item.setAttribute('role', 'option');
      const name = document.createElement('b');
      name.textContent = reply.name;
      const start = document.createElement('small');
      start.textContent = ' ' + reply.text.slice(0, 80);
      item.append(name, start);
      item.addEventListener('mousedown', (e) => { e.preventDefault(); choose(reply); });
      list.append(item);
    });
    list.hidden = shown.length === 0;
    if (shown.length) mark(0); else close();
  }

  words.setAttribute('aria-controls', list.id);
  words.addEventListener('input', (e) => { if (e.isTrusted) offer(); });
  words.addEventListener('blur', close);
  words.addEventListener('keydown', (e) => {
    if (list.hidden) return;
    if (e.key === 'ArrowDown') mark(at + 1);
    else if (e.key === 'ArrowUp') mark(at - 1);
    else if (e.key === 'Enter' || e.key === 'Tab') choose(shown[at]);
    else if (e.key === 'Escape') close();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }, true);

  picker.querySelector('[data-insert]').addEventListener('click', async (e) => {
    if (!select.value) return;
    e.preventDefault();
    const reply = (await load()).find((r) => String(r.id) === select.value);
    if (!reply) return;
    const start = words.selectionStart, before = words.value.slice(0, start);
    put(start, words.selectionEnd, (before && !before.endsWith('\n') ? '\n\n' : '') + reply.text);
    select.value = '';
  });
}());
