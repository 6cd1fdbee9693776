'use strict';

// The editor of an article: a preview beside the text, pictures by paste and drop, a
// word before unsaved words are left, and a form that is sent once. Without this file
// the buttons of the page do all but the last two.
(() => {
  for (const form of document.querySelectorAll('form[data-once]')) {
    form.addEventListener('submit', (e) => {
      if (e.defaultPrevented) return;
      if (form.dataset.sent) { e.preventDefault(); return; }
      form.dataset.sent = 'yes';
      const again = () => { delete form.dataset.sent; };
      setTimeout(again, 5000); // an answer that never came
      addEventListener('pageshow', again, { once: true }); // who comes back by Back
    });
  }

  const form = document.querySelector('form[data-editor]');
  if (!form) return;

  // Leaving.
  const words = () => JSON.stringify([...new FormData(form)].filter(([, value]) => typeof value === 'string'));
  const before = 'changed' in form.dataset ? '' : words();
  addEventListener('beforeunload', (e) => {
    if (form.dataset.sent || form.dataset.left || words() === before) return;
    e.preventDefault();
  });
  for (const link of document.querySelectorAll('[data-leave]')) link.addEventListener('click', () => { form.dataset.left = 'yes'; });

  const body = form.querySelector('[data-body]');
  if (!body) return;

  // The preview beside the text: htmx asks for it, here it is only shown.
  const live = form.querySelector('[data-live]');
  if (live && window.htmx) {
    live.hidden = false;
    form.querySelector('[data-pair]').classList.add('both');
    const button = form.querySelector('[data-preview]');
    if (button) button.hidden = true;
  }

  // Pictures.
  const images = form.dataset.images;
  const input = form.querySelector('[data-image]');
  if (!images || !input) return;
  const problem = form.querySelector('[data-problem]');
  const told = form.querySelector('[data-told]');
  form.querySelector('[data-upload]').hidden = true;
  form.querySelector('[data-with-scripts]').hidden = false;

  const insert = (line) => {
    const at = body.selectionEnd;
    const head = body.value.slice(0, at);
    const gap = head === '' || head.endsWith('\n\n') ? '' : head.endsWith('\n') ? '\n' : '\n\n';
    body.setRangeText(gap + line + '\n', at, at, 'end');
    body.dispatchEvent(new Event('input', { bubbles: true }));
    body.focus();
  };

  const send = async (file) => {
    if (file.size > 5 * 1024 * 1024) throw new Error('The picture is too large: at most 5 MiB.');
    const data = new FormData();
    data.set('image', file);
    const answer = await fetch(images, { method: 'POST', body: data, headers: { Accept: 'application/json' } });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.problem || 'The picture could not be added.');
    return said.markdown;
  };

  const add = async (files) => {
    problem.hidden = true;
    for (const file of files) {
      told.textContent = 'Adding ' + file.name + ' …';
      try {
        insert(await send(file));
        told.textContent = file.name + ' is added: its line stands in the text.';
      } catch (fault) {
        told.textContent = '';
        problem.textContent = file.name + ': ' + fault.message;
        problem.hidden = false;
      }
    }
  };

  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = '';
    add(files);
  });
  body.addEventListener('paste', (e) => {
    const files = [...(e.clipboardData?.files ?? [])];
    if (!files.length || e.clipboardData.getData('text/plain')) return; // words from a table come with a picture of it
    e.preventDefault();
    add(files);
  });
  form.addEventListener('dragover', (e) => {
    if (!e.dataTransfer?.types.includes('Files')) return;
    e.preventDefault();
    form.classList.add('dropping');
  });
  form.addEventListener('dragleave', (e) => { if (!form.contains(e.relatedTarget)) form.classList.remove('dropping'); });
  form.addEventListener('drop', (e) => {
    if (!e.dataTransfer?.files.length) return;
    e.preventDefault();
    form.classList.remove('dropping');
    add([...e.dataTransfer.files]);
  });
})();
