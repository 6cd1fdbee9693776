'use strict';

// Hears from the server which conversations changed, and brings the open page up to
// date: a conversation's timeline in place, a list on demand. Without this file, or
// without the stream, the page is as good as its last reload.
(() => {
  const here = /^\/agent(?:\/conversations\/(\d+))?$/.exec(location.pathname);
  if (!here) return;
  const conversation = here[1];
  const stream = conversation ? `/agent/conversations/${conversation}/events` : '/agent/events';

  // An anchor of a mail may lead to an entry that a long timeline leaves out.
  function seekFolded() {
    if (conversation && /^#(note|post|event)-\d+$/.test(location.hash) && !document.getElementById(location.hash.slice(1)) &&
        document.querySelector('.timeline > .earlier')) location.replace(`${location.pathname}?all=1${location.hash}`);
  }
  seekFolded();
  addEventListener('hashchange', seekFolded);
  if (!window.EventSource || !window.DOMParser) return;

  // The region is there before its words: screen readers say only what comes into one.
  const bar = document.createElement('p');
  bar.className = 'live-bar';
  bar.setAttribute('role', 'status');
  document.querySelector('main').append(bar);

  function say(words, label, href, act) {
    const link = document.createElement('a');
    link.href = href;
    link.textContent = label;
    link.addEventListener('click', event => {
      bar.replaceChildren();
      if (act) { event.preventDefault(); act(); }
    });
    bar.replaceChildren(document.createTextNode(words + ' '), link);
  }
  const reload = () => location.reload();

  let source, tries = 0, timer, behind = false;

  function connect() {
    clearTimeout(timer);
    if (source || document.hidden) return; // a browser has few connections: hidden pages give theirs back
    source = new EventSource(stream);
    source.addEventListener('open', () => {
      tries = 0;
      if (behind) changed('*');
      behind = true; // whatever comes between this stream and the next one
    });
    source.addEventListener('changed', event => changed(event.data));
    source.addEventListener('error', () => {
      if (source && source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      disconnect();
      tries++;
      if (tries >= 3) say('Live updates are off.', 'Reload', location.href, reload);
      timer = setTimeout(connect, Math.min(60, 3 * 2 ** tries) * 1000);
    });
  }

  function disconnect() {
    if (source) source.close();
    source = undefined;
    clearTimeout(timer);
  }

  document.addEventListener('visibilitychange', () => document.hidden ? disconnect() : connect());
  addEventListener('pagehide', disconnect);
  addEventListener('pageshow', connect);

  async function fetched() {
    const url = new URL(location.href);
    url.hash = '';
    url.searchParams.delete('said');
    const answer = await fetch(url, {redirect: 'error'});
    if (!answer.ok) throw new Error(answer.status);
    return new DOMParser().parseFromString(await answer.text(), 'text/html');
  }

  // One look at a time; what changes meanwhile is looked at afterwards, not too often.
  const news = new Set();
  let looking = false;
  async function changed(data) {
    data.split(' ').forEach(id => news.add(id));
    if (looking) return;
    looking = true;
    try {
      while (news.size > 0) {
        const ids = new Set(news);
        news.clear();
        await (conversation ? showConversation() : countList(ids));
        await new Promise(done => setTimeout(done, conversation ? 1000 : 5000));
      }
    } catch {
      say('This page is not up to date.', 'Reload', location.href, reload);
    } finally {
      looking = false;
    }
  }

  const told = new Set();
  const numbers = page => new Set([...page.querySelectorAll('main a[href^="/agent/conversations/"]')]
    .map(a => /^\/agent\/conversations\/(\d+)/.exec(a.getAttribute('href'))?.[1]));
  async function countList(ids) {
    const old = numbers(document), fresh = numbers(await fetched());
    const moved = ids.has('*') && ([...fresh].join() !== [...old].join());
    for (const id of ids) if (old.has(id) || fresh.has(id)) told.add(id);
    if (told.size > 0) say(told.size === 1 ? 'One conversation changed.' : `${told.size} conversations changed.`, 'Show', location.href, reload);
    else if (moved) say('This list changed.', 'Show', location.href, reload);
  }

  async function showConversation() {
    const page = await fetched();
    const added = mergeTimeline(document.querySelector('.timeline'), page.querySelector('.timeline'));
    replaceUntouched('.talk-head', page);
    replaceUntouched('.side-column', page);
    if (added.length > 0) {
      const last = added[added.length - 1];
      const what = last.id.startsWith('note-') ? 'note' : 'message';
      added.forEach(watch);
      say(added.length === 1 ? `New ${what}.` : `${added.length} new entries.`, 'Show', '#' + last.id);
    }
  }

  // A reply crosses no message that its writer had on the screen.
  const sight = window.IntersectionObserver && new IntersectionObserver(entries => {
    const seen = document.querySelector('input[name=seen]');
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting || !seen) continue;
      seen.value = Math.max(Number(seen.value), Number(target.id.slice('post-'.length)));
      sight.unobserve(target);
    }
  });
  function watch(entry) {
    if (sight && entry.id.startsWith('post-')) sight.observe(entry);
  }

  // Entries that are as they were stay the nodes that they are, with what is open or
  // selected in them; those that the server folds meanwhile stay, too.
  function mergeTimeline(now, then) {
    const added = [];
    let last = null;
    for (const entry of then.children) {
      if (!entry.id) continue;
      let node = document.getElementById(entry.id);
      if (!node) {
        node = document.importNode(entry, true);
        last ? last.after(node) : now.append(node);
        window.htmx?.process(node);
        if (!node.id.startsWith('event-')) added.push(node);
      } else if (!node.contains(document.activeElement) && words(node) !== words(entry)) {
        const fresh = document.importNode(entry, true);
        node.querySelectorAll('details').forEach((was, i) => {
          const is = fresh.querySelectorAll('details')[i];
          if (is) is.open = was.open;
        });
        node.replaceWith(fresh);
        window.htmx?.process(fresh);
        node = fresh;
      }
      last = node;
    }
    return added;
  }

  function words(node) {
    const copy = node.cloneNode(true);
    copy.querySelectorAll('details').forEach(d => d.removeAttribute('open'));
    return copy.outerHTML;
  }

  // A form that somebody began to fill in is left alone.
  function replaceUntouched(selector, page) {
    const now = document.querySelector(selector), then = page.querySelector(selector);
    if (!now || !then || now.contains(document.activeElement) || now.querySelector('details[open]') || now.outerHTML === then.outerHTML) return;
    for (const field of now.querySelectorAll('input, textarea, select')) {
      const touched = field.tagName === 'SELECT' ? [...field.options].some(o => o.selected !== o.defaultSelected && field.querySelector('[selected]'))
        : field.type === 'checkbox' || field.type === 'radio' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
      if (touched) return;
    }
    const fresh = document.importNode(then, true);
    now.replaceWith(fresh);
    window.htmx?.process(fresh);
  }

  connect();
})();
