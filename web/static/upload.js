'use strict';

// Files of a box of the composer: each is sent to its draft at once, with its
// progress, and can be taken away, or tried again.
window.BoxFiles = class {
  constructor(box) {
    this.box = box;
    this.list = box.form.querySelector('[data-draft-files]');
    this.problem = box.form.querySelector('[data-files-problem]');
    this.input = box.form.querySelector('input[type=file]');
    this.input.addEventListener('change', () => {
      const files = [...this.input.files];
      this.input.value = '';
      this.add(files);
    });
    this.list.addEventListener('click', (e) => {
      const button = e.target.closest('[data-remove]');
      if (!button) return;
      e.preventDefault();
      this.remove(button);
    });
    box.words.addEventListener('paste', (e) => {
      const files = [...(e.clipboardData?.files ?? [])];
      if (!files.length || e.clipboardData.getData('text/plain')) return; // words from a table come with a picture of it
      e.preventDefault();
      this.add(files);
    });
    box.form.addEventListener('dragover', (e) => {
      if (!e.dataTransfer?.types.includes('Files')) return;
      e.preventDefault();
      box.form.classList.add('dropping');
    });
    box.form.addEventListener('dragleave', (e) => { if (!box.form.contains(e.relatedTarget)) box.form.classList.remove('dropping'); });
    box.form.addEventListener('drop', (e) => {
      if (!e.dataTransfer?.files.length) return;
      e.preventDefault();
      box.form.classList.remove('dropping');
      this.add([...e.dataTransfer.files]);
    });
  }

  tell(problem) {
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
  }

  add(files) {
    this.tell('');
    for (const file of files) {
      if (file.size > 18 * 1024 * 1024) this.tell(file.name + ' is larger than a mail can carry: 18 MiB.');
      else this.upload(file, this.line(file.name));
    }
  }

  line(name) {
    const line = document.createElement('li');
    const label = document.createElement('span');
    label.textContent = name;
    const bar = document.createElement('progress');
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute('aria-label', 'Sending ' + name);
    line.append(label, bar);
    line.className = 'uploading';
    this.list.append(line);
    this.list.hidden = false;
    return line;
  }

  upload(file, line) {
    this.box.inTurn(() => new Promise((done) => {
      const form = new FormData();
      for (const name of ['kind', 'draft', 'revision']) form.set(name, this.box.field(name).value);
      form.set('files', file);
      const request = new XMLHttpRequest();
      request.open('POST', this.box.drafts + '/files');
      request.setRequestHeader('Accept', 'application/json');
      request.responseType = 'json';
      request.upload.addEventListener('progress', (e) => { if (e.lengthComputable) line.querySelector('progress').value = e.loaded / e.total; });
      request.addEventListener('load', () => {
        const told = request.response;
        if (request.status === 200 && told?.files?.length) {
          this.box.hold(told.draft, told.revision || '');
          this.settled(line, told.files[0]);
        } else {
          this.failed(file, line, told?.problem || 'This file could not be sent.');
        }
        done();
      });
      request.addEventListener('error', () => { this.failed(file, line, 'No connection.'); done(); });
      request.send(form);
    }));
  }

  settled(line, file) {
    const link = document.createElement('a');
    link.className = 'filelink';
    link.href = '/files/' + Number(file.id);
    const name = document.createElement('span');
    name.textContent = file.name;
    const size = document.createElement('small');
    size.textContent = file.size;
    link.append(name, ' ', size);
    line.className = '';
    line.replaceChildren(link, this.button('Remove ' + file.name, '×', null, this.box.drafts + '/files/' + Number(file.id) + '/remove'));
  }

  failed(file, line, problem) {
    this.tell(file.name + ': ' + problem);
    const label = document.createElement('span');
    label.textContent = file.name;
    line.className = 'failed';
    line.replaceChildren(label,
      this.button('Try ' + file.name + ' again', 'Try again', () => { line.remove(); this.tell(''); this.upload(file, this.line(file.name)); }),
      this.button('Remove ' + file.name, '×', () => { line.remove(); this.tell(''); this.list.hidden = !this.list.children.length; }));
  }

  button(label, text, act, path) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = text === '×' ? 'icon-only' : 'button small';
    button.textContent = text;
    button.setAttribute('aria-label', label);
    if (act) button.addEventListener('click', act);
    if (path) {
      button.dataset.remove = '';
      button.setAttribute('formaction', path);
    }
    return button;
  }

  async remove(button) {
    try {
      const answer = await fetch(button.getAttribute('formaction').replace(/#.*/, ''), { method: 'POST', headers: { Accept: 'application/json' } });
      if (!answer.ok && answer.status !== 404) throw answer;
      button.closest('li').remove();
      this.list.hidden = !this.list.children.length;
      this.input.focus();
    } catch (fault) {
      this.tell('The file could not be removed. Try again.');
    }
  }
};
