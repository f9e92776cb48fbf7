// The page of a window that shows nothing yet, or whose server is gone.
const state = await (await fetch('/desktop/state')).json();
const $ = (selector) => document.querySelector(selector);

async function ask(path, question) {
  const answer = await fetch(path, { method: 'POST', body: JSON.stringify(question ?? {}) });
  if (answer.status === 204) return true;
  window.bowshotDesktop.notice(await answer.json());
  return false;
}

$('#files').onclick = () => ask('/desktop/ask-files');
$('#folder').onclick = () => ask('/desktop/ask-folder');
$('#server').onsubmit = (event) => {
  event.preventDefault();
  void ask('/desktop/connect', Object.fromEntries(new FormData(event.target)));
};

if (state.isOpen) {
  $('#back').hidden = false;
  $('#back').onclick = () => history.back();
}

if (state.problem) {
  const problem = $('#problem');
  problem.hidden = false;
  problem.querySelector('h2').textContent = state.problem.title;
  problem.querySelector('pre').textContent = state.problem.detail;
  const again = problem.querySelector('button');
  again.textContent = state.problem.wayBack;
  again.onclick = async () => {
    again.disabled = true;
    // The address still names the view that was shown.
    if (await ask('/desktop/restore')) location.reload();
    again.disabled = false;
  };
  again.focus();
}

for (const { place, name, folder, kind } of state.recent) {
  $('#recent').hidden = false;
  const open = document.createElement('button');
  open.type = 'button';
  open.dataset.kind = kind;
  open.append(Object.assign(document.createElement('b'), { textContent: name }));
  open.append(Object.assign(document.createElement('span'), { textContent: folder }));
  open.onclick = () => ask('/desktop/open', { place });
  const forget = document.createElement('button');
  forget.type = 'button';
  forget.className = 'forget';
  forget.textContent = '×';
  forget.setAttribute('aria-label', `Forget ${name}`);
  const line = document.createElement('li');
  forget.onclick = async () => {
    if (await ask('/desktop/forget', { place })) line.remove();
  };
  line.append(open, forget);
  $('#recent ul').append(line);
}
document.documentElement.dataset.ready = '';
