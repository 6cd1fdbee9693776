'use strict';

// Addresses as chips: the field of the form keeps them as text, separated by
// commas, as it is without scripts. Who gets what follows what is typed.
class Chips {
  constructor(store) {
    this.store = store;
    this.box = document.createElement('div');
    this.box.className = 'address-field';
    this.list = document.createElement('ul');
    this.list.className = 'chip-list';
    this.field = document.createElement('input');
    this.field.id = store.id;
    this.field.autocomplete = 'off';
    this.field.spellcheck = false;
    this.field.setAttribute('autocapitalize', 'none');
    this.field.placeholder = store.placeholder;
    if (store.getAttribute('aria-describedby')) this.field.setAttribute('aria-describedby', store.getAttribute('aria-describedby'));
    this.hint = store.placeholder;
    store.removeAttribute('id');
    store.type = 'hidden';
    this.choices = new Choices(this.field, (item) => this.add(item.value, item.name));
    this.box.append(this.list, this.field, this.choices.list);
    store.after(this.box);
    this.take(store.value, false);
    this.listen();
  }

  listen() {
    this.field.addEventListener('keydown', (e) => this.key(e));
    this.field.addEventListener('keypress', (e) => { if (e.key === 'Enter' && !e.ctrlKey) e.preventDefault(); }); // some browsers send the form by it
    this.field.addEventListener('input', () => {
      if (/[,;]/.test(this.field.value)) this.take(this.field.value, true);
      const typed = this.field.value.trim();
      clearTimeout(this.timer);
      if (typed.length < 2) this.choices.hide();
      else this.timer = setTimeout(() => this.choices.ask(this.store.dataset.chips, typed), 150);
      this.keep();
    });
    this.field.addEventListener('paste', (e) => {
      const text = e.clipboardData?.getData('text') ?? '';
      if (!/[@].*[,;\s<]/.test(text)) return;
      e.preventDefault();
      this.take(this.field.value + text, true);
    });
    this.field.addEventListener('blur', () => { clearTimeout(this.timer); this.take(this.field.value, true); });
    this.box.addEventListener('click', (e) => { if (e.target === this.box || e.target === this.list) this.field.focus(); });
  }

  key(e) {
    if (e.isComposing || this.choices.key(e)) return;
    if (e.key === 'Enter' && !e.ctrlKey && !e.metaKey) {
      e.preventDefault(); // it ends an address, and sends nothing
      this.take(this.field.value, true);
    } else if (e.key === 'Backspace' && this.field.value === '' && this.list.lastElementChild) {
      this.remove(this.list.lastElementChild);
    }
  }

  // take makes chips of a text: addresses, or Name <address>.
  take(text, tell) {
    const found = [];
    const rest = text.replace(/(?:"[^"]*"|[^,;<]*)<([^<>\s]+)>/g, (all, address) => { found.push(address); return ' '; });
    found.push(...rest.split(/[\s,;]+/).filter(Boolean));
    this.field.value = '';
    this.choices.hide();
    for (const address of found) this.put(address, '');
    if (tell && found.length) this.keep();
  }

  add(address, name) {
    this.field.value = '';
    this.put(address, name);
    this.keep();
    this.field.focus();
  }

  put(address, name) {
    if (this.all().some((a) => a.toLowerCase() === address.toLowerCase())) return;
    const chip = document.createElement('li');
    chip.className = 'chip';
    chip.dataset.address = address;
    const label = document.createElement('span');
    label.textContent = name || address;
    label.title = address;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = '×';
    button.setAttribute('aria-label', 'Remove ' + address);
    button.addEventListener('click', () => { this.remove(chip); this.field.focus(); });
    chip.append(label, button);
    this.list.append(chip);
    this.field.placeholder = '';
  }

  remove(chip) {
    chip.remove();
    if (!this.list.children.length) this.field.placeholder = this.hint;
    this.keep();
  }

  all() { return [...this.list.children].map((chip) => chip.dataset.address); }

  // keep writes all of it into the field of the form; what is half typed, too.
  keep() {
    this.store.value = [...this.all(), this.field.value.trim()].filter(Boolean).join(', ');
    this.store.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // faulty marks those that cannot be in CC.
  faulty(addresses) {
    for (const chip of this.list.children) chip.classList.toggle('cannot', addresses.includes(chip.dataset.address));
  }
}

function followRecipients(form, chips) {
  const shown = form.querySelector('[data-check]');
  if (!shown || !window.htmx) return;
  const ask = form.querySelector('button[name=do][value=preview]');
  if (ask) ask.hidden = true; // it is told while they are typed
  const mark = () => chips.faulty([...shown.querySelectorAll('.cannot')].map((line) => line.dataset.address));
  let timer = 0, asked = null;
  const named = () => [...chips.all(), ...[...form.querySelectorAll('[name=suggested]:checked')].map((box) => box.value)].join(',');
  asked = named();
  form.addEventListener('input', (e) => {
    if (e.target !== chips.store && e.target.name !== 'suggested') return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (named() === asked) return;
      asked = named();
      window.htmx.ajax('GET', shown.dataset.check + '?cc=' + encodeURIComponent(asked), { source: shown, target: shown, swap: 'innerHTML' });
    }, 250);
  });
  shown.addEventListener('htmx:afterSwap', mark);
  mark();
}

for (const store of document.querySelectorAll('input[data-chips]')) followRecipients(store.form, new Chips(store));
