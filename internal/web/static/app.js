// What pages gain from a script; every one of them works without. It makes no markup out of text and needs no policy.

const seconds = Number(document.body.dataset.sessionSeconds || 0);
const idle = 2 * 60; // the warning comes two minutes before the end

// say returns the sentence of a key in the page's language, as the pages do: say('vault.word_count', {want: 6, got: 5}).
// The catalogue is fetched at the first call and kept for ever under its address. voice() is the same for whoever cannot
// wait at each sentence: it returns a promise of the function.
let speaking;
export const say = async (key, args) => (await voice())(key, args);
export const voice = () => speaking ??= fetch(document.documentElement.dataset.sentences)
  .then((answer) => answer.json()).then((said) => (key, args) => sentence(said, key, args));

function sentence(said, key, args = {}) {
  const forms = said[key];
  if (!forms) return said['refused.422.title'].other;
  const rule = new Intl.PluralRules(document.documentElement.lang);
  const text = forms.one && rule.select(Number(args.n)) === 'one' ? forms.one : forms.other;
  return text.replace(/\{([a-z_]+)(?::([a-z_]+))?\}/g, (found, name, words) => {
    if (!(name in args)) return found;
    return words ? said[`${words}.${args[name]}`]?.other ?? args[name] : String(args[name]);
  });
}

