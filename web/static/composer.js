'use strict';

// A box of the composer saves itself while somebody types, takes files as soon as
// they are chosen, pasted or dropped, and is sent once.
class Box {
  constructor(form) {
    this.form = form;
    this.drafts = form.dataset.drafts;
    this.words = form.querySelector('textarea');
    this.hint = form.querySelector('[data-saved]');
    this.turn = Promise.resolve(); // saves and uploads go one after the other
    this.waiting = 0;
    this.kept = this.state();
    this.sending = false;
    form.addEventListener('submit', (e) => this.submit(e));
    form.addEventListener('keydown', (e) => this.key(e));
    if (!this.drafts) return;
    form.addEventListener('input', (e) => { if (e.target.type !== 'file') this.soon(1500); });
    form.addEventListener('change', (e) => { if (e.target.type !== 'file') this.soon(300); });
    form.addEventListener('focusout', (e) => { if (!form.contains(e.relatedTarget)) this.save(); });
    window.addEventListener('pagehide', () => this.leave());
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') this.leave(); });
    window.addEventListener('online', () => this.save());
    window.addEventListener('pageshow', (e) => { if (e.persisted) this.sending = false; });
  }

  field(name) { return this.form.querySelector('input[type=hidden][name=' + name + ']'); }

  // state is what there is to save.
  state() {
    const all = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === 'string' && ['contents', 'note', 'cc', 'suggested', 'status'].includes(name)) all.append(name, value);
    }
    return all.toString();
  }

  body(state) {
    const all = new URLSearchParams(state);
    for (const name of ['kind', 'draft', 'revision']) all.set(name, this.field(name).value);
    return all;
  }

  say(text, wrong) {
    this.hint.textContent = text;
    this.hint.classList.toggle('wrong', Boolean(wrong));
  }

  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  save() {
    clearTimeout(this.timer);
    if (this.sending || this.state() === this.kept) return;
    this.inTurn(() => this.saveNow());
  }

  inTurn(step) {
    this.waiting++;
    this.turn = this.turn.then(step).catch(() => {}).finally(() => { this.waiting--; });
    return this.turn;
  }

  async saveNow() {
    const state = this.state();
    if (state === this.kept) return;
    let answer;
    try {
      answer = await fetch(this.drafts, { method: 'POST', body: this.body(state), headers: { Accept: 'application/json' } });
    } catch (fault) {
      this.say('No connection. Your words stay on this page, and saving is tried again.', true);
      this.soon(5000);
      return;
    }
    if (answer.redirected) return this.say('You are signed out. Your words stay on this page alone: sign in in another tab.', true);
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 409) {
      this.hold('', '');
      return this.say((told.problem || 'This draft was sent or discarded in another window.') + ' Your words stay here.', true);
    }
    if (!answer.ok) return this.say(told.problem || 'This could not be saved. Your words stay on this page.', true);
    this.kept = state;
    this.hold(told.draft || '', told.revision || '');
    if (told.apart) return this.say('Changed in another window. Both are kept: these words are a draft of their own.', true);
    this.say(told.saved ? 'Saved ' + told.saved : '');
  }

  hold(draft, revision) {
    this.field('draft').value = draft;
    this.field('revision').value = revision;
  }

  // leave saves what is not saved when the page goes away.
  leave() {
    if (this.sending || this.waiting || this.state() === this.kept) return;
    const state = this.state();
    if (state.length > 60000) return; // a browser carries no more by then
    this.kept = state;
    fetch(this.drafts, { method: 'POST', body: this.body(state), headers: { Accept: 'application/json' }, keepalive: true })
      .then((answer) => answer.json()).then((told) => this.hold(told.draft || '', told.revision || '')).catch(() => { this.kept = null; });
  }

  submit(e) {
    if (e.submitter?.hasAttribute('data-remove')) return;
    if (this.sending) return e.preventDefault();
    if (this.waiting) { // a draft that is made while its words are sent would stay behind
      e.preventDefault();
      const button = e.submitter;
      this.turn.then(() => this.form.requestSubmit(button));
      return;
    }
    clearTimeout(this.timer);
    this.sending = true;
  }

  key(e) {
    if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey) || e.isComposing) return;
    const send = this.form.querySelector('button[name=do][value=send]');
    if (!send) return;
    e.preventDefault();
    this.form.requestSubmit(send);
  }
}

for (const form of document.querySelectorAll('form[data-box]')) {
  const box = new Box(form);
  if (box.drafts && window.BoxFiles) new window.BoxFiles(box);
}
