// What the page does in a window that it does not do in a browser: native "save as" for its exports,
// lines over the page, and what the menu asks for. The explorer itself is unchanged.
(() => {
  'use strict';

  async function post(path, body) {
    const answer = await fetch(path, { method: 'POST', body });
    if (answer.status === 204) return undefined;
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.detail);
    return said;
  }

  const sayUnsaved = (error) => notice({ title: 'The file was not saved', detail: error.message });

  /** As Chromium has it: the explorer's exports look for it, and write to what it gives. */
  window.showSaveFilePicker = async ({ suggestedName }) => {
    const asked = post(`/desktop/saves?name=${encodeURIComponent(suggestedName)}`);
    const begun = await asked.catch(sayUnsaved); // the explorer would hold it in memory instead
    if (!begun) throw new DOMException('no file to write to', 'AbortError');
    return { name: suggestedName, createWritable: () => Promise.resolve(new SavedFile(begun.id)) };
  };

  const PART_BYTES = 4 << 20;

  /** A file that is whole when it is closed, and gone when it is aborted. */
  class SavedFile {
    #path;
    #held = [];
    #heldBytes = 0;
    #sent = 0;

    constructor(id) {
      this.#path = `/desktop/saves/${id}`;
    }

    async write(bytes) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes >= PART_BYTES) await this.#send();
    }

    async close() {
      await this.#send();
      await post(`${this.#path}/end?bytes=${this.#sent}`);
    }

    async abort() {
      this.#held = [];
      await fetch(this.#path, { method: 'DELETE' });
    }

    async #send() {
      if (this.#heldBytes === 0) return;
      const part = new Blob(this.#held);
      this.#held = [];
      this.#heldBytes = 0;
      await post(`${this.#path}/part?at=${this.#sent}`, await part.arrayBuffer());
      this.#sent += part.size;
    }
  }

  // A web view does nothing on a click on such a link.
  addEventListener(
    'click',
    (event) => {
      const link = event.target instanceof Element ? event.target.closest('a[download]') : null;
      if (!link || link.protocol !== location.protocol) return;
      event.preventDefault();
      const from = encodeURIComponent(link.pathname + link.search);
      post(`/desktop/downloads?name=${encodeURIComponent(link.download)}&from=${from}`).catch(
        sayUnsaved,
      );
    },
    true,
  );

  // The program opens what is dropped; left to itself the view would go to the file, also when only the
  // last dragenter was not refused. WebKitGTK tells of files as text/uri-list, as it does of a link of the
  // page. What is entered is counted: one element is entered before another is left.
  let isOwnDrag = false;
  let entered = 0;
  addEventListener('dragstart', () => (isOwnDrag = true), true);
  addEventListener('dragend', () => (isOwnDrag = false), true);
  for (const [kind, entering] of Object.entries({
    dragenter: 1,
    dragover: 0,
    dragleave: -1,
    drop: 0,
  })) {
    addEventListener(kind, (event) => {
      const types = event.dataTransfer?.types ?? [];
      if (isOwnDrag || !(types.includes('Files') || types.includes('text/uri-list'))) return;
      event.preventDefault();
      entered = kind === 'drop' ? 0 : Math.max(entered + entering, 0);
      document.documentElement.toggleAttribute('data-drop', entered > 0);
    });
  }

  let shown;
  /** A line over the page; what is busy goes when the next one comes, the rest at a click. */
  function notice({ title, detail, isBusy, progress, cancel }) {
    shown?.remove();
    shown = document.createElement('div');
    shown.className = 'desktop-notice';
    shown.setAttribute('role', isBusy ? 'status' : 'alert');
    shown.append(textElement('strong', title), textElement('span', detail ?? ''));
    if (isBusy && progress !== undefined) {
      const bar = document.createElement('progress');
      if (progress >= 0) bar.value = progress;
      shown.append(bar);
    }
    if (cancel) shown.append(button('Cancel', () => void fetch(cancel, { method: 'DELETE' })));
    else if (!isBusy) shown.append(button('Close', () => shown.remove()));
    document.body.append(shown);
  }

  function textElement(name, text) {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  }

  function button(label, press) {
    const element = textElement('button', label);
    element.type = 'button';
    element.addEventListener('click', press);
    return element;
  }

  /** Presses a button of the explorer's toolbar, found as a reader finds it. */
  function pressTool(label) {
    for (const tool of document.querySelectorAll('[role=toolbar] button')) {
      if (tool.textContent.trim() === label) tool.click();
    }
  }

  /** The explorer reads the theme when it is loaded. */
  function useTheme(theme) {
    localStorage.setItem('bowshot-theme', theme);
    location.reload();
  }

  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = '/desktop/desktop.css';
  document.head.append(style);
  window.bowshotDesktop = Object.freeze({ notice, pressTool, useTheme });
})();