// A session that is about to end says so, and can be prolonged.
if (seconds) {
  const dialog = document.querySelector('dialog.ending');
  let timers = [];
  const wind = (left) => {
    timers.forEach(clearTimeout);
    timers = [
      setTimeout(() => dialog.showModal(), Math.max(0, left - idle) * 1000),
      setTimeout(() => location.replace('/entrer'), left * 1000),
    ];
  };
  const stay = async () => {
    try {
      const answer = await fetch('/session/continuer', { method: 'POST', headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(answer.status);
      wind((await answer.json()).seconds);
      dialog.close();
    } catch {
      location.replace('/entrer');
    }
  };
  dialog.querySelector('[data-stay]').addEventListener('click', stay);
  dialog.addEventListener('cancel', (e) => { e.preventDefault(); stay(); });
  wind(seconds);
  // A page taken from the history may be long past its end: ask the hub again.
  addEventListener('pageshow', (e) => { if (e.persisted) location.reload(); });
}

// The summary of a form that came back takes the focus, so that it is read first.
document.querySelector('[data-focus]')?.focus();

// Leaving now: the page that says nothing takes this one's place in the history.
for (const a of document.querySelectorAll('[data-leave-now]')) {
  a.addEventListener('click', (e) => { e.preventDefault(); location.replace(a.href); });
}

// Back means back, when there is where to go.
for (const a of document.querySelectorAll('[data-back]')) {
  if (history.length > 1) a.addEventListener('click', (e) => { e.preventDefault(); history.back(); });
}

// One click is enough: a form that was sent is not sent twice.
addEventListener('submit', (e) => {
  if (e.defaultPrevented) return;
  if (e.target.dataset.sent) e.preventDefault();
  e.target.dataset.sent = 'yes';
  setTimeout(() => { delete e.target.dataset.sent; }, 5000);
});

// Escape closes the menu, and a binding step that was opened and not taken.
addEventListener('keydown', (e) => {
  const open = e.key === 'Escape' && document.activeElement?.closest('details.confirm[open], details.menu[open]');
  if (open) { open.open = false; open.querySelector('summary').focus(); }
});

// Hold two seconds, with a finger, a mouse, Space or Enter. Tools that only click press twice.
export function hold(button) {
  const form = button.form;
  const note = document.createElement('p');
  note.className = 'hint';
  note.setAttribute('role', 'status');
  note.textContent = button.dataset.hold;
  button.after(note);
  let timer = 0;
  let armed = 0;
  const done = () => { button.classList.remove('holding'); form.requestSubmit(button); };
  const start = () => {
    if (timer) return;
    button.classList.add('holding');
    timer = setTimeout(() => { timer = 0; armed = -1; done(); }, 2000);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    button.classList.remove('holding');
  };
  button.addEventListener('pointerdown', (e) => { if (e.button === 0) start(); });
  for (const type of ['pointerup', 'pointerleave', 'pointercancel', 'blur']) button.addEventListener(type, stop);
  button.addEventListener('contextmenu', (e) => e.preventDefault());
  const key = (e) => e.key === 'Enter' || e.key === ' ';
  button.addEventListener('keydown', (e) => { if (key(e)) { e.preventDefault(); start(); } });
  button.addEventListener('keyup', (e) => { if (key(e)) { e.preventDefault(); stop(); } });
  button.addEventListener('click', (e) => {
    if (armed === -1) { armed = 0; return; } // our own submission
    e.preventDefault();
    if (e.detail !== 0) return; // a real pointer holds
    if (Date.now() - armed < 10000) { armed = -1; done(); return; }
    armed = Date.now();
    note.textContent = button.dataset.holdAgain;
  });
}
document.querySelectorAll('button[data-hold]').forEach(hold);

// A combobox over a plain text field: search(typed) returns a promise of [{code, label}]. The code chosen goes to the
// hidden field name-code; what is typed stays in the field, so that the form works either way.
let combos = 0;
export function combobox(input, search) {
  const id = `combo-${++combos}`;
  const list = document.createElement('ul');
  list.id = id;
  list.className = 'suggest';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', input.labels[0]?.textContent ?? '');
  list.hidden = true;
  const code = document.createElement('input');
  code.type = 'hidden';
  code.name = `${input.name}-code`;
  code.value = input.dataset.code ?? '';
  const status = document.createElement('p');
  status.className = 'unseen';
  status.setAttribute('role', 'status');
  input.after(list, code, status);
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-expanded', 'false');
  input.setAttribute('aria-controls', id);
  input.autocomplete = 'off';

  let found = [];
  let at = -1;
  let asked = 0;
  let wait = 0;
  const open = (yes) => {
    list.hidden = !yes;
    input.setAttribute('aria-expanded', String(yes));
    if (!yes) mark(-1);
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((li, n) => li.setAttribute('aria-selected', String(n === i)));
    if (i < 0) input.removeAttribute('aria-activedescendant');
    else {
      input.setAttribute('aria-activedescendant', `${id}-${i}`);
      list.children[i].scrollIntoView({ block: 'nearest' });
    }
  };
  const choose = (i) => {
    input.value = found[i].label;
    code.value = found[i].code;
    status.textContent = found[i].label;
    open(false);
    input.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const look = async () => {
    const mine = ++asked;
    const typed = input.value.trim();
    if (typed.length < 2) { open(false); return; }
    let answer;
    try { answer = await search(typed); } catch { open(false); return; }
    if (mine !== asked) return; // a later question is under way
    found = answer;
    list.replaceChildren(...found.map((f, i) => {
      const li = document.createElement('li');
      li.id = `${id}-${i}`;
      li.setAttribute('role', 'option');
      li.setAttribute('aria-selected', 'false');
      li.textContent = f.label;
      li.addEventListener('pointerdown', (e) => { e.preventDefault(); choose(i); });
      return li;
    }));
    at = -1;
    status.textContent = found.length ? `${found.length} — ${input.dataset.found}` : input.dataset.none;
    open(found.length > 0);
  };
  input.addEventListener('input', () => { code.value = ''; clearTimeout(wait); wait = setTimeout(look, 120); });
  input.addEventListener('blur', () => open(false));
  input.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' && list.hidden) { look(); return; }
    if (list.hidden) return;
    const last = found.length - 1;
    switch (e.key) {
      case 'ArrowDown': mark(at === last ? 0 : at + 1); break;
      case 'ArrowUp': mark(at <= 0 ? last : at - 1); break;
      case 'Enter': if (at < 0) return; choose(at); break;
      case 'Escape': open(false); break;
      default: return;
    }
    e.preventDefault();
  });
}

// Communes that the hub may know are asked of the hub; data-commune="sealed" is left to the sealing script.
for (const input of document.querySelectorAll('input[data-commune=""]')) {
  combobox(input, async (typed) => {
    const answer = await fetch(`/communes?q=${encodeURIComponent(typed)}`, { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  });
}
