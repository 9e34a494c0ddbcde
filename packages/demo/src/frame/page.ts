// What is around every application: its source in tabs, and links to open it as somebody else.

const WIDE = matchMedia('(min-width: 60rem)');

function showSource(): void {
  // Beside the application it is always open; below it whoever wants it opens it.
  const details = document.querySelector('details.source');
  if (details instanceof HTMLDetailsElement) details.open = WIDE.matches;
}

function choose(tabs: readonly HTMLElement[], chosen: HTMLElement | undefined): void {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute('aria-selected', String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute('aria-controls') ?? '');
    if (panel) panel.hidden = !isChosen;
  }
}

function enliven(tabList: Element): void {
  const tabs = [...tabList.querySelectorAll<HTMLElement>('[role="tab"]')];
  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tabs, tab));
    // As the pattern for tabs has it (ARIA Authoring Practices Guide).
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (step === undefined) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      choose(tabs, next);
      next?.focus();
    });
  }
}

function offerPeople(place: HTMLElement): void {
  const people = (document.body.dataset.people ?? '').split(' ');
  const me = new URLSearchParams(location.search).get('name') ?? people[0] ?? '';
  const next = people[(people.indexOf(me) + 1) % people.length] ?? '';
  const link = document.createElement('a');
  link.href = `?name=${next}`;
  link.target = '_blank';
  link.textContent = `Open a tab as ${next}`;
  const name = document.createElement('strong');
  name.textContent = me;
  place.append('You are ', name, '. ', link);
}

showSource();
WIDE.addEventListener('change', showSource);
for (const tabList of document.querySelectorAll('[role="tablist"]')) enliven(tabList);
const people = document.getElementById('people');
if (people) offerPeople(people);
