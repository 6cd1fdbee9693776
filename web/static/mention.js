'use strict';

// An @ in a note is completed to a colleague.
for (const field of document.querySelectorAll('textarea[data-mentions]')) {
  const choices = new Choices(field, (item) => {
    const at = begun();
    if (!at) return;
    field.setRangeText('@' + item.value + ' ', at.from, field.selectionEnd, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
  const frame = document.createElement('div');
  frame.className = 'under';
  field.after(frame);
  frame.append(choices.list);

  // begun is the mention that the caret stands in: an @ that no word comes before,
  // and a few words at most.
  function begun() {
    if (field.selectionStart !== field.selectionEnd) return null;
    const before = field.value.slice(0, field.selectionStart);
    const found = /(?:^|[^\p{L}\p{N}._+-])@((?:[^\s@][^@\n]*)?)$/u.exec(before);
    if (!found || found[1].length > 60 || found[1].split(/\s+/).length > 4) return null;
    return { from: before.length - found[1].length - 1, query: found[1] };
  }

  let timer = 0;
  field.addEventListener('input', (e) => {
    clearTimeout(timer);
    const at = e.isComposing ? null : begun();
    if (!at) return choices.hide();
    timer = setTimeout(() => choices.ask(field.dataset.mentions, at.query), 120);
  });
  field.addEventListener('keydown', (e) => choices.key(e));
  field.addEventListener('click', () => { if (!begun()) choices.hide(); });
}
