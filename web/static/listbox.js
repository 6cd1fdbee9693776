'use strict';

// A list of choices under a field, as the ARIA pattern for comboboxes says: the
// focus stays in the field, arrows move, Enter takes, Escape closes.
class Choices {
  constructor(field, take) {
    this.field = field;
    this.take = take;
    this.items = [];
    this.at = -1;
    this.asked = null;
    this.list = document.createElement('ul');
    this.list.className = 'listbox';
    this.list.id = field.id + '-choices';
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-label', 'Suggestions');
    this.list.hidden = true;
    field.setAttribute('aria-autocomplete', 'list');
    field.setAttribute('aria-controls', this.list.id);
    if (field.tagName === 'INPUT') {
      field.setAttribute('role', 'combobox');
      field.setAttribute('aria-expanded', 'false');
    }
    this.list.addEventListener('pointerdown', (e) => e.preventDefault()); // the field keeps the focus
    this.list.addEventListener('click', (e) => {
      const line = e.target.closest('[role=option]');
      if (line) this.choose([...this.list.children].indexOf(line));
    });
    field.addEventListener('blur', () => this.hide());
  }

  get open() { return !this.list.hidden; }

  // ask looks for choices; an answer that comes after a later question is dropped.
  async ask(path, query) {
    this.asked?.abort();
    const asking = this.asked = new AbortController();
    try {
      const answer = await fetch(path + '?q=' + encodeURIComponent(query), { headers: { Accept: 'application/json' }, signal: asking.signal });
      const items = answer.ok && !answer.redirected ? await answer.json() : [];
      if (this.asked === asking) this.show(items);
    } catch (fault) {
      if (this.asked === asking) this.hide();
    }
  }

  show(items) {
    this.items = items;
    this.list.replaceChildren(...items.map((item, i) => {
      const line = document.createElement('li');
      line.id = this.list.id + '-' + i;
      line.setAttribute('role', 'option');
      const name = document.createElement('b');
      name.textContent = item.name;
      const note = document.createElement('small');
      note.textContent = item.note;
      line.append(name, note);
      return line;
    }));
    this.list.hidden = items.length === 0;
    if (this.field.tagName === 'INPUT') this.field.setAttribute('aria-expanded', String(this.open));
    this.mark(items.length ? 0 : -1);
  }

  mark(at) {
    this.at = at;
    [...this.list.children].forEach((line, i) => line.setAttribute('aria-selected', String(i === at)));
    const line = this.list.children[at];
    if (line) {
      this.field.setAttribute('aria-activedescendant', line.id);
      line.scrollIntoView({ block: 'nearest' });
    } else {
      this.field.removeAttribute('aria-activedescendant');
    }
  }

  hide() {
    this.asked?.abort();
    this.asked = null;
    if (this.open) this.show([]);
  }

  choose(at) {
    const item = this.items[at];
    this.hide();
    if (item) this.take(item);
  }

  // key deals with a key, and tells whether it was one for the list.
  key(e) {
    if (!this.open || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return false;
    const last = this.items.length - 1;
    switch (e.key) {
      case 'ArrowDown': this.mark(this.at === last ? 0 : this.at + 1); break;
      case 'ArrowUp': this.mark(this.at <= 0 ? last : this.at - 1); break;
      case 'Enter': case 'Tab':
        if (e.shiftKey) return false;
        this.choose(this.at);
        break;
      case 'Escape': this.hide(); break;
      default: return false;
    }
    e.preventDefault();
    return true;
  }
}
